// SPDX-License-Identifier: GPL-3.0-or-later
/** The guests of a seeded cluster, with their disks and backups. */
import type { SimGuest, SimNode, SimSnapshot, World } from './world.ts'
import { seedBackup } from './seed-backups.ts'
import { placeVolume } from './volumes.ts'

const GIB = 2 ** 30
const DAY_MS = 86_400_000
const NAMES = [
  'web',
  'db',
  'files',
  'mail',
  'photos',
  'ci',
  'metrics',
  'proxy',
  'wiki',
  'dns',
  'git',
  'media',
] as const
const TAGS = ['prod', 'staging', 'home', 'prod;web', 'lab'] as const
/** How many guests have backups. */
const MAX_BACKED_UP = 200

type Config = SimGuest['config']

/** Makes the guests and the two templates. */
export function seedGuests(world: World, count: number): void {
  const nodes = [...world.nodes.values()]
  for (let index = 0, vmid = 100; index < count; index += 1, vmid += 1) {
    if (vmid === 9000) vmid += 2
    const node = nodes[index === 2 ? 0 : index % nodes.length]
    if (node !== undefined) addGuest(world, { index, vmid, node })
  }
  const first = nodes[0]
  if (first !== undefined) addTemplates(world, first)
}

interface Place {
  readonly index: number
  readonly vmid: number
  readonly node: SimNode
}

function addGuest(world: World, place: Place): void {
  const type = place.index % 2 === 1 ? 'lxc' : 'qemu'
  const name = `${NAMES[place.index % NAMES.length]}${place.index < NAMES.length ? '' : `-${place.index}`}`
  const config = type === 'qemu' ? qemuConfig(world, place, name) : lxcConfig(world, place, name)
  const isRunning = place.node.state === 'online' && place.index % 5 !== 3
  const guest = guestFrom(world, place, type, config)
  guest.status = isRunning ? 'running' : 'stopped'
  guest.startedAtMs = isRunning ? Math.max(place.node.bootedAtMs, world.now() - 20 * DAY_MS) : 0
  if (place.index === 0) addSnapshots(world, guest)
  if (place.index === 6) guest.obeysShutdown = false
  world.guests.set(guest.vmid, guest)
  if (place.index < MAX_BACKED_UP) seedBackup(world, guest)
}

function guestFrom(world: World, place: Place, type: SimGuest['type'], config: Config): SimGuest {
  return {
    vmid: place.vmid,
    type,
    node: place.node.name,
    status: 'stopped',
    qmpStatus: 'running',
    startedAtMs: 0,
    config,
    pending: {},
    snapshots: [],
    parent: undefined,
    lock: undefined,
    isTemplate: false,
    pool: undefined,
    load: { cpu: 0.01 + world.random() * 0.3, memory: 0.2 + world.random() * 0.6 },
    hasAgent: type === 'qemu',
    obeysShutdown: true,
  }
}

function qemuConfig(world: World, place: Place, name: string): Config {
  const storage = place.index === 2 ? 'usb' : place.index % 4 === 0 ? 'nas' : 'local-lvm'
  const gib = 8 + Math.floor(world.random() * 4) * 8
  const volid =
    storage === 'local-lvm'
      ? `${storage}:vm-${place.vmid}-disk-0`
      : `${storage}:${place.vmid}/vm-${place.vmid}-disk-0.qcow2`
  placeDisk(world, place, volid, gib)
  return {
    agent: 'enabled=1',
    boot: 'order=scsi0;net0',
    cores: 1 + Math.floor(world.random() * 4),
    cpu: 'x86-64-v2-AES',
    memory: `${1024 * (1 + Math.floor(world.random() * 4))}`,
    name,
    net0: `virtio=${macFor(place.vmid)},bridge=vmbr0,firewall=1`,
    onboot: place.index % 3 === 0 ? 1 : 0,
    ostype: 'l26',
    ...(place.index === 4 ? { protection: 1 } : {}),
    scsi0: `${volid},iothread=1,size=${gib}G`,
    scsihw: 'virtio-scsi-single',
    smbios1: `uuid=${uuid(world)}`,
    sockets: 1,
    tags: TAGS[place.index % TAGS.length] ?? 'lab',
    vmgenid: uuid(world),
  }
}

function lxcConfig(world: World, place: Place, name: string): Config {
  const storage = place.index % 4 === 3 ? 'nas' : 'local-lvm'
  const gib = 4 + Math.floor(world.random() * 3) * 4
  const volid =
    storage === 'nas'
      ? `nas:${place.vmid}/vm-${place.vmid}-disk-0.raw`
      : `local-lvm:vm-${place.vmid}-disk-0`
  placeDisk(world, place, volid, gib)
  return {
    arch: 'amd64',
    cores: 1 + Math.floor(world.random() * 2),
    features: 'nesting=1',
    hostname: name,
    memory: 512 * (1 + Math.floor(world.random() * 4)),
    ...(place.index === 1 ? mountPoints(world, place) : {}),
    net0: `name=eth0,bridge=vmbr0,firewall=1,hwaddr=${macFor(place.vmid)},ip=dhcp,type=veth`,
    onboot: place.index % 3 === 0 ? 1 : 0,
    ostype: 'debian',
    rootfs: `${volid},size=${gib}G`,
    swap: 512,
    tags: TAGS[place.index % TAGS.length] ?? 'lab',
    unprivileged: 1,
  }
}

