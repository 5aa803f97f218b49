// SPDX-License-Identifier: GPL-3.0-or-later
/** The quorum of a simulated cluster, and what is refused without it. */
import { dies } from './contract.ts'
import type { SimNode, World } from './world.ts'

/** Whether more than half of the nodes are online. A single node that is in no cluster is always quorate. */
export function isQuorate(world: World): boolean {
  if (world.clusterName === '') return true
  let online = 0
  for (const node of world.nodes.values()) if (node.state === 'online') online += 1
  return online * 2 > world.nodes.size
}

/** Throws as a write to the cluster's file system does when there is no quorum. */
export function needQuorum(world: World): void {
  if (!isQuorate(world)) throw dies('cluster not ready - no quorum?')
}

/** The node of that name; throws as a lookup does when there is none. */
export function nodeOf(world: World, name: string): SimNode {
  const node = world.nodes.get(name)
  if (node === undefined) throw dies(`no such cluster node '${name}'`)
  return node
}
