// SPDX-License-Identifier: Apache-2.0
/** Every job type of the Proxmox plugin once, in an order in which each finds what it needs, on the cluster of seed 7. */
import { startTask, type World } from '@sallyport/plugin-proxmox/testing'

/** One job of the journey. */
export interface Leg {
  readonly input: Readonly<Record<string, unknown>>
  /** Part of the output. */
  readonly output?: Readonly<Record<string, unknown>>
  /** The operations that change something which the cluster must see, in this order; none unless given. */
  readonly effects?: readonly string[]
  /** Prepares the cluster. */
  readonly before?: (world: World) => void
  /** How the cluster must be afterwards. */
  readonly then?: (world: World) => unknown
}

/** A job type, and what is made of the cluster when its turn comes. */
export interface NamedLeg {
  readonly job: string
  readonly make: (world: World) => Leg
}

const leg = (job: string, make: NamedLeg['make']): NamedLeg => ({ job, make })

/** What is running on pve1 and what is not, in the world of seed 7. */
const RUNNING = { node: 'pve1', vmid: 100 }
const STOPPED = { node: 'pve3', vmid: 108 }
const CONTAINER = { node: 'pve1', vmid: 103 }
const COPY = { node: 'pve1', vmid: 300 }
const MADE = { node: 'pve1', vmid: 301 }
const RESTORED = { node: 'pve1', vmid: 302 }

const LONG_TASK = {
  node: 'pve1',
  type: 'vzdump',
  id: '100',
  user: 'sallyport@pve!lab',
  steps: [{ seconds: 100_000 }],
}

const MEDIA = {
  storage: 'media',
  type: 'nfs',
  server: '192.0.2.20',
  export: '/srv/media',
  class: 'slow',
  role: 'media',
  content: ['images', 'backup'],
}

/** Its password is in the secret that the agent binds. */
const SHARE = {
  storage: 'share',
  type: 'cifs',
  server: '192.0.2.21',
  share: 'backup',
  username: 'ada',
  class: 'slow',
  role: 'backup',
  content: ['backup'],
}

const status = (verb: string, kind = 'qemu'): string =>
  `POST /nodes/{node}/${kind}/{vmid}/status/${verb}`
const guest = (world: World, { vmid }: { vmid: number }) => world.guests.get(vmid)

/** The task of a type that was started last. */
export function lastTask(world: World, type: string): string {
  return [...world.tasks.values()].findLast((task) => task.type === type)!.upid
}

/** The newest backup of a guest on a storage. */
export function lastBackup(world: World, storage: string, vmid: number): string {
  return [...world.storages.get(storage)!.volumes.values()].findLast(
    (volume) => volume.content === 'backup' && volume.vmid === vmid,
  )!.volid
}

