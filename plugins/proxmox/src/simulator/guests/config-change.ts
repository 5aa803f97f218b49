// SPDX-License-Identifier: GPL-3.0-or-later
/** Changes of a guest's configuration: who may make them, and whether they take effect now or with the next start. */
import { dies, PveError } from '../contract.ts'
import { findVolume, removeVolume } from '../volumes.ts'
import { privilegeOf, ROOT_ONLY, takesEffectLive } from './config-rules.ts'
import { needRightsFor, storedValue } from './config-values.ts'
import { freeKey, isDiskKey, isUnusedKey, parseDisk } from './disks.ts'
import { type GuestCall, kindOf, needUnprotected } from './guest.ts'
import { flagOf, listOf } from './params.ts'
import { pendingDeletes, setPendingDeletes } from './pending.ts'

const NO_CONFIG = new Set([
  'node',
  'vmid',
  'digest',
  'delete',
  'revert',
  'skiplock',
  'force',
  'background_delay',
  'import-working-storage',
])

/** What a call wants of a configuration. */
export interface ConfigChange {
  readonly set: ReadonlyMap<string, string | number>
  readonly deletes: readonly string[]
  readonly reverts: readonly string[]
  readonly isForced: boolean
}

/** Reads the change out of a call and refuses what the caller may not do. */
export function changeFrom(at: GuestCall): ConfigChange {
  const { call, guest } = at
  const entries = Object.entries(call.params).filter(([key]) => !NO_CONFIG.has(key))
  const set = new Map(entries.map(([key, value]) => [key, plainValue(value)] as const))
  const change = {
    set,
    deletes: listOf(call, 'delete'),
    reverts: listOf(call, 'revert'),
    isForced: flagOf(call, 'force'),
  }
  if (set.size + change.deletes.length + change.reverts.length === 0)
    throw dies('no options specified')
  for (const key of [...change.deletes, ...change.reverts]) {
    if (set.has(key))
      throw badParameter('delete', `you can't use '-${key}' and '-delete ${key}' at the same time`)
    if (privilegeOf(guest.type, key, '') === undefined)
      throw badParameter('delete', `unknown option '${key}'`)
    needPrivilege(at, key, String(guest.config[key] ?? ''))
  }
  for (const [key, value] of set) {
    needPrivilege(at, key, String(value))
    needRightsFor(at, key, String(value))
  }
  return change
}

/** Makes the change. */
export function applyChange(at: GuestCall, change: ConfigChange): void {
  for (const key of change.reverts) revert(at, key)
  for (const key of change.deletes) takeOut(at, key, change.isForced)
  for (const [key, value] of change.set) put(at, key, value)
}

function put(at: GuestCall, key: string, value: string | number): void {
  const { guest } = at
  if (guest.type === 'lxc' && key === 'unprivileged')
    throw dies(`unable to modify read-only option: 'unprivileged'`)
  const stored = typeof value === 'number' ? value : storedValue(at, key, value)
  setPendingDeletes(
    guest,
    pendingDeletes(guest).filter((name) => name !== key),
  )
  delete guest.pending[key]
  if (guest.status === 'running' && !takesEffectLive(guest.type, key)) {
    if (String(guest.config[key]) !== String(stored)) guest.pending[key] = stored
    return
  }
  keepReplaced(at, key, String(stored))
  guest.config[key] = stored
}

function takeOut(at: GuestCall, key: string, isForced: boolean): void {
  const { guest } = at
  const value = guest.config[key]
  delete guest.pending[key]
  if (value === undefined) return
  if (guest.type === 'lxc' && key === 'rootfs')
    throw dies(`unable to delete required option 'rootfs'`)
  const isDisk = isDiskKey(guest.type, key) || isUnusedKey(key)
  if (isDisk) needUnprotected(guest, protectedText(at, key))
  const waits =
    guest.status === 'running' && (!takesEffectLive(guest.type, key) || /^mp\d+$/.test(key))
  if (waits) {
    setPendingDeletes(guest, [...pendingDeletes(guest), key])
    return
  }
  delete guest.config[key]
  if (isDisk) leaveVolume(at, key, String(value), isForced)
}

function revert({ guest }: GuestCall, key: string): void {
  delete guest.pending[key]
  setPendingDeletes(
    guest,
    pendingDeletes(guest).filter((name) => name !== key),
  )
}

/** A volume that a key named before and no longer does is kept as unused. */
function keepReplaced(at: GuestCall, key: string, next: string): void {
  const old = at.guest.config[key]
  if (old === undefined || !isDiskKey(at.guest.type, key)) return
  if (parseDisk(key, String(old)).source !== parseDisk(key, next).source)
    leaveVolume(at, key, String(old), false)
}

function leaveVolume(
  { world, guest }: GuestCall,
  key: string,
  value: string,
  isForced: boolean,
): void {
  const disk = parseDisk(key, value)
  const volume = findVolume(world, disk.source, guest.node)
  const isCloudinit = disk.source.includes('cloudinit')
  if (volume === undefined || (disk.kind !== 'volume' && !isCloudinit)) return
  if (isUnusedKey(key) || isForced || isCloudinit) {
    const holder = guest.snapshots.find((snapshot) =>
      Object.values(snapshot.config).some((text) => namesVolume(text, volume.volid)),
    )
    if (holder !== undefined)
      throw dies(
        `unable to delete '${volume.volid}' - volume is still in use (snapshot '${holder.name}')`,
      )
    removeVolume(world, volume)
  } else {
    guest.config[freeKey(guest.config, 'unused')] = volume.volid
  }
}

function namesVolume(value: string | number, volid: string): boolean {
  return String(value) === volid || String(value).startsWith(`${volid},`)
}

function needPrivilege({ call, guest }: GuestCall, key: string, value: string): void {
  const privilege = privilegeOf(guest.type, key, value)
  if (privilege === undefined) return
  if (privilege !== ROOT_ONLY) call.need(`/vms/${guest.vmid}`, privilege)
  else if (call.user !== 'root@pam') throw dies(`only root can set '${key}' config`)
}

function protectedText({ guest }: GuestCall, key: string): string {
  return guest.type === 'qemu'
    ? `can't remove drive '${key}'`
    : `can't remove ${kindOf(guest)} ${guest.vmid} drive '${key}'`
}

function plainValue(value: unknown): string | number {
  if (typeof value === 'boolean') return value ? 1 : 0
  return typeof value === 'number' ? value : Array.isArray(value) ? value.join(';') : String(value)
}

function badParameter(name: string, text: string): PveError {
  return new PveError(400, 'Parameter verification failed.', { [name]: text })
}
