// SPDX-License-Identifier: GPL-3.0-or-later
/** What a call to create or restore a guest asks for, and what stands against it. */
import { parseArchive } from '../archives.ts'
import { type Call, dies, PveError } from '../contract.ts'
import { privilegeOf, ROOT_ONLY } from '../guests/config-rules.ts'
import { needRightsFor } from '../guests/config-values.ts'
import { nameOf } from '../guests/guest.ts'
import { flagOf, textOf } from '../guests/params.ts'
import { needQuorum } from '../quorum.ts'
import { needAccess } from '../volume-access.ts'
import { findVolume, storageIdOf, storageOf, usableStorage } from '../volumes.ts'
import type { SimGuest, SimVolume, World } from '../world.ts'

/** Parameters that are no part of a configuration. */
const NO_CONFIG = new Set([
  'node', 'vmid', 'archive', 'ostemplate', 'restore', 'force', 'unique', 'start', 'storage', 'pool', 'bwlimit',
  'live-restore', 'ha-managed', 'import-working-storage', 'password', 'ssh-public-keys', 'ignore-unpack-errors', 'lock',
]) // oxfmt-ignore

/** A guest to be made. */
export interface CreatePlan {
  readonly call: Call
  readonly world: World
  readonly type: SimGuest['type']
  readonly node: string
  readonly vmid: number
  /** The backup it is restored from. */
  readonly backup: SimVolume | undefined
  /** Where its volumes go; where they were unless given. */
  readonly storage: string | undefined
  readonly settings: ReadonlyMap<string, string | number>
  /** The guest that is written over. */
  readonly existing: SimGuest | undefined
}

/** Reads the call. Throws what the real one says before it starts a task. */
export function createPlan(call: Call, type: SimGuest['type']): CreatePlan {
  const { world } = call
  const vmid = Number(call.params['vmid'])
  const node = String(call.params['node'])
  needQuorum(world)
  const pool = textOf(call, 'pool')
  if (pool !== undefined && !world.pools.has(pool)) throw dies(`pool '${pool}' does not exist`)
  needRightToCreate(call, type, vmid)
  const storage = textOf(call, 'storage')
  if (storage !== undefined)
    call.need(`/storage/${storageOf(world, storage).id}`, 'Datastore.AllocateSpace')
  const backup = isRestore(call, type) ? backupOf(call, type) : undefined
  if (type === 'lxc' && backup === undefined) needTemplate(call)
  const existing = existingGuest(call, type)
  const settings = settingsOf(call)
  const plan = { call, world, type, node, vmid, backup, storage, settings, existing }
  needRightsForSettings(plan)
  return plan
}

/** Whether a call restores a backup. */
export function isRestore(call: Call, type: SimGuest['type']): boolean {
  return type === 'qemu' ? call.params['archive'] !== undefined : flagOf(call, 'restore')
}

/** VM.Allocate on the guest or its pool; VM.Backup is enough to restore over a guest that is there. */
function needRightToCreate(call: Call, type: SimGuest['type'], vmid: number): void {
  const pool = textOf(call, 'pool')
  const path = `/vms/${vmid}`
  if (pool !== undefined && call.may(`/pool/${pool}`, 'VM.Allocate')) return
  if (call.may(path, 'VM.Allocate')) return
  const isOver = isRestore(call, type) && flagOf(call, 'force') && call.world.guests.has(vmid)
  if (isOver && call.may(path, 'VM.Backup')) return
  call.need(path, 'VM.Allocate')
}

