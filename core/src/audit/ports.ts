// SPDX-License-Identifier: Apache-2.0
/** What the audit log asks of the place it is kept. Synchronous: it is called inside the journal's transaction. */

/** One entry as it is kept. Trust: bytes from disk; only a signed checkpoint over them says that they are the agent's. */
export interface AuditRow {
  readonly index: number
  readonly bytes: Uint8Array
  /** Hash of `bytes` in the tree, kept so that proofs need not read the entries. */
  readonly leafHash: Uint8Array
  /** Why the bytes are not there, where they were moved to an archive that does not have them. */
  readonly missing?: string
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
  /** All checkpoints by rising size; where the reader can count them, the newest so many if that is said. */
  checkpoints(newest?: number): Iterable<CheckpointRow>
  /** How many there are. Without it all are read to see. */
  checkpointCount?(): number
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

/** A log whose oldest entries move to archive files. */
export interface RotatingStore extends AuditStore {
  /** Entries before this are in archives. */
  archivedTo(): number
  /** Writes the entries to a file beside the database, durably. Returns its name and digest. */
  writeArchive(rows: readonly AuditRow[]): { readonly file: string; readonly digest: string }
  /** Takes the bytes of the entries that were written out of the database. Called inside a transaction. */
  dropArchived(
    range: { readonly from: number; readonly to: number },
    archive: { readonly file: string; readonly digest: string },
  ): void
}

/** Where an agent and its hub stand with each other's logs. Units: epoch milliseconds. */
export interface WitnessRow {
  /** Size of the head that the hub witnessed last, and the epoch it was of. */
  readonly size: number
  readonly epoch: number
  readonly witnessedAtMs: number | null
  /** The hub has the segments up to here, of that epoch. */
  readonly segmentsTo: number
  readonly hubKey: Uint8Array | null
  /** The head of the hub's own log. */
  readonly hubNote: string | null
  /** Why the hub is not believed, and since when. */
  readonly doubt: string | null
  readonly doubtedSinceMs: number | null
  /** A head with this agent's signature that its log does not contain: two logs are signed with one key. */
  readonly forkNote: string | null
}

/** An epoch after the first. Units: epoch milliseconds. */
export interface EpochRow {
  readonly number: number
  /** Jobs issued before this may have run in the memory that was lost. */
  readonly sinceMs: number
  /** Entries before this are of earlier epochs. */
  readonly fromSize: number
}

/** Where both are kept. Every write is called inside the journal's transaction. */
export interface WitnessStore {
  read(): WitnessRow
  write(row: WitnessRow): void
  /** The one that began last; undefined in the first. */
  epoch(): EpochRow | undefined
  beginEpoch(epoch: EpochRow): void
}
