// SPDX-License-Identifier: Apache-2.0
/** The tree from a table of its perfect subtrees is the tree over its leaves. */
import { describe, expect, it } from '@jest/globals'
import {
  consistencyPath,
  leafHash,
  nodeHash,
  nodesCompletedBy,
  nodesOf,
  rootOf,
  rootOfNodes,
  verifyConsistency,
  type TreeNode,
} from '@sallyport/core/audit'

const SIZES = 70

describe('the table of perfect subtrees', () => {
  const leaves = Array.from({ length: SIZES }, (_, n) => leafHash(Uint8Array.of(n)))
  const table = new Map<string, Uint8Array>()
  const at = ({ level, position }: TreeNode) => table.get(`${level} ${position}`)!
  for (const [index, leaf] of leaves.entries()) {
    let hash = leaf
    for (const node of nodesCompletedBy(index)) {
      if (node.level > 0) {
        hash = nodeHash(at({ level: node.level - 1, position: node.position * 2 }), hash)
      }
      table.set(`${node.level} ${node.position}`, hash)
    }
  }

  it('gives the root of every size', () => {
    for (let size = 1; size <= SIZES; size += 1) {
      expect(rootOfNodes(nodesOf(0, size).map(at))).toEqual(rootOf(leaves.slice(0, size)))
    }
  })

  it('has a node for every range that a proof of growth asks for', () => {
    const hashOf = (from: number, to: number) => rootOfNodes(nodesOf(from, to).map(at))
    for (let oldSize = 1; oldSize <= SIZES; oldSize += 1) {
      const claim = {
        oldSize,
        oldRoot: rootOf(leaves.slice(0, oldSize)),
        newSize: SIZES,
        newRoot: rootOf(leaves),
        path: consistencyPath(hashOf, oldSize, SIZES),
      }
      expect(verifyConsistency(claim)).toBe(true)
    }
  })

  it('names nothing for nothing', () => {
    expect(nodesOf(0, 0)).toEqual([])
    expect(nodesOf(5, 5)).toEqual([])
  })
})
