// SPDX-License-Identifier: Apache-2.0
/** Proofs over the hash tree: an entry is in it, a later tree only adds to an earlier one. Source: RFC 6962, sections 2.1.1 and 2.1.2. */
import { equalBytes } from '../crypto/index.ts'
import { largestPowerWithin, nodeHash, rootOf } from './merkle.ts'

/** Gives the root over the leaves `from` (included) to `to` (excluded). */
export type RangeHash = (from: number, to: number) => Uint8Array

/** A tree and one leaf said to be in it. */
export interface InclusionClaim {
  readonly leafHash: Uint8Array
  readonly index: number
  readonly size: number
  readonly path: readonly Uint8Array[]
  readonly root: Uint8Array
}

/** Two trees, the later one said to begin with the earlier one. */
export interface ConsistencyClaim {
  readonly oldSize: number
  readonly oldRoot: Uint8Array
  readonly newSize: number
  readonly newRoot: Uint8Array
  readonly path: readonly Uint8Array[]
}

/** Range hashes over leaf hashes held in memory. */
export function rangesOf(leafHashes: readonly Uint8Array[]): RangeHash {
  return (from, to) => rootOf(leafHashes.slice(from, to))
}

/** The sibling hashes from a leaf to the root. Throws: RangeError when the tree has no such leaf. */
export function inclusionPath(hashOf: RangeHash, index: number, size: number): Uint8Array[] {
  if (!isCount(index) || !isCount(size) || index >= size) {
    throw new RangeError(`index ${index} is not in a tree of ${size}`)
  }
  const path: Uint8Array[] = []
  let [from, to] = [0, size]
  while (to - from > 1) {
    const middle = from + splitOf(to - from)
    if (index < middle) {
      path.push(hashOf(middle, to))
      to = middle
    } else {
      path.push(hashOf(from, middle))
      from = middle
    }
  }
  return path.reverse()
}

/**
 * Whether the path leads from the leaf to the root.
 *
 * Source: RFC 9162, section 2.1.3.2.
 */
export function verifyInclusion(claim: InclusionClaim): boolean {
  const { index, size, path, root } = claim
  if (!isCount(index) || !isCount(size) || index >= size) return false
  let [position, last] = [index, size - 1]
  let hash = claim.leafHash
  for (const sibling of path) {
    if (last === 0) return false
    if (position % 2 === 1 || position === last) {
      hash = nodeHash(sibling, hash)
      while (position % 2 === 0 && position !== 0) [position, last] = [half(position), half(last)]
    } else {
      hash = nodeHash(hash, sibling)
    }
    ;[position, last] = [half(position), half(last)]
  }
  return last === 0 && equalBytes(hash, root)
}

/** The hashes that show how the earlier tree lies within the later one. Throws: RangeError when it cannot. */
export function consistencyPath(hashOf: RangeHash, oldSize: number, newSize: number): Uint8Array[] {
  if (!isCount(oldSize) || !isCount(newSize) || oldSize > newSize) {
    throw new RangeError(`a tree of ${newSize} does not begin with one of ${oldSize}`)
  }
  if (oldSize === 0) return []
  const path: Uint8Array[] = []
  let [from, to] = [0, newSize]
  let isWhole = true
  while (oldSize !== to) {
    const middle = from + splitOf(to - from)
    if (oldSize <= middle) {
      path.push(hashOf(middle, to))
      to = middle
    } else {
      path.push(hashOf(from, middle))
      from = middle
      isWhole = false
    }
  }
  if (!isWhole) path.push(hashOf(from, to))
  return path.reverse()
}

/**
 * Whether the later tree begins with the earlier one.
 *
 * Source: RFC 9162, section 2.1.4.2.
 */
export function verifyConsistency(claim: ConsistencyClaim): boolean {
  const { oldSize, oldRoot, newSize, newRoot, path } = claim
  if (!isCount(oldSize) || !isCount(newSize) || oldSize > newSize) return false
  if (oldSize === 0) return path.length === 0 && equalBytes(oldRoot, rootOf([]))
  if (oldSize === newSize) return path.length === 0 && equalBytes(oldRoot, newRoot)
  const isPowerOfTwo = largestPowerWithin(oldSize) === oldSize
  const [first, ...rest] = isPowerOfTwo ? [oldRoot, ...path] : path
  if (first === undefined) return false
  let [position, last] = [oldSize - 1, newSize - 1]
  while (position % 2 === 1) [position, last] = [half(position), half(last)]
  let [oldHash, newHash] = [first, first]
  for (const node of rest) {
    if (last === 0) return false
    if (position % 2 === 1 || position === last) {
      oldHash = nodeHash(node, oldHash)
      newHash = nodeHash(node, newHash)
      while (position % 2 === 0 && position !== 0) [position, last] = [half(position), half(last)]
    } else {
      newHash = nodeHash(newHash, node)
    }
    ;[position, last] = [half(position), half(last)]
  }
  return last === 0 && equalBytes(oldHash, oldRoot) && equalBytes(newHash, newRoot)
}

/** The largest power of two below `count`, which is at least 2. */
function splitOf(count: number): number {
  return largestPowerWithin(count - 1)
}

function half(count: number): number {
  return Math.floor(count / 2)
}

function isCount(value: number): boolean {
  return Number.isSafeInteger(value) && value >= 0
}
