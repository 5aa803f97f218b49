// SPDX-License-Identifier: GPL-3.0-or-later
/** The backups on a storage that are to go. */
import { parseArchive } from '../archives.ts'
import type { Behaviours, Call } from '../contract.ts'
import { numberOf, textOf } from '../guests/params.ts'
import { type Mark, markBackups, parseRetention } from '../retention.ts'
import { startTask } from '../tasks.ts'
import { removeVolume, usableStorage, volumesOf } from '../volumes.ts'
import type { SimStorage, SimVolume } from '../world.ts'

type Row = Record<string, unknown>

const PRUNE = '/nodes/{node}/storage/{storage}/prunebackups'

/** Pruning. */
export const storagePruneBehaviours: Behaviours = {
  [`GET ${PRUNE}`]: (call) =>
    [...markedBackups(call)].map(([volume, mark]) => pruneRow(volume, mark)),
  [`DELETE ${PRUNE}`]: prune,
}

function calledStorage(call: Call): SimStorage {
  return usableStorage(call.world, String(call.params['storage']), String(call.params['node']))
}

/** The backups on the storage that were asked for, marked; guest by guest. */
function markedBackups(call: Call): Map<SimVolume, Mark> {
  const storage = calledStorage(call)
  const vmid = numberOf(call, 'vmid')
  const type = textOf(call, 'type')
  const retention = parseRetention(
    textOf(call, 'prune-backups') ?? String(storage.options['prune-backups'] ?? 'keep-all=1'),
  )
  const backups = volumesOf(call.world, storage.id, String(call.params['node'])).filter(
    (volume) => {
      const archive = parseArchive(volume.volid)
      if (volume.content !== 'backup' || archive === undefined) return false
      return (
        (vmid === undefined || archive.vmid === vmid) &&
        (type === undefined || archive.type === type)
      )
    },
  )
  const groups = Map.groupBy(
    backups,
    ({ volid, vmid: owner }) => `${parseArchive(volid)?.type}/${owner}`,
  )
  return new Map([...groups.values()].flatMap((group) => [...markBackups(group, retention)]))
}

function pruneRow(volume: SimVolume, mark: Mark): Row {
  return {
    volid: volume.volid,
    ctime: Math.floor(volume.createdAtMs / 1000),
    mark,
    type: parseArchive(volume.volid)?.type ?? 'unknown',
    ...(volume.vmid === undefined ? {} : { vmid: volume.vmid }),
  }
}

function prune(call: Call): string {
  const { world } = call
  const storage = calledStorage(call)
  const vmid = numberOf(call, 'vmid')
  if (vmid === undefined || !call.may(`/storage/${storage.id}`, 'Datastore.AllocateSpace')) {
    call.need(`/storage/${storage.id}`, 'Datastore.Allocate')
  } else if (!call.may(`/storage/${storage.id}`, 'Datastore.Allocate')) {
    call.need(`/vms/${vmid}`, 'VM.Backup')
  }
  const marked = [...markedBackups(call)]
  const lines = marked.map(([{ volid }, mark]) => `${mark} ${volid}`)
  return startTask(world, {
    node: String(call.params['node']),
    type: 'prunebackups',
    id: vmid === undefined ? storage.id : `${vmid}@${storage.id}`,
    user: call.user,
    steps: [
      {
        seconds: 1,
        log: lines.join('\n'),
        effect: () => {
          for (const [volume, mark] of marked) if (mark === 'remove') removeVolume(world, volume)
        },
      },
    ],
  })
}
