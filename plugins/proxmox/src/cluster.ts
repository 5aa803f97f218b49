// SPDX-License-Identifier: GPL-3.0-or-later
/** The cluster as one of its nodes sees it: who is online, whether it has a quorum, and who leads for all. */
import type { Endpoint } from '@sallyport/sdk'
import { pveOf } from './pve.ts'
import { isTrue, rowsOf, textOf } from './values.ts'

/** A node as the cluster knows it. */
export interface ClusterNode {
  readonly name: string
  readonly isOnline: boolean
  /** Whether it is the one that answered. */
  readonly isLocal: boolean
  readonly address: string | null
}

/** What `/cluster/status` says. */
export interface ClusterState {
  /** Null for a node that is in no cluster. */
  readonly name: string | null
  readonly isQuorate: boolean
  readonly nodes: readonly ClusterNode[]
}

/** Asks who is in the cluster. Nodes are sorted by name. */
export async function clusterOf(endpoint: Pick<Endpoint, 'request'>): Promise<ClusterState> {
  return parseCluster(await pveOf(endpoint).cluster.status.$get())
}

/** The rows of `/cluster/status`. A node in no cluster has no row for one, and a quorum of itself. */
export function parseCluster(answer: unknown): ClusterState {
  const rows = rowsOf(answer)
  const cluster = rows.find((row) => row['type'] === 'cluster')
  const nodes = rows
    .filter((row) => row['type'] === 'node')
    .flatMap(nodeOf)
    .sort((a, b) => inOrder(a.name, b.name))
  if (cluster === undefined) return { name: null, isQuorate: nodes.length > 0, nodes }
  return { name: textOf(cluster['name']) ?? null, isQuorate: isTrue(cluster['quorate']), nodes }
}

function nodeOf(row: Readonly<Record<string, unknown>>): ClusterNode[] {
  const name = textOf(row['name'])
  if (name === undefined) return []
  const address = textOf(row['ip']) ?? null
  return [{ name, isOnline: isTrue(row['online']), isLocal: isTrue(row['local']), address }]
}

/**
 * The node whose agent does what is done once per cluster: of those that have an agent and are online, the first by
 * name. Every agent that sees the same cluster names the same one.
 *
 * @example
 * leadOf(['pve2', 'pve1'], cluster.nodes) // 'pve1', or 'pve2' while pve1 is offline
 */
export function leadOf(
  among: readonly string[],
  nodes: readonly ClusterNode[],
): string | undefined {
  const online = new Set(nodes.filter(({ isOnline }) => isOnline).map(({ name }) => name))
  return among.filter((name) => online.has(name)).sort(inOrder)[0]
}

/** Whether the cluster has a quorum now and would have none without this node. Each node has one vote. */
export function losesQuorum(cluster: ClusterState, node: string): boolean {
  const { nodes, isQuorate, name } = cluster
  if (name === null || !isQuorate) return false
  const rest = nodes.filter((each) => each.isOnline && each.name !== node).length
  return rest < Math.floor(nodes.length / 2) + 1
}

/** Order of names. Why not by language: every agent must sort alike, whatever its locale. */
export function inOrder(a: string, b: string): number {
  return a < b ? -1 : Number(a > b)
}
