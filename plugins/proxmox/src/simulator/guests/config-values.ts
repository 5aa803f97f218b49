// SPDX-License-Identifier: GPL-3.0-or-later
/** Values of a configuration as they are stored: volumes allocated, addresses filled in. */
import { dies, PveError } from '../contract.ts'
import { allocateVolume, findVolume, storageOf } from '../volumes.ts'
import type { World } from '../world.ts'
import { isDiskKey, parseDisk, printSize } from './disks.ts'
import type { GuestCall } from './guest.ts'
import { parseProperties, printProperties, withProperties } from './property-string.ts'

const GIB = 2 ** 30
const CLOUDINIT_BYTES = 4 * 2 ** 20
const NEW_VOLUME = /^([a-zA-Z][\w.-]*):(\d+(?:\.\d+)?)$/
const NIC_MODELS = /^(?:virtio|e1000(?:-\w+)?|e1000e|rtl8139|vmxnet3|ne2k_\w+|i82\w+|pcnet)$/

/** The value to store for a key; allocates the volume that a new disk asks for. */
export function storedValue(at: GuestCall, key: string, value: string): string {
  if (isDiskKey(at.guest.type, key)) return storedDisk(at, key, value)
  if (/^net\d+$/.test(key)) return withAddress(at.world, at.guest.type, value)
  if (key === 'tags') return sortedTags(value)
  return key === 'memory' ? value.replace(/^current=/, '') : value
}

/** Throws where the caller may not use what the value names: a bridge, a path of the node, a storage. */
export function needRightsFor(at: GuestCall, key: string, value: string): void {
  const { call, guest } = at
  if (/^net\d+$/.test(key)) {
    const bridge = parseProperties(value).get('bridge')
    if (bridge !== undefined) call.need(`/sdn/zones/localnetwork/${bridge}`, 'SDN.Use')
  }
  if (!isDiskKey(guest.type, key)) return
  const disk = parseDisk(key, value)
  if ((disk.kind === 'bind' || disk.kind === 'device') && call.user !== 'root@pam') {
    throw new PveError(
      403,
      `Permission check failed (mount point type ${disk.kind} is only allowed for root@pam)`,
    )
  }
  if (disk.kind === 'volume')
    call.need(`/storage/${disk.source.split(':')[0]}`, 'Datastore.AllocateSpace')
}

/** A new address with the vendor's prefix. */
export function randomMac(world: World): string {
  const low = Array.from({ length: 3 }, () => Math.floor(world.random() * 256))
  return [
    'BC',
    '24',
    '11',
    ...low.map((part) => part.toString(16).toUpperCase().padStart(2, '0')),
  ].join(':')
}

/** A new UUID. */
export function randomUuid(world: World): string {
  const hex = Array.from({ length: 32 }, () => Math.floor(world.random() * 16).toString(16)).join(
    '',
  )
  const variant = (8 + (Number.parseInt(hex[16] ?? '0', 16) % 4)).toString(16)
  return [
    hex.slice(0, 8),
    hex.slice(8, 12),
    `4${hex.slice(13, 16)}`,
    variant + hex.slice(17, 20),
    hex.slice(20),
  ].join('-')
}

/** The same network device with another address. */
export function withNewMac(world: World, type: 'qemu' | 'lxc', value: string): string {
  if (type === 'lxc') return withProperties(value, { hwaddr: randomMac(world) })
  const parts = parseProperties(value)
  const model = [...parts.keys()].find((key) => NIC_MODELS.test(key))
  return model === undefined ? value : withProperties(value, { [model]: randomMac(world) })
}

function withAddress(world: World, type: 'qemu' | 'lxc', value: string): string {
  const parts = parseProperties(value)
  if (type === 'lxc') {
    if (!parts.has('hwaddr')) parts.set('hwaddr', randomMac(world))
    parts.set('type', 'veth')
    return printProperties(
      new Map(
        [...parts].sort(([one], [other]) =>
          one === 'name' ? -1 : one < other && other !== 'name' ? -1 : 1,
        ),
      ),
    )
  }
  const model = parts.get('') ?? parts.get('model')
  if (model === undefined) return value
  const { '': _, model: __, ...rest } = Object.fromEntries(parts)
  return printProperties(
    new Map([[model, rest['macaddr'] ?? randomMac(world)], ...Object.entries(rest)]),
  )
}

function storedDisk(at: GuestCall, key: string, value: string): string {
  const { world, guest } = at
  const disk = parseDisk(key, value)
  if (disk.source === 'none' || disk.kind === 'bind' || disk.kind === 'device') return value
  const asked = NEW_VOLUME.exec(disk.source)
  if (asked !== null)
    return newDisk(at, disk, { storage: asked[1] ?? '', sizeBytes: Number(asked[2]) * GIB })
  if (disk.source.endsWith(':cloudinit')) return newCloudinit(at, disk.source.split(':')[0] ?? '')
  if (findVolume(world, disk.source, guest.node) === undefined) {
    storageOf(world, disk.source.split(':')[0] ?? '')
    throw dies(`volume '${disk.source}' does not exist`)
  }
  const sizeBytes = findVolume(world, disk.source, guest.node)?.sizeBytes ?? 0
  return disk.options.has('size') ? value : withProperties(value, { size: printSize(sizeBytes) })
}

function newDisk(
  { world, guest }: GuestCall,
  disk: ReturnType<typeof parseDisk>,
  wanted: { storage: string; sizeBytes: number },
): string {
  const source = disk.options.get('import-from')
  const sizeBytes =
    source === undefined
      ? wanted.sizeBytes
      : (findVolume(world, source, guest.node)?.sizeBytes ?? 0)
  if (source !== undefined && sizeBytes === 0) throw dies(`volume '${source}' does not exist`)
  const format = disk.options.get('format')
  const volume = allocateVolume(world, {
    storage: wanted.storage,
    node: guest.node,
    vmid: guest.vmid,
    sizeBytes,
    content: guest.type === 'qemu' ? 'images' : 'rootdir',
    ...(format === undefined ? {} : { format }),
  })
  const {
    '': _,
    file: __,
    volume: ___,
    format: ____,
    'import-from': _____,
    ...rest
  } = Object.fromEntries(disk.options)
  return printProperties(
    new Map([['', volume.volid], ...Object.entries({ ...rest, size: printSize(sizeBytes) })]),
  )
}

function newCloudinit({ world, guest }: GuestCall, storage: string): string {
  const plan = {
    storage,
    node: guest.node,
    vmid: guest.vmid,
    sizeBytes: CLOUDINIT_BYTES,
    kind: 'cloudinit',
  } as const
  const volume = allocateVolume(world, { ...plan, content: 'images' })
  return `${volume.volid},media=cdrom,size=4M`
}

function sortedTags(value: string): string {
  return [...new Set(value.toLowerCase().split(/[;,\s]+/))]
    .filter((tag) => tag !== '')
    .sort()
    .join(';')
}
