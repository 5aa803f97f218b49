// SPDX-License-Identifier: GPL-3.0-or-later
/** What lies on a storage. */
import { type Behaviours, type Call, dies, PveError } from '../contract.ts'
import { parseArchive } from '../archives.ts'
import { flagOf, listOf, numberOf, textOf } from '../guests/params.ts'
import { parseSize } from '../guests/disks.ts'
import { startTask } from '../tasks.ts'
import { mayAccess, needAccess } from '../volume-access.ts'
import {
  allocateVolume,
  findVolume,
  removeVolume,
  storageIdOf,
  usableStorage,
  volumesOf,
} from '../volumes.ts'
import type { SimStorage, SimVolume } from '../world.ts'

type Row = Record<string, unknown>

const CONTENT = '/nodes/{node}/storage/{storage}/content'
const KIB = 1024

/** The content of storages. */
export const storageContentBehaviours: Behaviours = {
  [`GET ${CONTENT}`]: listContent,
  [`POST ${CONTENT}`]: allocate,
  [`GET ${CONTENT}/{volume}`]: showVolume,
  [`PUT ${CONTENT}/{volume}`]: changeVolume,
  [`DELETE ${CONTENT}/{volume}`]: deleteVolume,
}

function calledStorage(call: Call, content?: string): SimStorage {
  return usableStorage(
    call.world,
    String(call.params['storage']),
    String(call.params['node']),
    content,
  )
}

function listContent(call: Call): Row[] {
  const storage = calledStorage(call)
  const content = listOf(call, 'content')
  const vmid = numberOf(call, 'vmid')
  return volumesOf(call.world, storage.id, String(call.params['node']))
    .filter((volume) => content.length === 0 || content.includes(volume.content))
    .filter((volume) => vmid === undefined || volume.vmid === vmid)
    .filter((volume) => mayAccess(call, volume, vmid))
    .map((volume) => rowOf(storage, volume))
}

function rowOf(storage: SimStorage, volume: SimVolume): Row {
  const isBackup = volume.content === 'backup'
  const key = storage.options['encryption-key']
  return {
    volid: volume.volid,
    content: volume.content,
    format: volume.format,
    size: volume.sizeBytes,
    ctime: Math.floor(volume.createdAtMs / 1000),
    ...(isBackup
      ? { subtype: parseArchive(volume.volid)?.type ?? 'qemu' }
      : { used: volume.usedBytes }),
    ...(volume.vmid === undefined ? {} : { vmid: volume.vmid }),
    ...(volume.parent === undefined ? {} : { parent: volume.parent }),
    ...(volume.notes === undefined ? {} : { notes: volume.notes }),
    ...(volume.isProtected ? { protected: 1 } : {}),
    ...(isBackup && storage.type === 'pbs' && key !== undefined ? { encrypted: String(key) } : {}),
  }
}

/** Gives the volume id. Without a unit the size is in KiB. */
function allocate(call: Call): string {
  const { world } = call
  const storage = calledStorage(call)
  const vmid = numberOf(call, 'vmid') ?? 0
  const filename = textOf(call, 'filename') ?? ''
  const size = textOf(call, 'size') ?? '0'
  const file = filename.split('/').at(-1) ?? filename
  if (!new RegExp(`^(?:vm|subvol|base)-${vmid}-`).test(file)) {
    throw dies(`illegal name '${filename}' - should be 'vm-${vmid}-*'`)
  }
  const format = textOf(call, 'format') ?? /\.(qcow2|raw|vmdk)$/.exec(file)?.[1] ?? undefined
  const isFile = ['dir', 'nfs', 'cifs', 'btrfs'].includes(storage.type)
  const name = isFile && !filename.includes('/') ? `${vmid}/${filename}` : filename
  return allocateVolume(world, {
    storage: storage.id,
    node: String(call.params['node']),
    vmid,
    sizeBytes: /[MG]$/.test(size) ? parseSize(size) : Number(size) * KIB,
    content: 'images',
    name,
    ...(format === undefined ? {} : { format }),
  }).volid
}

