// SPDX-License-Identifier: GPL-3.0-or-later
/** The guest a call is about, and what stands in the way of changing it. */
import { type Behaviours, type Call, dies, PveError } from '../contract.ts'
import type { SimGuest, World } from '../world.ts'
import { configDigest } from './digest.ts'
import { flagOf, textOf } from './params.ts'

/** A call about one guest. */
export interface GuestCall {
  readonly call: Call
  readonly world: World
  readonly guest: SimGuest
}

/** What one operation on a guest does. */
export type GuestBehaviour = (at: GuestCall) => unknown

const BOTH: readonly SimGuest['type'][] = ['qemu', 'lxc']

/** Behaviours by what follows `/nodes/{node}/{type}/{vmid}`: `GET /config` becomes one operation for each type. */
export function forGuests(
  table: Readonly<Record<string, GuestBehaviour>>,
  types: readonly SimGuest['type'][] = BOTH,
): Behaviours {
  const operations = types.flatMap((type) =>
    Object.entries(table).map(([short, behaviour]) => {
      const [method, path = ''] = short.split(' ')
      const operation = `${method} /nodes/{node}/${type}/{vmid}${path}`
      return [operation, (call: Call) => behaviour(guestCall(call, type))] as const
    }),
  )
  return Object.fromEntries(operations)
}

/** The guest that path and type of a call name; throws as the real one does when there is none on that node. */
export function guestCall(call: Call, type: SimGuest['type']): GuestCall {
  const guest = call.world.guests.get(Number(call.params['vmid']))
  const node = String(call.params['node'])
  if (guest === undefined || guest.type !== type || guest.node !== node) {
    throw dies(
      `Configuration file '${configPath(node, type, Number(call.params['vmid']))}' does not exist`,
    )
  }
  return { call, world: call.world, guest }
}

/** Where a guest's configuration lies in the cluster's file system. */
export function configPath(node: string, type: SimGuest['type'], vmid: number): string {
  return `nodes/${node}/${type === 'qemu' ? 'qemu-server' : 'lxc'}/${vmid}.conf`
}

/** How texts call the guest: `VM` or `CT`. */
export function kindOf(guest: SimGuest): 'VM' | 'CT' {
  return guest.type === 'qemu' ? 'VM' : 'CT'
}

/** `VM 101` or `CT 102`. */
export function nameOf(guest: SimGuest): string {
  return `${kindOf(guest)} ${guest.vmid}`
}

/** The guest's name in the HA manager: `vm:101`. */
export function serviceOf(guest: SimGuest): string {
  return `${guest.type === 'qemu' ? 'vm' : 'ct'}:${guest.vmid}`
}

/** Whether the HA manager starts and stops the guest. */
export function isHaManaged(world: World, guest: SimGuest): boolean {
  const resource = world.ha.resources.get(serviceOf(guest))
  return resource !== undefined && resource.state !== 'ignored'
}

/** Whether the call leaves locks out of account; only root@pam may ask for that. */
export function skipsLock(call: Call): boolean {
  if (!flagOf(call, 'skiplock')) return false
  if (call.user === 'root@pam') return true
  throw new PveError(400, 'Parameter verification failed.', {
    skiplock: 'Only root may use this option.',
  })
}

/** Throws while something holds the guest. */
export function needUnlocked(guest: SimGuest): void {
  if (guest.lock !== undefined) throw dies(`${kindOf(guest)} is locked (${guest.lock})`)
}

/** Throws when the guest is protected; `what` says what cannot be done. */
export function needUnprotected(guest: SimGuest, what: string): void {
  if (String(guest.config['protection'] ?? '0') === '1')
    throw dies(`${what} - protection mode enabled`)
}

/** Throws when the caller has seen another configuration than the one that is there. */
export function needSameDigest(guest: SimGuest, call: Call, name = 'digest'): void {
  const seen = textOf(call, name)
  if (seen !== undefined && seen !== configDigest(guest)) {
    throw dies('detected modified configuration - file changed by other user? Try again.')
  }
}
