// SPDX-License-Identifier: GPL-3.0-or-later
/** What nodes use: their own load and that of the guests on them. */
import type { SimGuest, SimNode, World } from './world.ts'

/** What a node without guests needs of its memory. Units: bytes. */
const BASE_MEMORY_BYTES = 1.5 * 2 ** 30
const MIB = 2 ** 20

/** What a node uses. Units: bytes, seconds, fraction of all its processors. */
export interface NodeUsage {
  readonly cpu: number
  readonly mem: number
  readonly uptime: number
}

type Load = { cpus: number; mem: number }

/** What each node uses, in one pass over the guests. */
export function usageOfNodes(world: World): Map<string, NodeUsage> {
  const loads = new Map<string, Load>()
  for (const guest of world.guests.values()) addLoad(loads, guest)
  const usages = new Map<string, NodeUsage>()
  for (const node of world.nodes.values())
    usages.set(node.name, usageFrom(world, node, loads.get(node.name)))
  return usages
}

/** What one node uses. */
export function usageOfNode(world: World, node: SimNode): NodeUsage {
  const loads = new Map<string, Load>()
  for (const guest of world.guests.values()) if (guest.node === node.name) addLoad(loads, guest)
  return usageFrom(world, node, loads.get(node.name))
}

function addLoad(loads: Map<string, Load>, guest: SimGuest): void {
  if (guest.status !== 'running') return
  const { config, load: own } = guest
  const cpus = Number(config['cores'] ?? 1) * Number(config['sockets'] ?? 1)
  const mem = Number(config['memory'] ?? 512) * MIB * own.memory
  const load = loads.get(guest.node) ?? { cpus: 0, mem: 0 }
  loads.set(guest.node, { cpus: load.cpus + own.cpu * cpus, mem: load.mem + mem })
}

function usageFrom(world: World, node: SimNode, load: Load = { cpus: 0, mem: 0 }): NodeUsage {
  if (node.state !== 'online') return { cpu: 0, mem: 0, uptime: 0 }
  return {
    cpu: Math.min(1, node.baseLoad + load.cpus / node.cpuCount),
    mem: Math.min(node.memoryBytes, BASE_MEMORY_BYTES + load.mem),
    uptime: Math.max(0, Math.floor((world.now() - node.bootedAtMs) / 1000)),
  }
}
