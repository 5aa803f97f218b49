// SPDX-License-Identifier: GPL-3.0-or-later
/** What guests used over time, and their network addresses. */
import { type Behaviours, dies } from '../contract.ts'
import { configPath, forGuests, type GuestCall } from '../guests/guest.ts'
import { containerInterfaces } from '../guests/interfaces.ts'
import { textOf } from '../guests/params.ts'
import { usageOf } from '../guests/status.ts'
import { isNewer } from '../guests/version.ts'

type Spans = Readonly<Record<string, { readonly step: number; readonly count: number }>>

/** Seconds between two points and how many there are, until 8.x. Source: Pulse, `pve8_guest_rrddata.json`. */
const OLDER_SPANS: Spans = {
  hour: { step: 60, count: 70 },
  day: { step: 1800, count: 70 },
  week: { step: 10_800, count: 70 },
  month: { step: 43_200, count: 70 },
  year: { step: 604_800, count: 70 },
}
/** The same since 9.x, which keeps finer ones. Source: Pulse, `pve9_qemu_rrddata.json`. */
const SPANS: Spans = {
  hour: { step: 60, count: 60 },
  day: { step: 60, count: 1440 },
  week: { step: 1800, count: 336 },
  month: { step: 1800, count: 1440 },
  year: { step: 21_600, count: 1460 },
}

/** Measurements of guests. */
export const guestRrdBehaviours: Behaviours = {
  ...forGuests({ 'GET /rrddata': points, 'GET /rrd': image }),
  ...forGuests({ 'GET /interfaces': interfaces }, ['lxc']),
}

function points(at: GuestCall): unknown[] {
  const spans = isNewer(at.world) ? SPANS : OLDER_SPANS
  const { step, count } = spans[textOf(at.call, 'timeframe') ?? 'hour'] ?? { step: 60, count: 60 }
  const last = Math.floor(at.world.now() / 1000 / step) * step
  return Array.from({ length: count }, (_, index) => pointAt(at, last - (count - 1 - index) * step))
}

/** Why: a guest that did not run has only what it may use; nothing is invented for the time before its start. */
function pointAt({ world, guest }: GuestCall, time: number): Record<string, number> {
  const { maxdisk, disk, maxmem, mem, cpus, cpu } = usageOf(world, guest)
  const limits = { time, maxcpu: cpus, maxmem, maxdisk, disk }
  if (guest.status !== 'running' || time * 1000 < guest.startedAtMs) return limits
  const wave = 1 + 0.2 * Math.sin(time / 3600 + guest.vmid)
  return {
    ...limits,
    cpu: cpu * wave,
    mem: mem * (0.98 + 0.02 * wave),
    netin: 600 * wave,
    netout: 200 * wave,
    diskread: 100 * wave,
    diskwrite: 5000 * wave,
    ...(isNewer(world) ? newerFields(guest.type === 'qemu' ? mem * 1.05 : undefined) : {}),
  }
}

function newerFields(memhost: number | undefined): Record<string, number> {
  return {
    ...(memhost === undefined ? {} : { memhost }),
    pressurecpusome: 0,
    pressurecpufull: 0,
    pressureiosome: 0,
    pressureiofull: 0,
    pressurememorysome: 0,
    pressurememoryfull: 0,
  }
}

function image({ guest }: GuestCall): { filename: string } {
  return { filename: `/var/cache/pve/rrd-${guest.vmid}.png` }
}

function interfaces({ guest }: GuestCall): unknown[] {
  if (guest.status === 'running') return containerInterfaces(guest)
  throw dies(
    `CT ${guest.vmid} not running, configured in '${configPath(guest.node, guest.type, guest.vmid)}'`,
  )
}
