// SPDX-License-Identifier: GPL-3.0-or-later
/** Makes the state of a simulated cluster from a seed: the same seed gives the same cluster. */
import { seedGuests } from './seed-guests.ts'
import { seedNode } from './seed-nodes.ts'
import { seedStorages } from './seed-storages.ts'
import type { PveVersion, SimAccess, World } from './world.ts'

/** The password of `root@pam` in a seeded cluster. */
export const ROOT_PASSWORD = 'sallyport-root'

/** What a seeded cluster shall be. */
export interface WorldPlan {
  readonly version: PveVersion
  /** How many nodes: `pve1` to `pveN`. */
  readonly nodes: number
  /** How many guests beside the templates 9000 and 9001. Their numbers start at 100; the first is on `pve1`, and so on. */
  readonly guests: number
  readonly seed: number
  /** Epoch milliseconds. */
  readonly clock: () => number
  /** How long a simulated second takes. Units: milliseconds. */
  readonly secondMs: number
  /** `lab` unless given; a single node is in no cluster. */
  readonly clusterName?: string
  /** Nodes that are switched off; their guests are stopped. */
  readonly offline?: readonly string[]
}

/**
 * Makes a cluster with nodes, storages, guests and backups.
 *
 * The first guests are the same in every cluster that has as many: 100 (qemu, agent, two snapshots), 101 (lxc with a
 * bind mount and a mount point left out of backups), 102 (qemu with a disk on `usb`, a folder of `pve1`), 103 (lxc),
 * 104 (qemu, protected), 106 (qemu that does not shut down). 9000 is a cloud-init template, 9001 an LXC template.
 */
export function makeWorld(plan: WorldPlan): World {
  const random = generator(plan.seed)
  const world: World = {
    version: plan.version,
    clusterName: plan.clusterName ?? (plan.nodes > 1 ? 'lab' : ''),
    nodes: new Map(),
    guests: new Map(),
    storages: new Map(),
    pools: new Map(),
    access: rootAccess(),
    tasks: new Map(),
    jobs: new Map(),
    ha: { resources: new Map(), rules: new Map() },
    options: { keyboard: 'en-us' },
    now: plan.clock,
    random,
    secondMs: plan.secondMs,
  }
  for (let id = 1; id <= plan.nodes; id += 1) {
    const isOffline = plan.offline?.includes(`pve${id}`) === true
    world.nodes.set(`pve${id}`, seedNode(world, id, isOffline))
  }
  seedStorages(world, plan.guests)
  seedGuests(world, plan.guests)
  return world
}

/** Numbers from 0 to 1 from a seed. The generator is mulberry32, which is in the public domain. */
function generator(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296
  }
}

/** Only `root@pam`, who may do everything. */
function rootAccess(): SimAccess {
  const root = {
    id: 'root@pam',
    password: ROOT_PASSWORD,
    isEnabled: true,
    comment: '',
    email: 'root@example.test',
    tokens: new Map(),
  }
  return { users: new Map([[root.id, root]]), roles: new Map(), groups: new Map(), acl: [] }
}
