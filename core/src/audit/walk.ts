// SPDX-License-Identifier: Apache-2.0
/** One pass over the entries of an audit log, from checkpoint to checkpoint; stops at the first that does not fit. */
import { equalBytes } from '../crypto/index.ts'
import { findAlteration, type AuditFault } from './alteration.ts'
import type { CheckpointVerdict } from './checkpoint.ts'
import { MerkleFrontier, leafHash } from './merkle.ts'
import type { AuditReader, AuditRow } from './ports.ts'

/** One checkpoint on the way. */
export interface Milestone {
  /** The size it is kept under. */
  readonly size: number
  readonly verdict: CheckpointVerdict
  /** It comes from elsewhere, not from the store. */
  readonly isKnown: boolean
}

/** Walks the entries once; milestones are to be given by rising size. */
export class LogWalk {
  readonly #reader: AuditReader
  readonly #rows: Iterator<AuditRow>
  /** The tree over the bytes of the entries so far. */
  readonly #tree = new MerkleFrontier()
  /** The trees at the last checkpoint that fits, and at the last such from elsewhere. */
  #proven = new MerkleFrontier()
  #knownProven = new MerkleFrontier()
  #areKeptHashesRight = true
  #epoch = 0

  constructor(reader: AuditReader) {
    this.#reader = reader
    this.#rows = reader.read(0, Number.MAX_SAFE_INTEGER)[Symbol.iterator]()
  }

  /** Count of entries walked over. */
  get size(): number {
    return this.#tree.size
  }

  /** Root over the entries walked over. */
  get root(): Uint8Array {
    return this.#tree.root()
  }

  /** Walks to a checkpoint. Returns what is wrong up to there, or undefined. */
  advance(milestone: Milestone): AuditFault | undefined {
    const { size, verdict, isKnown } = milestone
    if (!verdict.ok) return this.#checkpointFault(size, verdict.why)
    if (verdict.checkpoint.size !== size) {
      return this.#checkpointFault(size, `it is that of ${verdict.checkpoint.size}`)
    }
    if (verdict.epoch < this.#epoch) {
      return this.#checkpointFault(size, 'it is of an earlier epoch than one before it')
    }
    if (!isKnown) this.#epoch = verdict.epoch
    const isComplete = this.#walkTo(size)
    const isSigned = isComplete && equalBytes(this.root, verdict.checkpoint.root)
    if (!isSigned || !this.#areKeptHashesRight) {
      const since = isComplete && !isSigned && isKnown ? this.#knownBefore(size) : this.#proven
      const rows = this.#reader.read(since.size, size)
      return findAlteration(rows, { since, size, root: verdict.checkpoint.root })
    }
    this.#proven = this.#tree.clone()
    if (isKnown) this.#knownProven = this.#proven
    return undefined
  }

  /** To be called after the last checkpoint: nothing may follow it. */
  end(): AuditFault | undefined {
    if (this.#rows.next().done === true) return undefined
    const index = this.size
    return { firstBadIndex: index, notAfter: index, why: `entry ${index} is under no checkpoint` }
  }

  /** Returns whether the entries up to there are all present. */
  #walkTo(size: number): boolean {
    while (this.#tree.size < size) {
      const next = this.#rows.next()
      if (next.done === true || next.value.index !== this.#tree.size) return false
      const hash = leafHash(next.value.bytes)
      const isRight = next.value.missing === undefined && equalBytes(hash, next.value.leafHash)
      if (!isRight) this.#areKeptHashesRight = false
      this.#tree.append(hash)
    }
    return true
  }

  /**
   * The tree that a checkpoint from elsewhere surely shares. Why: one that does not fit may come from another branch of
   * a log that was set back; the branches part after the last such checkpoint that did fit.
   */
  #knownBefore(size: number): MerkleFrontier {
    return this.#knownProven.size < size ? this.#knownProven : new MerkleFrontier()
  }

  #checkpointFault(size: number, why: string): AuditFault {
    const firstBadIndex = this.#proven.size
    const notAfter = Math.max(firstBadIndex, size - 1)
    return {
      firstBadIndex,
      notAfter,
      why: `the checkpoint of ${size} entries is not to be believed: ${why}`,
    }
  }
}
