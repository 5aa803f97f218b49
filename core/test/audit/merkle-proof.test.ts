// SPDX-License-Identifier: Apache-2.0
/** Proofs: the published ones come out, every honest one passes, no altered one does. */
import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import {
  consistencyPath,
  inclusionPath,
  leafHash,
  nodeHash,
  rangesOf,
  rootOf,
  verifyConsistency,
  verifyInclusion,
} from '@sallyport/core/audit'
import { CONSISTENCY_PATHS, ENTRIES, INCLUSION_PATHS, hex } from './reference-tree.ts'

const REFERENCE = ENTRIES.map(leafHash)
const LEAVES = Array.from({ length: 400 }, (_, n) => leafHash(Uint8Array.of(n >> 8, n)))
const ROOTS = Array.from({ length: LEAVES.length + 1 }, (_, size) => rootOf(LEAVES.slice(0, size)))
const rangeHash = rangesOf(LEAVES)

const sizes = fc.integer({ min: 1, max: LEAVES.length })
/** A tree size and an index in it. */
const spot = sizes.chain((size) =>
  fc.tuple(fc.integer({ min: 0, max: size - 1 }), fc.constant(size)),
)
/** Two tree sizes, the smaller first. */
const pair = fc
  .tuple(fc.integer({ min: 0, max: LEAVES.length }), sizes)
  .map(([a, b]) => (a <= b ? ([a, b] as const) : ([b, a] as const)))

function inclusion(index: number, size: number): Parameters<typeof verifyInclusion>[0] {
  const path = inclusionPath(rangeHash, index, size)
  return { leafHash: LEAVES[index]!, index, size, path, root: ROOTS[size]! }
}

function consistency(oldSize: number, newSize: number): Parameters<typeof verifyConsistency>[0] {
  const path = consistencyPath(rangeHash, oldSize, newSize)
  return { oldSize, oldRoot: ROOTS[oldSize]!, newSize, newRoot: ROOTS[newSize]!, path }
}

/** The path with one bit of one hash turned over, or with a hash more or less. */
function altered(path: readonly Uint8Array[], seed: number): Uint8Array[] {
  const copy = path.map((hash) => Uint8Array.from(hash))
  const at = seed % (copy.length + 2)
  if (at === copy.length) return [...copy, new Uint8Array(32)]
  if (at > copy.length) return copy.length === 0 ? [new Uint8Array(32)] : copy.slice(1)
  copy[at]![seed % 32]! ^= 1 << (seed % 8)
  return copy
}

describe('inclusion', () => {
  it.each(INCLUSION_PATHS)('has the published path for leaf $index of $size', (published) => {
    const { index, size, path } = published
    expect(inclusionPath(rangesOf(REFERENCE), index, size).map(hex)).toEqual(path)
  })

  it('is proven for every leaf of every size', () => {
    fc.assert(
      fc.property(spot, ([index, size]) => {
        expect(verifyInclusion(inclusion(index, size))).toBe(true)
      }),
      { numRuns: 300 },
    )
  })

  it('is not proven by an altered path, leaf, root, index or size', () => {
    fc.assert(
      fc.property(spot, fc.nat(), ([index, size], seed) => {
        const claim = inclusion(index, size)
        expect(verifyInclusion({ ...claim, path: altered(claim.path, seed) })).toBe(false)
        expect(verifyInclusion({ ...claim, leafHash: leafHash(Uint8Array.of(9, 9, 9)) })).toBe(
          false,
        )
        expect(verifyInclusion({ ...claim, root: ROOTS[size - 1]! })).toBe(false)
        expect(verifyInclusion({ ...claim, index: (index + 1) % (size + 1) })).toBe(false)
      }),
      { numRuns: 200 },
    )
  })

  it('is not proven for a leaf outside the tree or a size that is none', () => {
    const claim = inclusion(3, 8)
    for (const bad of [{ index: 8 }, { index: -1 }, { index: 0.5 }, { size: 0 }, { size: 8.5 }]) {
      expect(verifyInclusion({ ...claim, ...bad })).toBe(false)
    }
  })

  it('is not proven by a path that ends below or above the root', () => {
    const claim = inclusion(0, 8)
    const below = { path: claim.path.slice(0, -1), root: ROOTS[4]! }
    const above = { path: [...claim.path, LEAVES[9]!], root: nodeHash(LEAVES[9]!, claim.root) }
    expect(verifyInclusion({ ...claim, ...below })).toBe(false)
    expect(verifyInclusion({ ...claim, ...above })).toBe(false)
  })

  it('has no path for a leaf outside the tree', () => {
    for (const [index, size] of [
      [8, 8],
      [-1, 8],
      [0, Number.NaN],
    ] as const) {
      expect(() => inclusionPath(rangeHash, index, size)).toThrow(/is not in a tree/)
    }
  })
})

describe('consistency', () => {
  it.each(CONSISTENCY_PATHS)('has the published path from $oldSize to $newSize', (published) => {
    const { oldSize, newSize, path } = published
    expect(consistencyPath(rangesOf(REFERENCE), oldSize, newSize).map(hex)).toEqual(path)
  })

  it('is proven between every two sizes', () => {
    fc.assert(
      fc.property(pair, ([oldSize, newSize]) => {
        expect(verifyConsistency(consistency(oldSize, newSize))).toBe(true)
      }),
      { numRuns: 300 },
    )
  })

  it('is not proven by an altered path or other roots', () => {
    fc.assert(
      fc.property(pair, fc.nat(), ([oldSize, newSize], seed) => {
        const claim = consistency(oldSize, newSize)
        const other = leafHash(Uint8Array.of(7, 7, 7))
        expect(verifyConsistency({ ...claim, path: altered(claim.path, seed) })).toBe(false)
        expect(verifyConsistency({ ...claim, oldRoot: other })).toBe(false)
        if (oldSize > 0) expect(verifyConsistency({ ...claim, newRoot: other })).toBe(false)
      }),
      { numRuns: 200 },
    )
  })

  it('is not proven from a larger tree to a smaller one, nor for sizes that are none', () => {
    const claim = consistency(3, 7)
    expect(verifyConsistency({ ...claim, oldSize: 8 })).toBe(false)
    expect(verifyConsistency({ ...claim, oldSize: -1 })).toBe(false)
    expect(verifyConsistency({ ...claim, newSize: 7.5 })).toBe(false)
    expect(verifyConsistency({ ...claim, path: [] })).toBe(false)
  })

  it('is not proven by a path that ends below or above the roots', () => {
    const below = { oldSize: 4, oldRoot: ROOTS[4]!, newSize: 8, newRoot: ROOTS[4]!, path: [] }
    expect(verifyConsistency(below)).toBe(false)
    const claim = consistency(6, 8)
    const above = {
      path: [...claim.path, LEAVES[9]!],
      oldRoot: nodeHash(LEAVES[9]!, claim.oldRoot),
      newRoot: nodeHash(LEAVES[9]!, claim.newRoot),
    }
    expect(verifyConsistency({ ...claim, ...above })).toBe(false)
  })

  it('has no path from a larger tree to a smaller one', () => {
    for (const [oldSize, newSize] of [
      [8, 7],
      [-1, 7],
      [1, 1.5],
    ] as const) {
      expect(() => consistencyPath(rangeHash, oldSize, newSize)).toThrow(/does not begin with/)
    }
  })
})
