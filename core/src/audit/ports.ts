// SPDX-License-Identifier: Apache-2.0
/** What the audit log asks of the place it is kept. Synchronous: it is called inside the journal's transaction. */

/** One entry as it is kept. Trust: bytes from disk; only a signed checkpoint over them says that they are the agent's. */
export interface AuditRow {
  readonly index: number
  readonly bytes: Uint8Array
  /** Hash of `bytes` in the tree, kept so that proofs need not read the entries. */
  readonly leafHash: Uint8Array
}

/** One signed checkpoint as it is kept. */
export interface CheckpointRow {
  readonly size: number
  readonly note: string
}

/** Everything one append writes. */
export interface AuditAppend {
  readonly rows: readonly AuditRow[]
  readonly checkpoint: CheckpointRow
  /** The tree's frontier after the append; saves reading all leaf hashes at the next start. */
  readonly frontier: Uint8Array
}

/** The reading half: all that verification needs. */
export interface AuditReader {
  /** Entries `from` (included) to `to` (excluded) that are there, by rising index. */
  read(from: number, to: number): Iterable<AuditRow>
  /** All checkpoints by rising size. */
  checkpoints(): Iterable<CheckpointRow>
}

/** Where an audit log is kept. */
export interface AuditStore extends AuditReader {
  /** The index after the last entry. */
  size(): number
  append(append: AuditAppend): void
  leafHashes(from: number, to: number): Uint8Array[]
  lastCheckpoint(): CheckpointRow | undefined
  /** The frontier of the last append, if it is still there. */
  frontier(): Uint8Array | undefined
}