/** The volume id of the path; a name without a storage is one on the storage of the path. */
function calledId(call: Call): string {
  const volume = String(call.params['volume'])
  const storage = textOf(call, 'storage')
  if (!volume.includes(':')) return `${storage}:${volume}`
  if (storage !== undefined && storageIdOf(volume) !== storage) {
    const text = `storage ID mismatch (${storageIdOf(volume)} != ${storage})`
    throw new PveError(400, 'Parameter verification failed.', { volume: text })
  }
  return volume
}

function calledVolume(call: Call): SimVolume {
  const volid = calledId(call)
  const node = String(call.params['node'])
  usableStorage(call.world, storageIdOf(volid), node)
  const volume = findVolume(call.world, volid, node)
  if (volume === undefined) throw dies(`volume_size_info on '${volid}' failed - no such volume`)
  return volume
}

function showVolume(call: Call): Row {
  const volume = calledVolume(call)
  needAccess(call, volume)
  return {
    path: pathOf(call, volume),
    size: volume.sizeBytes,
    used: volume.usedBytes,
    format: volume.format,
    ...(volume.notes === undefined ? {} : { notes: volume.notes }),
    ...(volume.content === 'backup' ? { protected: volume.isProtected ? 1 : 0 } : {}),
  }
}

function pathOf({ world }: Call, { volid, content }: SimVolume): string {
  const name = volid.slice(volid.indexOf(':') + 1)
  const path = world.storages.get(storageIdOf(volid))?.options['path']
  if (path === undefined) return volid
  const folders: Readonly<Record<string, string>> = {
    backup: 'dump',
    iso: 'template/iso',
    vztmpl: 'template/cache',
    snippets: 'snippets',
  }
  const folder = folders[content]
  return folder === undefined
    ? `${path}/images/${name}`
    : `${path}/${folder}/${name.slice(name.indexOf('/') + 1)}`
}

function changeVolume(call: Call): null {
  const volume = calledVolume(call)
  needAccess(call, volume)
  if (volume.content !== 'backup')
    throw dies(`attribute 'notes' is not supported for volume '${volume.volid}'`)
  volume.notes = textOf(call, 'notes') ?? volume.notes
  if (call.params['protected'] !== undefined) volume.isProtected = flagOf(call, 'protected')
  return null
}

function deleteVolume(call: Call): string {
  const { world } = call
  const volid = calledId(call)
  const node = String(call.params['node'])
  const storage = storageIdOf(volid)
  usableStorage(world, storage, node)
  const archive = parseArchive(volid)
  if (archive !== undefined && !call.may(`/storage/${storage}`, 'Datastore.Allocate')) {
    call.need(`/storage/${storage}`, 'Datastore.AllocateSpace')
    call.need(`/vms/${archive.vmid}`, 'VM.Backup')
  } else if (archive === undefined) {
    call.need(`/storage/${storage}`, 'Datastore.Allocate')
  }
  const owner = findVolume(world, volid, node)?.vmid ?? archive?.vmid
  return startTask(world, {
    node,
    type: 'imgdel',
    id: `${owner === undefined ? '' : `${owner}@`}${storage}`,
    user: call.user,
    steps: [
      { seconds: 1, log: `Removed volume '${volid}'`, effect: () => remove(call, volid, node) },
    ],
  })
}

function remove({ world }: Call, volid: string, node: string): void {
  const storage = usableStorage(world, storageIdOf(volid), node)
  const volume = findVolume(world, volid, node)
  if (volume === undefined) throw dies(`volume '${volid}' does not exist`)
  if (volume.isProtected)
    throw dies(
      `cannot remove protected volume '${volid.slice(storage.id.length + 1)}' on '${storage.id}'`,
    )
  const clone = [...storage.volumes.values()].find(({ parent }) => parent === volid)
  if (clone !== undefined)
    throw dies(`base volume '${volid}' is still in use by linked clone '${clone.volid}'`)
  removeVolume(world, volume)
}
