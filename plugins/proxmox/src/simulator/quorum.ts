// SPDX-License-Identifier: GPL-3.0-or-later
/** The quorum of a simulated cluster, and what is refused without it. */
import { dies, PveError } from './contract.ts'
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

/** A node that answers; throws as a proxied request to another one does. */
export function onlineNode(world: World, name: string): SimNode {
  const node = world.nodes.get(name)
  if (node === undefined)
    throw dies(
      `hostname lookup '${name}' failed - failed to get address info for: ${name}: Name or service not known`,
    )
  if (node.state !== 'online') throw new PveError(595, 'No route to host')
  return node
}
