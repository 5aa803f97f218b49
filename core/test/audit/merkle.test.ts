// SPDX-License-Identifier: Apache-2.0
/** The hash tree against the published roots and against a second, literal reading of RFC 6962, section 2.1. */
import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { sha256 } from '@sallyport/core/crypto'
import { MerkleFrontier, leafHash, nodeHash, rootOf } from '@sallyport/core/audit'
import { ENTRIES, ROOTS, hex, treeHash } from './reference-tree.ts'

describe('the hash tree', () => {
  it.each(ROOTS.map((root, n) => ({ size: n, root })))(
    'has the published root over the first $size reference entries',
    ({ size, root }) => {
      expect(hex(rootOf(ENTRIES.slice(0, size).map(leafHash)))).toBe(root)
    },
  )

  it('hashes a leaf and a node apart, so that neither passes for the other', () => {
    const [left, right] = [leafHash(Uint8Array.of(1)), leafHash(Uint8Array.of(2))]
    expect(hex(leafHash(Uint8Array.of(...left, ...right)))).not.toBe(hex(nodeHash(left, right)))
  })

  it('agrees with the recursive definition for every size', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 40 }), { maxLength: 300 }), (entries) => {
        expect(hex(rootOf(entries.map(leafHash)))).toBe(hex(treeHash(entries)))
      }),
      { numRuns: 40 },
    )
  })
})

describe('the frontier', () => {
  it('gives the same root whether it grew at once or was written and read in between', () => {
    const size = fc.integer({ min: 0, max: 400 })
    fc.assert(
      fc.property(size, size, (before, after) => {
        const leaves = Array.from({ length: before + after }, (_, n) => sha256(Uint8Array.of(n)))
        const grown = new MerkleFrontier()
        for (const leaf of leaves.slice(0, before)) grown.append(leaf)
        const read = MerkleFrontier.fromBytes(grown.toBytes())
        for (const leaf of leaves.slice(before)) read.append(leaf)
        expect(read.size).toBe(leaves.length)
        expect(hex(read.root())).toBe(hex(rootOf(leaves)))
      }),
      { numRuns: 40 },
    )
  })

  it('leaves the one it was cloned from as it was', () => {
    const first = new MerkleFrontier()
    first.append(leafHash(Uint8Array.of(1)))
    const root = hex(first.root())
    first.clone().append(leafHash(Uint8Array.of(2)))
    expect([first.size, hex(first.root())]).toEqual([1, root])
  })

  it('knows the roots of its own subtrees and of no other range', () => {
    const leaves = ENTRIES.slice(0, 7).map(leafHash)
    const frontier = new MerkleFrontier()
    for (const leaf of leaves) frontier.append(leaf)
    expect(hex(frontier.find(0, 4)!)).toBe(hex(rootOf(leaves.slice(0, 4))))
    expect(hex(frontier.find(4, 6)!)).toBe(hex(rootOf(leaves.slice(4, 6))))
    expect(hex(frontier.find(6, 7)!)).toBe(hex(leaves[6]!))
    expect([frontier.find(0, 2), frontier.find(0, 7), frontier.find(5, 6)]).toEqual([
      undefined,
      undefined,
      undefined,
    ])
  })

  it.each([
    ['no bytes', new Uint8Array()],
    ['half a size', new Uint8Array(7)],
    ['a subtree too many', new Uint8Array(8 + 32)],
    ['a subtree too few', Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 1)],
    ['a subtree cut short', Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 1, 9, 9)],
    ['a size beyond all counting', Uint8Array.of(255, 0, 0, 0, 0, 0, 0, 0)],
  ])('is not read from %s', (_, bytes) => {
    expect(() => MerkleFrontier.fromBytes(bytes)).toThrowCode('ERR_AUDIT_FRONTIER')
  })

  it('is not made for a size below zero or between counts', () => {
    expect(() => new MerkleFrontier(-1)).toThrowCode('ERR_AUDIT_FRONTIER')
    expect(() => new MerkleFrontier(0.5)).toThrowCode('ERR_AUDIT_FRONTIER')
  })
})
