// SPDX-License-Identifier: GPL-3.0-or-later
/** What a call of vzdump asks for, and what the caller may not ask for. */
import { type Call, dies, PveError } from '../contract.ts'
import { flagOf, listOf, textOf } from '../guests/params.ts'
import { storageOf } from '../volumes.ts'

const ROOT_ONLY = ['tmpdir', 'dumpdir', 'script', 'job-id']
const NEEDS_SYS_MODIFY = ['bwlimit', 'performance', 'ionice']

/** One run of vzdump. */
export interface BackupPlan {
  readonly call: Call
  readonly node: string
  /** What was asked for, whether there is such a guest or not; those on this node. */
  readonly vmids: readonly number[]
  /** Guests of the selection that are on other nodes. */
  readonly external: readonly number[]
  readonly storage: string
  readonly mode: 'snapshot' | 'suspend' | 'stop'
  readonly compress: string
  readonly notesTemplate: string | undefined
  readonly isProtected: boolean
  /** What to keep, when older backups are to go. */
  readonly prune: string | undefined
}

/** Reads the call. Throws: 400 for a selection that makes no sense, 403 for missing rights, 500 for no such storage. */
export function backupPlan(call: Call): BackupPlan {
  const { world } = call
  const node = String(call.params['node'])
  for (const name of ROOT_ONLY) {
    if (call.params[name] !== undefined && call.user !== 'root@pam')
      throw refused(name, 'Only root may set this option.')
  }
  for (const name of NEEDS_SYS_MODIFY)
    if (call.params[name] !== undefined) call.need('/', 'Sys.Modify')
  const storage = textOf(call, 'storage') ?? 'local'
  if (call.params['dumpdir'] === undefined)
    call.need(`/storage/${storage}`, 'Datastore.AllocateSpace')
  if (call.params['prune-backups'] !== undefined)
    call.need(`/storage/${storage}`, 'Datastore.Allocate')
  const configured = storageOf(world, storage)
  const selected = selection(call)
  const isHere = (vmid: number) => (world.guests.get(vmid)?.node ?? node) === node
  const retention = textOf(call, 'prune-backups') ?? configured.options['prune-backups']
  return {
    call,
    node,
    vmids: selected.filter(isHere),
    external: selected.filter((vmid) => !isHere(vmid)),
    storage,
    mode: (textOf(call, 'mode') ?? 'snapshot') as BackupPlan['mode'],
    compress: textOf(call, 'compress') ?? '0',
    notesTemplate: textOf(call, 'notes-template'),
    isProtected: flagOf(call, 'protected'),
    prune:
      call.params['remove'] === false || retention === undefined ? undefined : String(retention),
  }
}

/** The guests that are meant. Those named must all be the caller's to back up; of all or a pool only these are taken. */
function selection(call: Call): number[] {
  const { world } = call
  const named = listOf(call, 'vmid').map(Number)
  const excluded = new Set(listOf(call, 'exclude').map(Number))
  const pool = textOf(call, 'pool')
  const isAll = flagOf(call, 'all') || excluded.size > 0
  if (named.length > 0 && (isAll || pool !== undefined))
    throw refused('vmid', "option can't be used with 'all' or 'pool'")
  if (named.length === 0 && !isAll && pool === undefined)
    throw refused('vmid', 'property is missing and it is not optional')
  if (pool !== undefined && !world.pools.has(pool)) throw dies(`pool '${pool}' does not exist`)
  for (const vmid of named) call.need(`/vms/${vmid}`, 'VM.Backup')
  if (named.length > 0) return [...new Set(named)].sort((one, other) => one - other)
  return [...world.guests.values()]
    .filter((guest) => (pool === undefined || guest.pool === pool) && !excluded.has(guest.vmid))
    .filter((guest) => call.may(`/vms/${guest.vmid}`, 'VM.Backup'))
    .map((guest) => guest.vmid)
    .sort((one, other) => one - other)
}

function refused(name: string, text: string): PveError {
  return new PveError(400, 'Parameter verification failed.', { [name]: text })
}
