// SPDX-License-Identifier: Apache-2.0
/** A simulated disk: every transaction whole or not at all, durable at its commit, with all that can go wrong around one. */
import type { AuditRow, CheckpointRow } from '@sallyport/core/audit'
import type { OutboxRow, QuarantineRow, RunRow } from '@sallyport/core/runner'
import type { Approval, Revocation } from '@sallyport/core/protocol'
import { CodedError } from '@sallyport/sdk'
import type { Life } from './timeline.ts'

/** An approval as it lies on disk. */
export interface StoredApproval {
  readonly approval: Approval
  readonly envelope: Uint8Array
}

/** A cancellation that was accepted; `onlyOf` is empty where an operator signed. */
export interface StoredCancellation {
  readonly jobId: string
  readonly why: string
  readonly onlyOf: readonly string[]
}

/** What was said last about taking jobs. */
export interface IsolationWord {
  readonly isIsolated: boolean
  readonly why: string
  readonly issuedAtMs: number
  readonly sinceMs: number
}

/** Everything on one disk. It is never changed, only replaced; so a copy of it costs nothing. */
export interface DiskContent {
  readonly runs: ReadonlyMap<string, RunRow>
  readonly outbox: ReadonlyMap<string, OutboxRow>
  readonly approvals: readonly StoredApproval[]
  readonly bundles: ReadonlyMap<string, Uint8Array>
  readonly revocations: readonly Revocation[]
  readonly quarantine: ReadonlyMap<string, QuarantineRow>
  readonly cancellations: readonly StoredCancellation[]
  readonly isolation: IsolationWord | undefined
  readonly entries: readonly AuditRow[]
  readonly checkpoints: readonly CheckpointRow[]
  readonly frontier: Uint8Array | undefined
  readonly highestMs: number
  readonly epochMs: number
}

/** A disk with nothing on it. */
export const EMPTY_DISK: DiskContent = {
  runs: new Map(),
  outbox: new Map(),
  approvals: [],
  bundles: new Map(),
  revocations: [],
  quarantine: new Map(),
  cancellations: [],
  isolation: undefined,
  entries: [],
  checkpoints: [],
  frontier: undefined,
  highestMs: 0,
  epochMs: 0,
}

/** What may go wrong with one transaction; `full` before it, `broken` at its commit. */
export type DiskFault = 'none' | 'full' | 'broken' | 'power lost before' | 'power lost after'

/** What decides on faults. */
export interface DiskLuck {
  transaction(): DiskFault
  /** Whether a question cannot be answered. */
  cannotRead(): boolean
  /** Ends the process that writes. */
  losePower(): void
}

/** One disk. It outlives the processes that use it. */
export class Disk {
  /** What is durable. */
  content: DiskContent
  #pending: DiskContent | undefined
  readonly #luck: DiskLuck

  constructor(content: DiskContent, luck: DiskLuck) {
    this.content = content
    this.#luck = luck
  }

  /** What a process sees: inside a transaction, what it has written so far. */
  get seen(): DiskContent {
    return this.#pending ?? this.content
  }

  /** Throws: ERR_STORE_READ. */
  expectReadable(): void {
    if (this.#luck.cannotRead()) throw new CodedError('ERR_STORE_READ', 'the disk cannot be read')
  }

  /** Runs `write` as one transaction. Throws: ERR_STORE_NESTED, ERR_STORE_WRITE, Dead, what `write` throws. */
  transaction<T>(life: Life, write: () => T): T {
    life.expectAlive()
    if (this.#pending !== undefined) throw new CodedError('ERR_STORE_NESTED', 'two transactions')
    const fault = this.#luck.transaction()
    if (fault === 'full') throw new CodedError('ERR_STORE_WRITE', 'the disk is full')
    this.#pending = this.content
    try {
      const made = write()
      if (fault === 'broken') throw new CodedError('ERR_STORE_WRITE', 'the commit failed')
      if (fault === 'power lost before') this.#luck.losePower()
      life.expectAlive()
      this.content = this.#pending
      if (fault === 'power lost after') this.#luck.losePower()
      life.expectAlive()
      return made
    } finally {
      this.#pending = undefined
    }
  }

  /** Replaces some of the content. Throws: ERR_STORE_NO_TRANSACTION. */
  write(changes: Partial<DiskContent>): void {
    if (this.#pending === undefined) {
      throw new CodedError('ERR_STORE_NO_TRANSACTION', 'a write needs a transaction around it')
    }
    this.#pending = { ...this.#pending, ...changes }
  }
}

/** A map with one more entry. */
export function withEntry<K, V>(map: ReadonlyMap<K, V>, key: K, value: V): ReadonlyMap<K, V> {
  return new Map(map).set(key, value)
}