/** The journey; `world` is looked at when a leg begins. */
export const JOURNEY: readonly NamedLeg[] = [
  leg('cluster.status', () => ({ input: {}, output: { name: 'lab', isQuorate: true } })),
  leg('cluster.resources', () => ({ input: {}, output: { notes: [] } })),
  leg('cluster.report', () => ({
    input: { among: ['pve1', 'pve2'], samples: 6 },
    output: { isLead: true, lead: 'pve1' },
  })),
  leg('node.status', () => ({ input: { node: 'pve2' } })),
  leg('update.status', () => ({ input: { nodes: ['pve1'] } })),
  leg('access.check', () => ({ input: {} })),
  leg('storage.list', () => ({ input: {} })),
  leg('storage.status', () => ({ input: { node: 'pve1' } })),
  leg('guest.list', () => ({ input: {} })),
  leg('guest.show', () => ({ input: RUNNING })),
  leg('guest.start', () => ({
    input: STOPPED,
    output: { changed: true },
    effects: [status('start')],
    then: (world) => guest(world, STOPPED)!.status === 'running',
  })),
  leg('guest.start', () => ({ input: STOPPED, output: { changed: false } })),
  leg('guest.suspend', () => ({ input: STOPPED, effects: [status('suspend')] })),
  leg('guest.resume', () => ({ input: STOPPED, effects: [status('resume')] })),
  leg('guest.reboot', () => ({ input: STOPPED, effects: [status('reboot')] })),
  leg('guest.shutdown', () => ({
    input: STOPPED,
    effects: [status('shutdown')],
    then: (world) => guest(world, STOPPED)!.status === 'stopped',
  })),
  leg('guest.start', () => ({ input: CONTAINER, effects: [status('start', 'lxc')] })),
  leg('guest.stop', () => ({
    input: CONTAINER,
    effects: [status('stop', 'lxc')],
    then: (world) => guest(world, CONTAINER)!.status === 'stopped',
  })),
  leg('guest.config', () => ({
    input: { ...STOPPED, description: 'of the journey', tags: ['lab'] },
    effects: ['PUT /nodes/{node}/qemu/{vmid}/config'],
    then: (world) => guest(world, STOPPED)!.config['tags'] === 'lab',
  })),
  leg('guest.resize', () => ({
    input: { ...CONTAINER, disk: 'rootfs', size: '512G' },
    effects: ['PUT /nodes/{node}/lxc/{vmid}/resize'],
  })),
  leg('guest.snapshot.create', () => ({
    input: { ...STOPPED, snapshot: 'before', description: 'x' },
    effects: ['POST /nodes/{node}/qemu/{vmid}/snapshot'],
    then: (world) => guest(world, STOPPED)!.snapshots.some(({ name }) => name === 'before'),
  })),
  leg('guest.snapshot.list', () => ({ input: STOPPED })),
  leg('guest.snapshot.rollback', () => ({
    input: { ...STOPPED, snapshot: 'before' },
    effects: ['POST /nodes/{node}/qemu/{vmid}/snapshot/{snapname}/rollback'],
  })),
  leg('guest.snapshot.delete', () => ({
    input: { ...STOPPED, snapshot: 'before' },
    effects: ['DELETE /nodes/{node}/qemu/{vmid}/snapshot/{snapname}'],
    then: (world) => !guest(world, STOPPED)!.snapshots.some(({ name }) => name === 'before'),
  })),
  leg('guest.clone', () => ({
    input: { node: 'pve1', vmid: 9000, newid: COPY.vmid, name: 'copy', full: true },
    effects: ['POST /nodes/{node}/qemu/{vmid}/clone'],
    then: (world) => guest(world, COPY)?.config['name'] === 'copy',
  })),
  leg('guest.identity.reset', () => ({
    input: { ...COPY, name: 'another' },
    effects: ['PUT /nodes/{node}/qemu/{vmid}/config'],
    then: (world) => guest(world, COPY)!.config['name'] === 'another',
  })),
  leg('guest.provision', () => ({
    input: {
      ...MADE,
      template: 9000,
      name: 'made',
      network: { address: '192.0.2.10/24', gateway: '192.0.2.1' },
      ciUser: 'ada',
      sshKeys: [
        'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGhVtn0xhVYEsGY3CXoqVvcMQnZYkDR1tOrjOQnVYzqu x y',
      ],
    },
    effects: [
      'POST /nodes/{node}/qemu/{vmid}/clone',
      'PUT /nodes/{node}/qemu/{vmid}/config',
      status('start'),
    ],
    then: (world) => guest(world, MADE)?.status === 'running',
  })),
  leg('guest.backup', () => ({
    input: { ...STOPPED, storage: 'nas', notes: 'of the journey', protected: true },
    effects: ['POST /nodes/{node}/vzdump'],
    then: (world) => lastBackup(world, 'nas', STOPPED.vmid),
  })),
  leg('guest.restore', (world) => ({
    input: {
      ...RESTORED,
      archive: lastBackup(world, 'nas', STOPPED.vmid),
      storage: 'local-lvm',
      unique: true,
    },
    effects: ['POST /nodes/{node}/qemu'],
    then: (world) => guest(world, RESTORED)?.status === 'stopped',
  })),
  leg('guest.migrate', () => ({
    input: { ...RESTORED, target: 'pve2', withLocalDisks: true },
    effects: ['POST /nodes/{node}/qemu/{vmid}/migrate'],
    then: (world) => guest(world, RESTORED)!.node === 'pve2',
  })),
  leg('guest.delete', () => ({
    input: { ...RESTORED, node: 'pve2' },
    effects: ['DELETE /nodes/{node}/qemu/{vmid}'],
    then: (world) => guest(world, RESTORED) === undefined,
  })),
  leg('task.wait', (world) => ({ input: { node: 'pve2', upid: lastTask(world, 'qmdestroy') } })),
  leg('task.log', (world) => ({ input: { node: 'pve2', upid: lastTask(world, 'qmdestroy') } })),
  leg('task.stop', (world) => ({
    input: { node: 'pve1', upid: startTask(world, LONG_TASK) },
    effects: ['DELETE /nodes/{node}/tasks/{upid}'],
  })),
  leg('guest.restore.latest', () => ({
    input: {
      node: 'pve1',
      vmid: 303,
      backupOf: STOPPED.vmid,
      from: ['usb', 'nas'],
      storage: 'local-lvm',
      unique: true,
    },
    effects: ['POST /nodes/{node}/qemu'],
    then: (world) => guest(world, { vmid: 303 })?.status === 'stopped',
  })),
  leg('storage.reconcile', () => ({
    input: { nodes: ['pve1'], storages: ['media'], targets: [MEDIA] },
    output: { created: ['media'] },
    effects: ['POST /storage'],
    then: (world) => world.storages.get('media')?.type === 'nfs',
  })),
  leg('storage.reconcile', () => ({
    input: { nodes: ['pve1'], storages: ['media'], targets: [MEDIA] },
    output: { created: [], changed: false },
  })),
  leg('storage.attach', () => ({
    input: { nodes: ['pve1'], storages: ['share'], targets: [SHARE] },
    output: { created: ['share'] },
    effects: ['POST /storage'],
  })),
  leg('node.reboot', () => ({ input: { node: 'pve3' }, effects: ['POST /nodes/{node}/status'] })),
  leg('node.shutdown', () => ({
    input: { node: 'pve3' },
    effects: ['POST /nodes/{node}/status'],
    then: (world) => world.nodes.get('pve3')!.state === 'offline',
  })),
  leg('node.wake', () => ({
    input: { node: 'pve3' },
    effects: ['POST /nodes/{node}/wakeonlan'],
    then: (world) => world.nodes.get('pve3')!.state === 'online',
  })),
]
