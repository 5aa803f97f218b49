// SPDX-License-Identifier: GPL-3.0-or-later
/** What the lists and `status/current` say of a guest. */
import type { SimGuest, World } from '../world.ts'
import { isNewer } from './version.ts'
import { disksOf, volumeOf } from './disks.ts'
import { serviceOf } from './guest.ts'
import { isSet, parseProperties } from './property-string.ts'

const MIB = 1024 * 1024
const QEMU_OF_VERSION = { '8.4': '9.2.0', '9.1': '10.1.2', '9.2': '10.2.1' } as const

/** What a guest uses and may use now. Units: bytes, seconds, fraction of its own processors. */
export interface Usage {
  readonly cpus: number
  readonly cpu: number
  readonly maxmem: number
  readonly mem: number
  readonly maxdisk: number
  readonly disk: number
  readonly uptime: number
}

/** How much a guest uses. */
export function usageOf(world: World, guest: SimGuest): Usage {
  const { config, load } = guest
  const isRunning = guest.status === 'running'
  const maxmem = Number(config['memory'] ?? 512) * MIB
  const boot = bootDisk(guest)
  return {
    cpus: Number(config['cores'] ?? 1) * Number(config['sockets'] ?? 1),
    cpu: isRunning ? load.cpu : 0,
    maxmem,
    mem: isRunning ? Math.round(maxmem * load.memory) : 0,
    maxdisk: boot?.sizeBytes ?? 0,
    disk:
      guest.type === 'lxc' && isRunning && boot !== undefined
        ? (volumeOf(world, guest.node, boot)?.usedBytes ?? 0)
        : 0,
    uptime: isRunning ? Math.max(0, Math.floor((world.now() - guest.startedAtMs) / 1000)) : 0,
  }
}

/** The entry of a guest in the list of its node. */
export function listEntry(world: World, guest: SimGuest): Record<string, unknown> {
  const { name, tags } = labelsOf(guest)
  return {
    vmid: guest.vmid,
    name,
    status: guest.status,
    ...usageOf(world, guest),
    ...traffic(world, guest),
    ...(tags === undefined ? {} : { tags }),
    ...(guest.isTemplate ? { template: 1 } : {}),
    ...(guest.lock === undefined ? {} : { lock: guest.lock }),
    ...(guest.type === 'qemu' ? qemuParts(world, guest) : lxcParts(guest)),
    ...pressures(world, guest),
  }
}

/** What `status/current` says. */
export function currentStatus(world: World, guest: SimGuest): Record<string, unknown> {
  const resource = world.ha.resources.get(serviceOf(guest))
  const ha =
    resource === undefined
      ? { managed: 0 }
      : { managed: 1, state: resource.state, group: resource.group }
  return {
    ...listEntry(world, guest),
    ha,
    ...(guest.type === 'qemu' ? qemuCurrent(world, guest) : {}),
  }
}

/** Name and tags as lists show them. */
export function labelsOf(guest: SimGuest): { name: string; tags: string | undefined } {
  const fallback = `${guest.type === 'qemu' ? 'VM ' : 'CT'}${guest.vmid}`
  const name = String(guest.config[guest.type === 'qemu' ? 'name' : 'hostname'] ?? fallback)
  return {
    name,
    tags: guest.config['tags'] === undefined ? undefined : String(guest.config['tags']),
  }
}

/** Whether the configuration says that a guest agent is there (qemu). */
export function wantsAgent(guest: SimGuest): boolean {
  const parts = parseProperties(String(guest.config['agent'] ?? '0'))
  return isSet(parts.get('') ?? parts.get('enabled'))
}

function bootDisk(guest: SimGuest) {
  const disks = disksOf(guest.type, guest.config).filter((disk) => disk.kind === 'volume')
  if (guest.type === 'lxc') return disks.find((disk) => disk.key === 'rootfs')
  const order = /order=([^,]*)/.exec(String(guest.config['boot'] ?? ''))?.[1]?.split(';') ?? []
  const first = order
    .map((key) => disks.find((disk) => disk.key === key))
    .find((disk) => disk !== undefined)
  return first ?? disks.find((disk) => !/^(?:efidisk|tpmstate)/.test(disk.key))
}

function traffic(world: World, guest: SimGuest): Record<string, number> {
  const { uptime } = usageOf(world, guest)
  const rate = 600 + (guest.vmid % 97) * 40
  return {
    netin: uptime * rate,
    netout: uptime * Math.round(rate / 3),
    diskread: uptime * rate * 5,
    diskwrite: uptime * rate * 8,
  }
}

function qemuParts(world: World, guest: SimGuest): Record<string, unknown> {
  const isRunning = guest.status === 'running'
  return {
    qmpstatus: isRunning ? guest.qmpStatus : 'stopped',
    ...(isRunning ? { pid: 2000 + (guest.vmid % 60000) } : {}),
    ...(isNewer(world) ? { memhost: Math.round(usageOf(world, guest).mem * 1.05) } : {}),
  }
}

function qemuCurrent(world: World, guest: SimGuest): Record<string, unknown> {
  const isRunning = guest.status === 'running'
  const qemu = QEMU_OF_VERSION[world.version]
  return {
    ...(wantsAgent(guest) ? { agent: 1 } : {}),
    ...(guest.config['serial0'] === undefined ? {} : { serial: 1 }),
    ...(isRunning
      ? { 'running-qemu': qemu, 'running-machine': `pc-i440fx-${qemu.replace(/\.\d+$/, '')}+pve0` }
      : {}),
  }
}

function lxcParts(guest: SimGuest): Record<string, unknown> {
  return { type: 'lxc', swap: 0, maxswap: Number(guest.config['swap'] ?? 512) * MIB }
}

/** How much a guest had to wait for its host, since 9.x. Source: the schemas, `status/current`; containers know no `pressurecpufull`. */
function pressures(world: World, guest: SimGuest): Record<string, number> {
  if (!isNewer(world)) return {}
  const some = guest.status === 'running' && guest.load.cpu > 0.8 ? 1.25 : 0
  return {
    pressurecpusome: some,
    ...(guest.type === 'qemu' ? { pressurecpufull: 0 } : {}),
    pressureiosome: 0,
    pressureiofull: 0,
    pressurememorysome: 0,
    pressurememoryfull: 0,
  }
}
