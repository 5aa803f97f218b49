// SPDX-License-Identifier: GPL-3.0-or-later
/** The storages as a node sees them. */
import { type Behaviours, type Call, dies } from '../contract.ts'
import { flagOf, listOf, textOf } from '../guests/params.ts'
import { isNewer } from '../guests/version.ts'
import { timesOf } from '../rrd.ts'
import { isActive, isConfiguredOn, isFileStorage, spaceOf, storageOf } from '../volumes.ts'
import type { SimStorage } from '../world.ts'

type Row = Record<string, unknown>

const SUBDIRS = [
  'content', 'download-url', 'file-restore', 'import-metadata', 'prunebackups', 'rrd', 'rrddata', 'status', 'upload',
] // oxfmt-ignore

/** The state of storages. */
export const storageStatusBehaviours: Behaviours = {
  'GET /nodes/{node}/storage': listStorages,
  'GET /nodes/{node}/storage/{storage}': () => SUBDIRS.map((subdir) => ({ subdir })),
  'GET /nodes/{node}/storage/{storage}/status': (call) => {
    const storage = seenStorage(call)
    const {
      storage: _,
      used_fraction: _fraction,
      ...state
    } = stateOf(storage, String(call.params['node']))
    return state
  },
  'GET /nodes/{node}/storage/{storage}/rrddata': (call) => {
    const storage = seenStorage(call)
    const { total, used } = spaceOf(storage, String(call.params['node']))
    return timesOf(call.world, textOf(call, 'timeframe') ?? 'hour').map((time) => ({
      time,
      total,
      used,
    }))
  },
}

/** The storage of the path; throws where the node is not meant to have it. */
function seenStorage(call: Call): SimStorage {
  const storage = storageOf(call.world, String(call.params['storage']))
  const node = String(call.params['node'])
  if (!isConfiguredOn(storage, node))
    throw dies(`storage '${storage.id}' is not available on node '${node}'`)
  return storage
}

function listStorages(call: Call): Row[] {
  const { world } = call
  const node = String(call.params['node'])
  const content = listOf(call, 'content')
  const target = textOf(call, 'target')
  const only = textOf(call, 'storage')
  return [...world.storages.values()]
    .filter(({ id }) => call.may(`/storage/${id}`, 'Datastore.Audit', 'Datastore.AllocateSpace'))
    .filter(
      (storage) => isConfiguredOn(storage, node) && (only === undefined || storage.id === only),
    )
    .filter(
      (storage) => target === undefined || (storage.isEnabled && isConfiguredOn(storage, target)),
    )
    .filter((storage) => storage.isEnabled || !flagOf(call, 'enabled'))
    .filter(
      (storage) => content.length === 0 || content.some((each) => storage.content.includes(each)),
    )
    .map((storage) => ({ ...stateOf(storage, node), ...formats(call, storage) }))
}

function stateOf(storage: SimStorage, node: string): Row {
  const active = isActive(storage, node)
  const { total, used, avail } = active ? spaceOf(storage, node) : { total: 0, used: 0, avail: 0 }
  return {
    storage: storage.id,
    type: storage.type,
    content: storage.content.join(','),
    enabled: storage.isEnabled ? 1 : 0,
    active: active ? 1 : 0,
    shared: storage.isShared ? 1 : 0,
    total,
    used,
    avail,
    ...(active ? { used_fraction: total === 0 ? 0 : used / total } : {}),
  }
}

function formats(call: Call, storage: SimStorage): Row {
  if (!flagOf(call, 'format') || !isNewer(call.world)) return {}
  const supported = isFileStorage(storage)
    ? ['qcow2', 'raw', 'vmdk']
    : storage.type === 'zfspool'
      ? ['raw', 'subvol']
      : ['raw']
  return { formats: { default: isFileStorage(storage) ? 'qcow2' : 'raw', supported } }
}
