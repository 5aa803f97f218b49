// SPDX-License-Identifier: GPL-3.0-or-later
/** What the configuration of a guest says: what it has, on which storages, and how well it is walled in. */
import { route } from '@sallyport/sdk'
import type { RouteScope } from '@sallyport/sdk'
import { disksOf } from './disks.ts'
import { guestQueryRoutes } from './guest-change.ts'
import { lxcOf, qemuOf } from './guest-ref.ts'
import type { Guest } from './guest-ref.ts'
import { parsePropertyString } from './property-string.ts'
import type { Pve } from './pve.ts'
import { isTrue, membersOf, numberOf, rowsOf, textOf } from './values.ts'

/** Keys and values as Proxmox VE keeps them. */
export type GuestConfig = Readonly<Record<string, unknown>>

/** The routes that `configOf` needs. */
export const CONFIG_ROUTES: readonly RouteScope[] = guestQueryRoutes('GET', '/config')

/** The routes that `pendingOf` needs. */
export const PENDING_ROUTES: readonly RouteScope[] = guestQueryRoutes('GET', '/pending')

/** The route that `canSnapshot` needs. */
export const FEATURE_ROUTES: readonly RouteScope[] = (['qemu', 'lxc'] as const).map((kind) =>
  route(`GET /nodes/{node}/${kind}/{vmid}/feature`, {
    query: { feature: { equals: 'snapshot', required: true } },
    others: 'forbidden',
  }),
)

/** The configuration, with changes that wait for a restart. */
export async function configOf(pve: Pve, guest: Guest): Promise<GuestConfig> {
  const api = guest.kind === 'qemu' ? qemuOf(pve, guest) : lxcOf(pve, guest)
  return membersOf(await api.config.$get())
}

/** The names of what was changed and waits for a restart. */
export async function pendingOf(pve: Pve, guest: Guest): Promise<string[]> {
  const api = guest.kind === 'qemu' ? qemuOf(pve, guest) : lxcOf(pve, guest)
  const rows = rowsOf(await api.pending.$get())
  return rows
    .filter((row) => row['pending'] !== undefined || isTrue(row['delete']))
    .flatMap(({ key }) => textOf(key) ?? [])
    .sort()
}

/** Whether all disks of the guest lie on storages that take snapshots. */
export async function canSnapshot(pve: Pve, guest: Guest): Promise<boolean> {
  const query = { feature: 'snapshot' } as const
  const said: unknown =
    guest.kind === 'qemu'
      ? await qemuOf(pve, guest).feature.$get(query)
      : await lxcOf(pve, guest).feature.$get(query)
  return isTrue(membersOf(said)['hasFeature'])
}

/** Processors of a guest; null for a container without a limit. */
export function coresOf({ kind }: Guest, config: GuestConfig): number | null {
  const cores = numberOf(config['cores'])
  if (kind === 'lxc') return cores ?? null
  return (cores ?? 1) * (numberOf(config['sockets']) ?? 1)
}

/** Units: MiB. Why parsed: since 8.1 the memory of a machine may be written `current=2048`. */
export function memoryOf(config: GuestConfig): number {
  const text = textOf(config['memory']) ?? '512'
  const { '': plain, current } = parsePropertyString(text)
  return numberOf(plain ?? current) ?? 512
}

/** Tags of a guest, in the order in which they are written. */
export function tagsOf(config: GuestConfig): string[] {
  return (textOf(config['tags']) ?? '').split(/[;,\s]+/).filter((tag) => tag !== '')
}

/** A folder or device of the host in a container. */
export interface HostMount {
  readonly key: string
  readonly hostPath: string
}

/** Mount points that are no volumes. Proxmox VE takes no snapshot of a container that has one. */
export function hostMountsOf({ kind }: Guest, config: GuestConfig): HostMount[] {
  if (kind === 'qemu') return []
  return disksOf(kind, config)
    .filter(({ key, volume }) => key !== 'rootfs' && volume.startsWith('/'))
    .map(({ key, volume }) => ({ key, hostPath: volume }))
}

/** How a guest is walled in, and what weakens the wall. */
export interface Isolation {
  readonly class: 'virtual-machine' | 'unprivileged-container' | 'privileged-container'
  readonly weakenedBy: string[]
}

/**
 * The wall between a guest and its host: a machine has a kernel of its own, a container shares the host's.
 *
 * Why the list: what is passed through, and rights that were given to a container, go past that wall.
 */
export function isolationOf(guest: Guest, config: GuestConfig): Isolation {
  const passed = Object.keys(config).filter((key) => /^(?:hostpci|usb|virtiofs|dev)\d+$/.test(key))
  const through = passed.sort().map((key) => `${key} is passed through`)
  if (guest.kind === 'qemu') {
    const args = textOf(config['args']) === undefined ? [] : ['own arguments to the emulator']
    return { class: 'virtual-machine', weakenedBy: [...through, ...args] }
  }
  const mounts = hostMountsOf(guest, config).map(({ key, hostPath }) => `${key} is ${hostPath}`)
  const raw = Array.isArray(config['lxc']) && config['lxc'].length > 0 ? ['raw LXC settings'] : []
  return {
    class: isTrue(config['unprivileged']) ? 'unprivileged-container' : 'privileged-container',
    weakenedBy: [...featuresOf(config), ...mounts, ...through, ...raw],
  }
}

function featuresOf(config: GuestConfig): string[] {
  const features = parsePropertyString(textOf(config['features']) ?? '')
  return Object.entries(features)
    .filter(([, value]) => value !== '0')
    .map(([name, value]) => (value === '1' ? `feature ${name}` : `feature ${name}: ${value}`))
    .sort()
}
