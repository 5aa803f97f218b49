// SPDX-License-Identifier: GPL-3.0-or-later
/** The storages of a seeded cluster, with what lies on them beside the guests' disks. */
import type { SimStorage, SimVolume, World } from './world.ts'
import { placeVolume } from './volumes.ts'

const GIB = 2 ** 30

type StoragePlan = Pick<SimStorage, 'id' | 'type' | 'content' | 'options'> & {
  readonly gib: number
  readonly nodes?: string[]
}

/** Makes the storages; those that are shared have room for as many guests. */
export function seedStorages(world: World, guests: number): void {
  const names = [...world.nodes.keys()]
  const perNode = 100 + Math.ceil(guests / Math.max(1, names.length)) * 64
  const plans: StoragePlan[] = [
    {
      id: 'local',
      type: 'dir',
      content: ['iso', 'vztmpl', 'backup', 'snippets'],
      options: { path: '/var/lib/vz' },
      gib: 94,
    },
    {
      id: 'local-lvm',
      type: 'lvmthin',
      content: ['rootdir', 'images'],
      options: { thinpool: 'data', vgname: 'pve' },
      gib: perNode,
    },
    {
      id: 'local-zfs',
      type: 'zfspool',
      content: ['images', 'rootdir'],
      options: { pool: 'rpool/data', sparse: 1 },
      gib: perNode,
      nodes: names.filter((_, index) => index % 2 === 0),
    },
    {
      id: 'nas',
      type: 'nfs',
      content: ['images', 'rootdir', 'backup', 'iso', 'vztmpl'],
      options: { server: '10.20.255.10', export: '/volume1/pve', path: '/mnt/pve/nas' },
      gib: 4096 + guests * 64,
    },
    {
      id: 'usb',
      type: 'dir',
      content: ['backup', 'images'],
      options: { path: '/mnt/usb', is_mountpoint: 'yes' },
      gib: 1800,
      nodes: names.slice(0, 1),
    },
    {
      id: 'pbs',
      type: 'pbs',
      content: ['backup'],
      options: {
        server: '10.20.255.20',
        datastore: 'store1',
        username: 'backup@pbs',
        fingerprint: fingerprint(world),
      },
      gib: 8192 + guests * 32,
    },
  ]
  for (const plan of plans) world.storages.set(plan.id, storageFrom(plan))
  seedImages(world)
}

function storageFrom(plan: StoragePlan): SimStorage {
  return {
    id: plan.id,
    type: plan.type,
    content: plan.content,
    isShared: plan.type === 'nfs' || plan.type === 'pbs',
    nodes: plan.nodes,
    isEnabled: true,
    options: plan.options,
    totalBytes: plan.gib * GIB,
    unreachableFrom: new Set(),
    volumes: new Map(),
  }
}

/** Images to install from and container templates, on the shared storage and on the first node. */
function seedImages(world: World): void {
  const nas = world.storages.get('nas')
  const local = world.storages.get('local')
  if (nas === undefined || local === undefined) return
  const iso = { content: 'iso', format: 'iso', sizeBytes: 700 * 2 ** 20 } as const
  const template = { content: 'vztmpl', format: 'tzst', sizeBytes: 120 * 2 ** 20 } as const
  placeVolume(nas, image(world, 'nas:iso/debian-13.1.0-amd64-netinst.iso', undefined, iso))
  placeVolume(
    nas,
    image(world, 'nas:vztmpl/debian-13-standard_13.1-2_amd64.tar.zst', undefined, template),
  )
  placeVolume(
    local,
    image(world, 'local:vztmpl/debian-13-standard_13.1-2_amd64.tar.zst', 'pve1', template),
  )
}

function image(
  world: World,
  volid: string,
  node: string | undefined,
  shape: Pick<SimVolume, 'content' | 'format' | 'sizeBytes'>,
): SimVolume {
  return {
    ...shape,
    volid,
    node,
    usedBytes: shape.sizeBytes,
    vmid: undefined,
    createdAtMs: world.now() - 90 * 86_400_000,
    notes: undefined,
    isProtected: false,
    parent: undefined,
    saved: undefined,
  }
}

function fingerprint(world: World): string {
  const parts = Array.from({ length: 32 }, () => Math.floor(world.random() * 256))
  return parts.map((part) => part.toString(16).padStart(2, '0')).join(':')
}
