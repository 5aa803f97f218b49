// SPDX-License-Identifier: GPL-3.0-or-later
/** Which guest a job is about, and what it is now: machine or container, running or not, held by what. */
import { isCodedError, route } from '@sallyport/sdk'
import type { RouteScope } from '@sallyport/sdk'
import { z } from 'zod'
import { locked, noGuest, pveFailed } from './errors.ts'
import type { Pve } from './pve.ts'
import { isTrue, membersOf, numberOf, textOf } from './values.ts'

/** The name of a node: one DNS label. Why not `localhost`: it would be another node for whoever is asked. */
export const NodeName = z
  .string()
  .regex(/^[a-zA-Z0-9]([a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?$/)
  .refine((name) => name.toLowerCase() !== 'localhost', 'name the node itself')

/** The number of a guest. */
export const Vmid = z.int().min(100).max(999_999_999)

/** The input of every job about one guest; more fields by `GuestRef.extend({ … })`. */
export const GuestRef = z.strictObject({
  node: NodeName.describe('the node that the guest is on'),
  vmid: Vmid.describe('the number of the guest'),
})
/** A guest by node and number. */
export type GuestRef = z.infer<typeof GuestRef>

/** What a job about one guest acts on. */
export const GUEST_RESOURCES = { node: 'node', vmid: 'vmid' } as const

/** The routes that `findGuest` needs. */
export const GUEST_ROUTES: readonly RouteScope[] = [
  route('GET /nodes/{node}/qemu/{vmid}/status/current', { query: {}, others: 'forbidden' }),
  route('GET /nodes/{node}/lxc/{vmid}/status/current', { query: {}, others: 'forbidden' }),
]

/** Machine or container. */
export type GuestKind = 'qemu' | 'lxc'

/** A guest as it is now. */
export interface Guest extends GuestRef {
  readonly kind: GuestKind
  readonly name: string | undefined
  /** `paused` and `suspended` are machines that run and stand still. */
  readonly status: 'running' | 'stopped' | 'paused' | 'suspended'
  readonly isTemplate: boolean
  /** What holds it: `backup`, `migrate`, `snapshot` … */
  readonly lock: string | undefined
  /** The state that the HA manager wants; undefined when it does not look after the guest. */
  readonly haState: string | undefined
  readonly uptimeSeconds: number
  /** Everything that was told of it. */
  readonly told: Readonly<Record<string, unknown>>
}

/**
 * Finds a guest on its node.
 *
 * Throws: ERR_PVE_NO_GUEST when the node has none of this number, ERR_PVE_PERMISSION when it may not be seen.
 */
export async function findGuest(pve: Pve, ref: GuestRef): Promise<Guest> {
  for (const kind of ['qemu', 'lxc'] as const) {
    const told = await currentStatus(pve, ref, kind)
    if (told !== undefined) return guestOf(ref, kind, told)
  }
  throw noGuest(ref)
}

/** As `findGuest`, and undefined when the node has none of this number. */
export async function findGuestIfAny(pve: Pve, ref: GuestRef): Promise<Guest | undefined> {
  return findGuest(pve, ref).catch((error: unknown) => {
    if (isCodedError(error) && error.code === 'ERR_PVE_NO_GUEST') return undefined
    throw error
  })
}

/** Looks again at a guest whose kind is known. */
export async function lookAgain(pve: Pve, guest: Guest): Promise<Guest> {
  const told = await currentStatus(pve, guest, guest.kind)
  if (told === undefined) throw noGuest(guest)
  return guestOf(guest, guest.kind, told)
}

/** The part of the interface that is about one machine. */
export function qemuOf(pve: Pve, { node, vmid }: GuestRef): QemuApi {
  return pve.nodes.$(node).qemu.$(vmid)
}

/** The part of the interface that is about one container. */
export function lxcOf(pve: Pve, { node, vmid }: GuestRef): LxcApi {
  return pve.nodes.$(node).lxc.$(vmid)
}

/** The part of the interface that is about one guest, as far as machines and containers have it in common. */
export function guestApi(pve: Pve, guest: Guest): QemuApi | LxcApi {
  return guest.kind === 'qemu' ? qemuOf(pve, guest) : lxcOf(pve, guest)
}

/** Operations on one machine. */
export type QemuApi = ReturnType<ReturnType<Pve['nodes']['$']>['qemu']['$']>
/** Operations on one container. */
export type LxcApi = ReturnType<ReturnType<Pve['nodes']['$']>['lxc']['$']>

/** Throws: ERR_PVE_TEMPLATE for a template, which never runs and does not change. */
export function expectNoTemplate(guest: Guest, what: string): void {
  if (!guest.isTemplate) return
  throw pveFailed(
    'ERR_PVE_TEMPLATE',
    `guest ${guest.vmid} is a template and cannot ${what}; make a guest of it with proxmox/guest.clone`,
    { details: { effect: 'none' } },
  )
}

/** Throws: ERR_PVE_LOCKED while something holds the guest. */
export function expectUnlocked(guest: Guest): void {
  if (guest.lock !== undefined) throw locked(guest.lock)
}

/** Throws: ERR_PVE_STATE, with the reason and what to do. */
export function expectState(holds: boolean, message: string): void {
  if (!holds) throw pveFailed('ERR_PVE_STATE', message, { details: { effect: 'none' } })
}

async function currentStatus(
  pve: Pve,
  ref: GuestRef,
  kind: GuestKind,
): Promise<Readonly<Record<string, unknown>> | undefined> {
  const api = kind === 'qemu' ? qemuOf(pve, ref) : lxcOf(pve, ref)
  try {
    return membersOf(await api.status.current.$get())
  } catch (error) {
    if (isCodedError(error) && error.code === 'ERR_PVE_NO_GUEST') return undefined
    throw error
  }
}

function guestOf(
  { node, vmid }: GuestRef,
  kind: GuestKind,
  told: Readonly<Record<string, unknown>>,
): Guest {
  const ha = membersOf(told['ha'])
  return {
    node,
    vmid,
    kind,
    name: textOf(told['name']),
    status: statusOf(told),
    isTemplate: isTrue(told['template']),
    lock: textOf(told['lock']),
    haState: isTrue(ha['managed']) ? (textOf(ha['state']) ?? 'managed') : undefined,
    uptimeSeconds: numberOf(told['uptime']) ?? 0,
    told,
  }
}

/** Why by lock: a machine that was suspended to disk is stopped, and starts where it stood. */
function statusOf(told: Readonly<Record<string, unknown>>): Guest['status'] {
  if (told['lock'] === 'suspended') return 'suspended'
  if (told['status'] !== 'running') return 'stopped'
  const isPaused = told['qmpstatus'] === 'paused' || told['qmpstatus'] === 'suspended'
  return isPaused ? 'paused' : 'running'
}
