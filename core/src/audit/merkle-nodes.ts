// SPDX-License-Identifier: Apache-2.0
/** The hash tree as a table of its perfect subtrees, so that a long log proves its growth without reading its leaves. */
import { largestPowerWithin, nodeHash } from './merkle.ts'

/** The root over the 2^level leaves from `position * 2^level` on. */
export interface TreeNode {
  readonly level: number
  readonly position: number
}

/** The perfect subtrees over the leaves `from` (included) to `to` (excluded), from left to right. */
export function nodesOf(from: number, to: number): TreeNode[] {
  const nodes: TreeNode[] = []
  for (let at = from; at < to;) {
    const width = largestPowerWithin(to - at)
    nodes.push({ level: Math.log2(width), position: at / width })
    at += width
  }
  return nodes
}

/** The subtrees that the leaf of this index completes, smallest first: the leaf itself, and each with the one to its left. */
export function nodesCompletedBy(index: number): TreeNode[] {
  const nodes = [{ level: 0, position: index }]
  for (let [level, position] = [1, index]; position % 2 === 1; level += 1) {
    position = (position - 1) / 2
    nodes.push({ level, position })
  }
  return nodes
}

/** The root over neighbouring subtrees as `nodesOf` names them. Shape: at least one hash. */
export function rootOfNodes(hashes: readonly Uint8Array[]): Uint8Array {
  return hashes.reduceRight((right, left) => nodeHash(left, right))
}