/** The backup to restore; it must be one of the right kind that the caller may read. */
function backupOf(call: Call, type: SimGuest['type']): SimVolume {
  const volid = textOf(call, type === 'qemu' ? 'archive' : 'ostemplate') ?? ''
  const archive = parseArchive(volid)
  const node = String(call.params['node'])
  const storage = storageOf(call.world, storageIdOf(volid))
  needAccess(call, { volid, content: 'backup', vmid: archive?.vmid })
  usableStorage(call.world, storage.id, node)
  const backup = findVolume(call.world, volid, node)
  if (backup === undefined) throw dies(`volume '${volid}' does not exist`)
  if (backup.saved === undefined || backup.saved.type !== type) {
    throw dies(
      `unable to restore ${type === 'qemu' ? 'VM' : 'CT'} from '${volid}' - wrong type of backup`,
    )
  }
  return backup
}

function needTemplate(call: Call): void {
  const volid = textOf(call, 'ostemplate') ?? ''
  const node = String(call.params['node'])
  const storage = usableStorage(call.world, storageIdOf(volid), node)
  const volume = findVolume(call.world, volid, node)
  if (volume === undefined) throw dies(`volume '${volid}' does not exist`)
  if (volume.content !== 'vztmpl')
    throw dies(`'${volid}' on storage '${storage.id}' is no container template`)
  needAccess(call, volume)
}

/** The guest of that number when it may be written over. The texts are those of recorded answers. */
function existingGuest(call: Call, type: SimGuest['type']): SimGuest | undefined {
  const vmid = Number(call.params['vmid'])
  const guest = call.world.guests.get(vmid)
  if (guest === undefined) return undefined
  const restores = isRestore(call, type)
  const isSame = guest.type === type && guest.node === call.params['node']
  const exists = `${nameOf(guest)} already exists on node '${guest.node}'`
  if (type === 'qemu') {
    if (restores && flagOf(call, 'force') && isSame) return guest
    throw dies(`unable to ${restores ? 'restore' : 'create'} VM ${vmid} - ${exists}`)
  }
  if (!(restores && flagOf(call, 'force') && isSame)) throw dies(exists)
  if (guest.status === 'running') throw dies("can't overwrite running container")
  return guest
}

function settingsOf(call: Call): Map<string, string | number> {
  const entries = Object.entries(call.params).filter(([name]) => !NO_CONFIG.has(name))
  return new Map(
    entries.map(([name, value]) => {
      if (typeof value === 'boolean') return [name, value ? 1 : 0]
      return [
        name,
        typeof value === 'number' ? value : Array.isArray(value) ? value.join(';') : String(value),
      ]
    }),
  )
}

function needRightsForSettings(plan: CreatePlan): void {
  const { call, type, vmid, settings, world, node } = plan
  const pool = textOf(call, 'pool')
  const guest = blankGuest(type, vmid, node)
  for (const [key, value] of settings) {
    const privilege = privilegeOf(type, key, String(value))
    if (privilege === ROOT_ONLY && call.user !== 'root@pam')
      throw dies(`only root can set '${key}' config`)
    const isByPool =
      pool !== undefined && privilege !== undefined && call.may(`/pool/${pool}`, privilege)
    if (privilege !== undefined && privilege !== ROOT_ONLY && !isByPool)
      call.need(`/vms/${vmid}`, privilege)
    needRightsFor({ call, world, guest }, key, String(value))
  }
  const isPrivileged =
    type === 'lxc' && plan.backup === undefined && settings.get('unprivileged') !== 1
  if (isPrivileged && world.version === '9.2' && !call.may('/', 'Sys.Modify')) {
    throw new PveError(403, 'Permission check failed (/, Sys.Modify)')
  }
}

/** A guest with nothing in it. */
export function blankGuest(type: SimGuest['type'], vmid: number, node: string): SimGuest {
  return {
    vmid,
    type,
    node,
    status: 'stopped',
    qmpStatus: 'running',
    startedAtMs: 0,
    config: {},
    pending: {},
    snapshots: [],
    parent: undefined,
    lock: undefined,
    isTemplate: false,
    pool: undefined,
    load: { cpu: 0.02, memory: 0.3 },
    hasAgent: type === 'qemu',
    obeysShutdown: true,
  }
}
