// SPDX-License-Identifier: Apache-2.0
/** The hash tree under the audit log: leaves, roots, and the frontier that lets a log grow. Source: RFC 6962, section 2.1. */
import { CodedError } from '@sallyport/sdk'
import { sha256 } from '../crypto/index.ts'

/** Length of every hash in the tree. */
export const HASH_BYTES = 32

const LEAF_PREFIX = 0x00
const NODE_PREFIX = 0x01
const SIZE_BYTES = 8
/** Why one for all: a log of 100,000 entries has as many nodes. */
const NODE_INPUT = new Uint8Array(1 + 2 * HASH_BYTES)
NODE_INPUT[0] = NODE_PREFIX

/** The hash of one entry. Why: the prefix keeps a leaf from ever passing as a node. */
export function leafHash(entry: Uint8Array): Uint8Array {
  const input = new Uint8Array(1 + entry.byteLength)
  input[0] = LEAF_PREFIX
  input.set(entry, 1)
  return sha256(input)
}

/** The hash over two neighbouring subtrees. */
export function nodeHash(left: Uint8Array, right: Uint8Array): Uint8Array {
  NODE_INPUT.set(left, 1)
  NODE_INPUT.set(right, 1 + HASH_BYTES)
  return sha256(NODE_INPUT)
}

/** The root of the tree over these leaf hashes; of none, the hash of nothing. */
export function rootOf(leafHashes: Iterable<Uint8Array>): Uint8Array {
  const frontier = new MerkleFrontier()
  for (const leaf of leafHashes) frontier.append(leaf)
  return frontier.root()
}

/**
 * All that is needed to append to a tree and to know its root: the roots of the perfect subtrees that make it up,
 * largest first. A tree of n leaves has at most log2(n) + 1 of them.
 */
export class MerkleFrontier {
  readonly #nodes: Uint8Array[]
  #size: number

  /** Throws: ERR_AUDIT_FRONTIER when `size` is not a tree size or needs another number of subtrees. */
  constructor(size = 0, nodes: readonly Uint8Array[] = []) {
    const fits = Number.isSafeInteger(size) && size >= 0 && nodes.length === onesIn(size)
    if (!fits || nodes.some((node) => node.byteLength !== HASH_BYTES)) {
      throw new CodedError(
        'ERR_AUDIT_FRONTIER',
        'these are not the subtrees of a tree of this size',
      )
    }
    this.#nodes = [...nodes]
    this.#size = size
  }

  /** Reads what `toBytes` wrote. Throws: ERR_AUDIT_FRONTIER. */
  static fromBytes(bytes: Uint8Array): MerkleFrontier {
    const nodes: Uint8Array[] = []
    for (let at = SIZE_BYTES; at < bytes.byteLength; at += HASH_BYTES) {
      nodes.push(bytes.slice(at, at + HASH_BYTES))
    }
    if (bytes.byteLength < SIZE_BYTES) return new MerkleFrontier(Number.NaN)
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    return new MerkleFrontier(Number(view.getBigUint64(0)), nodes)
  }

  /** Count of leaves. */
  get size(): number {
    return this.#size
  }

  /** Adds one leaf at the end. */
  append(leaf: Uint8Array): void {
    let node = leaf
    for (let rest = this.#size; rest % 2 === 1; rest = (rest - 1) / 2) {
      node = nodeHash(this.#nodes.pop()!, node)
    }
    this.#nodes.push(node)
    this.#size += 1
  }

  /** The root of the tree as it stands. */
  root(): Uint8Array {
    if (this.#size === 0) return sha256(new Uint8Array())
    return this.#nodes.reduceRight((right, left) => nodeHash(left, right))
  }

  /** The root over the leaves `from` (included) to `to` (excluded), if they are one of the subtrees held. */
  find(from: number, to: number): Uint8Array | undefined {
    let start = 0
    for (const node of this.#nodes) {
      const end = start + largestPowerWithin(this.#size - start)
      if (start === from && end === to) return node
      start = end
    }
    return undefined
  }

  /** A frontier of its own that grows from here. */
  clone(): MerkleFrontier {
    return new MerkleFrontier(this.#size, this.#nodes)
  }

  /** The size as 8 bytes, big-endian, then the subtrees. */
  toBytes(): Uint8Array {
    const bytes = new Uint8Array(SIZE_BYTES + this.#nodes.length * HASH_BYTES)
    new DataView(bytes.buffer).setBigUint64(0, BigInt(this.#size))
    this.#nodes.forEach((node, n) => bytes.set(node, SIZE_BYTES + n * HASH_BYTES))
    return bytes
  }
}

/** The largest power of two that is not above `count`. Why: no shifts, they end at 32 bits. */
export function largestPowerWithin(count: number): number {
  let power = 1
  while (power * 2 <= count) power *= 2
  return power
}

function onesIn(size: number): number {
  let ones = 0
  for (let rest = size; rest > 0; rest = Math.floor(rest / 2)) ones += rest % 2
  return ones
}
