// SPDX-License-Identifier: GPL-3.0-or-later
/** Pools of guests and storages, in the form with the name in the path and in that with the name as a parameter. */
import { type Behaviours, type Call, dies } from '../contract.ts'
import { flagOf, listOf, textOf } from '../guests/params.ts'
import { needQuorum } from '../quorum.ts'
import { storageOf } from '../volumes.ts'
import type { SimGuest, SimPool } from '../world.ts'
import { clusterResources } from './cluster-resources.ts'

type Row = Record<string, unknown>

const LOCKED = "error during cfs-locked 'file-user_cfg' operation"

/** Pools. */
export const poolBehaviours: Behaviours = {
  'GET /pools': listPools,
  'POST /pools': createPool,
  'PUT /pools': changePool,
  'DELETE /pools': deletePool,
  'GET /pools/{poolid}': (call) => {
    const { poolid: _, ...rest } = wholePool(call, poolOf(call))
    return rest
  },
  'PUT /pools/{poolid}': changePool,
  'DELETE /pools/{poolid}': deletePool,
}

function poolOf(call: Call, what = ''): SimPool {
  const id = String(call.params['poolid'])
  const pool = call.world.pools.get(id)
  if (pool === undefined) throw dies(`${what}pool '${id}' does not exist`)
  return pool
}

function listPools(call: Call): Row[] {
  if (call.params['poolid'] !== undefined) {
    call.need(`/pool/${String(call.params['poolid'])}`, 'Pool.Audit')
    return [wholePool(call, poolOf(call))]
  }
  return [...call.world.pools.values()]
    .filter(({ id }) => call.may(`/pool/${id}`, 'Pool.Audit'))
    .map(({ id, comment }) => ({ poolid: id, ...(comment === '' ? {} : { comment }) }))
}

/** A pool with its members, which are the rows of `GET /cluster/resources`. */
function wholePool(call: Call, pool: SimPool): Row {
  const type = textOf(call, 'type')
  const isWanted = (kind: string) => type === undefined || type === kind
  const rows = clusterResources({ ...call, may: () => true, params: {} })
  const members = rows.filter((row) => {
    const kind = String(row['type'])
    if (kind === 'storage') return pool.storages.has(String(row['storage'])) && isWanted('storage')
    return pool.guests.has(Number(row['vmid'])) && isWanted(kind)
  })
  return { poolid: pool.id, ...(pool.comment === '' ? {} : { comment: pool.comment }), members }
}

function createPool(call: Call): null {
  const { world } = call
  needQuorum(world)
  const id = String(call.params['poolid'])
  if (world.pools.has(id)) throw dies(`create pool failed: ${LOCKED}: pool '${id}' already exists`)
  const parent = id.split('/').slice(0, -1).join('/')
  if (parent !== '' && !world.pools.has(parent)) {
    throw dies(`create pool failed: ${LOCKED}: parent '${parent}' of pool '${id}' does not exist`)
  }
  world.pools.set(id, {
    id,
    comment: textOf(call, 'comment') ?? '',
    guests: new Set(),
    storages: new Set(),
  })
  return null
}

function changePool(call: Call): null {
  const failed = `update pools failed: ${LOCKED}: `
  needQuorum(call.world)
  const pool = poolOf(call, failed)
  pool.comment = textOf(call, 'comment') ?? pool.comment
  const isTakingOut = flagOf(call, 'delete')
  for (const vmid of listOf(call, 'vms').map(Number)) {
    call.need(`/vms/${vmid}`, 'VM.Allocate')
    const guest = call.world.guests.get(vmid)
    if (guest === undefined) throw dies(`${failed}VM ${vmid} does not exist`)
    if (isTakingOut) takeGuestOut(pool, guest, failed)
    else putGuestIn(call, { pool, guest, failed })
  }
  for (const id of listOf(call, 'storage')) {
    call.need(`/storage/${id}`, 'Datastore.Allocate')
    const isIn = pool.storages.has(storageOf(call.world, id).id)
    if (isTakingOut && !isIn) throw dies(`${failed}Storage '${id}' is not a pool member`)
    if (!isTakingOut && isIn) throw dies(`${failed}Storage '${id}' is already a pool member`)
    if (isTakingOut) pool.storages.delete(id)
    else pool.storages.add(id)
  }
  return null
}

function takeGuestOut(pool: SimPool, guest: SimGuest, failed: string): void {
  if (!pool.guests.has(guest.vmid)) throw dies(`${failed}VM ${guest.vmid} is not a pool member`)
  pool.guests.delete(guest.vmid)
  guest.pool = undefined
}

/** A guest is in one pool: it leaves another only when that was allowed. */
function putGuestIn(
  call: Call,
  { pool, guest, failed }: { pool: SimPool; guest: SimGuest; failed: string },
): void {
  const { vmid } = guest
  if (guest.pool === pool.id) throw dies(`${failed}VM ${vmid} is already a pool member`)
  if (guest.pool !== undefined && !flagOf(call, 'allow-move')) {
    throw dies(
      `${failed}VM ${vmid} belongs already to pool '${guest.pool}' and 'allow-move' is not set`,
    )
  }
  call.world.pools.get(guest.pool ?? '')?.guests.delete(vmid)
  pool.guests.add(vmid)
  guest.pool = pool.id
}

function deletePool(call: Call): null {
  const failed = `delete pool failed: ${LOCKED}: `
  needQuorum(call.world)
  const pool = poolOf(call, failed)
  const [vmid] = pool.guests
  const [storage] = pool.storages
  if (vmid !== undefined)
    throw dies(`${failed}pool '${pool.id}' is not empty (contains VM ${vmid})`)
  if (storage !== undefined)
    throw dies(`${failed}pool '${pool.id}' is not empty (contains storage '${storage}')`)
  call.world.pools.delete(pool.id)
  return null
}