/** A bind mount with bulk data, a volume that backups leave out, and one that they take. */
function mountPoints(world: World, place: Place): Config {
  placeDisk(world, place, `local-lvm:vm-${place.vmid}-disk-1`, 32)
  placeDisk(world, place, `local-lvm:vm-${place.vmid}-disk-2`, 8)
  return {
    mp0: '/mnt/bulk/photos,mp=/photos',
    mp1: `local-lvm:vm-${place.vmid}-disk-1,mp=/cache,backup=0,size=32G`,
    mp2: `local-lvm:vm-${place.vmid}-disk-2,mp=/var/lib/app,backup=1,size=8G`,
  }
}

function placeDisk(world: World, place: Place, volid: string, gib: number): void {
  const storage = world.storages.get(volid.split(':')[0] ?? '')
  if (storage === undefined) return
  placeVolume(storage, {
    volid,
    node: storage.isShared ? undefined : place.node.name,
    content: place.index % 2 === 1 ? 'rootdir' : 'images',
    format: volid.endsWith('.qcow2') ? 'qcow2' : 'raw',
    sizeBytes: gib * GIB,
    usedBytes: Math.round(gib * GIB * (0.1 + world.random() * 0.4)),
    vmid: place.vmid,
    createdAtMs: world.now() - 60 * DAY_MS,
    notes: undefined,
    isProtected: false,
    parent: undefined,
    saved: undefined,
  })
}

function addSnapshots(world: World, guest: SimGuest): void {
  const take = (name: string, daysAgo: number, parent: string | undefined): SimSnapshot => ({
    name,
    description: `${name}\n`,
    takenAtMs: world.now() - daysAgo * DAY_MS,
    withMemory: false,
    parent,
    config: { ...guest.config },
  })
  guest.snapshots.push(take('installed', 40, undefined), take('before-upgrade', 3, 'installed'))
  guest.parent = 'before-upgrade'
}

/** 9000: a machine to clone with cloud-init; 9001: a container to clone. Both lie on the shared storage. */
function addTemplates(world: World, node: SimNode): void {
  const machine = { index: 0, vmid: 9000, node }
  const container = { index: 1, vmid: 9001, node }
  placeDisk(world, machine, 'nas:9000/base-9000-disk-0.qcow2', 3)
  placeDisk(world, machine, 'nas:9000/vm-9000-cloudinit.qcow2', 1)
  placeDisk(world, container, 'nas:9001/base-9001-disk-0.raw', 4)
  const templates = [
    guestFrom(world, machine, 'qemu', qemuBase(world)),
    guestFrom(world, container, 'lxc', lxcBase()),
  ]
  for (const guest of templates) {
    guest.isTemplate = true
    guest.config = { ...guest.config, template: 1 }
    world.guests.set(guest.vmid, guest)
  }
}

function qemuBase(world: World): Config {
  return {
    agent: 'enabled=1',
    boot: 'order=virtio0',
    ciuser: 'ops',
    cores: 2,
    cpu: 'x86-64-v2-AES',
    ide2: 'nas:9000/vm-9000-cloudinit.qcow2,media=cdrom,size=4M',
    ipconfig0: 'ip=dhcp',
    memory: '2048',
    name: 'debian-13-cloud',
    net0: `virtio=${macFor(9000)},bridge=vmbr0`,
    ostype: 'l26',
    scsihw: 'virtio-scsi-single',
    serial0: 'socket',
    smbios1: `uuid=${uuid(world)}`,
    sockets: 1,
    vga: 'serial0',
    virtio0: 'nas:9000/base-9000-disk-0.qcow2,size=3G',
    vmgenid: uuid(world),
  }
}

function lxcBase(): Config {
  return {
    arch: 'amd64',
    cores: 1,
    hostname: 'debian-13-ct',
    memory: 512,
    net0: `name=eth0,bridge=vmbr0,hwaddr=${macFor(9001)},ip=dhcp,type=veth`,
    ostype: 'debian',
    rootfs: 'nas:9001/base-9001-disk-0.raw,size=4G',
    swap: 512,
    unprivileged: 1,
  }
}

/** An address from the vendor's range. */
function macFor(vmid: number): string {
  const low = [(vmid >> 16) & 255, (vmid >> 8) & 255, vmid & 255]
  return [
    'BC',
    '24',
    '11',
    ...low.map((part) => part.toString(16).toUpperCase().padStart(2, '0')),
  ].join(':')
}

function uuid(world: World): string {
  const hex = Array.from({ length: 8 }, () =>
    Math.floor(world.random() * 65536)
      .toString(16)
      .padStart(4, '0'),
  )
  return `${hex[0]}${hex[1]}-${hex[2]}-4${hex[3]?.slice(1)}-8${hex[4]?.slice(1)}-${hex[5]}${hex[6]}${hex[7]}`
}
