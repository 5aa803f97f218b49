// SPDX-License-Identifier: Apache-2.0
/** Changes that a cluster can be asked for again and again, each on a guest of its own, so that they can be asked side by side. */
import type { World } from '@sallyport/plugin-proxmox/testing'

/** One job type that changes something. */
export interface Change {
  readonly job: string
  /** The operation that its one changing request goes to. */
  readonly operation: string
  /** The input of its `nth` run; makes the cluster so that it can be done. */
  readonly make: (world: World, nth: number) => Record<string, unknown>
  /** The code of its failure when it was told of another task, unless that is ERR_PVE_UPID. */
  readonly misled?: string
}

const guestOf = (world: World, vmid: number) => world.guests.get(vmid)!

/** Those that start a task. */
export const TASK_CHANGES: readonly Change[] = [
  {
    job: 'guest.start',
    operation: 'POST /nodes/{node}/qemu/{vmid}/status/start',
    make: (world) => {
      guestOf(world, 108).status = 'stopped'
      return { node: 'pve3', vmid: 108 }
    },
  },
  {
    job: 'guest.snapshot.create',
    operation: 'POST /nodes/{node}/qemu/{vmid}/snapshot',
    make: (_, nth) => ({ node: 'pve1', vmid: 100, snapshot: `nth-${nth}` }),
  },
  {
    job: 'guest.clone',
    operation: 'POST /nodes/{node}/qemu/{vmid}/clone',
    make: (_, nth) => ({ node: 'pve1', vmid: 9000, newid: 400 + nth }),
    // The copy is there, and nobody says of which task.
    misled: 'ERR_PVE_HALF_MADE',
  },
  {
    job: 'guest.backup',
    operation: 'POST /nodes/{node}/vzdump',
    // Two backups of one guest in the same second would have the same name.
    make: (_, nth) => ({ node: 'pve1', vmid: [103, 106, 109][nth % 3], storage: 'nas' }),
  },
  {
    job: 'guest.migrate',
    operation: 'POST /nodes/{node}/qemu/{vmid}/migrate',
    make: (world) => {
      guestOf(world, 104).node = 'pve2'
      return { node: 'pve2', vmid: 104, target: 'pve1' }
    },
  },
  {
    job: 'guest.delete',
    operation: 'DELETE /nodes/{node}/qemu/{vmid}',
    make: (world, nth) => {
      const vmid = 500 + nth
      addBareGuest(world, vmid)
      return { node: 'pve1', vmid }
    },
  },
]

/** Those that are done when they are answered. */
export const DIRECT_CHANGES: readonly Change[] = [
  {
    job: 'guest.config',
    operation: 'PUT /nodes/{node}/lxc/{vmid}/config',
    make: (_, nth) => ({ node: 'pve3', vmid: 105, description: `nth ${nth}` }),
  },
  {
    job: 'storage.reconcile',
    operation: 'POST /storage',
    make: (_, nth) => {
      const media = { type: 'nfs', server: '192.0.2.20', class: 'slow', role: 'media' }
      const target = { ...media, storage: `nth-${nth}`, export: `/srv/${nth}`, content: ['images'] }
      return { nodes: ['pve1'], storages: [target.storage], targets: [target] }
    },
  },
]

/** A stopped machine without a disk. */
function addBareGuest(world: World, vmid: number): void {
  const config = { name: `bare-${vmid}`, memory: 512, cores: 1 }
  const like = guestOf(world, 108)
  const bare = { vmid, node: 'pve1', config, pending: {}, snapshots: [] }
  world.guests.set(vmid, { ...like, ...bare, status: 'stopped' })
}
