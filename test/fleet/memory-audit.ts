// SPDX-License-Identifier: Apache-2.0
/** An audit log's place in memory. */
import type { AuditAppend, AuditRow, AuditStore, CheckpointRow } from '@sallyport/core/audit'

/** Forgets everything with its process. */
export class MemoryAuditStore implements AuditStore {
  readonly #rows: AuditRow[] = []
  #checkpoint: CheckpointRow | undefined
  #frontier: Uint8Array | undefined

  size(): number {
    return this.#rows.length
  }

  append({ rows, checkpoint, frontier }: AuditAppend): void {
    this.#rows.push(...rows)
    this.#checkpoint = checkpoint
    this.#frontier = frontier
  }

  read(from: number, to: number): readonly AuditRow[] {
    return this.#rows.slice(from, to)
  }

  leafHashes(from: number, to: number): Uint8Array[] {
    return this.read(from, to).map(({ leafHash }) => leafHash)
  }

  checkpoints(): readonly CheckpointRow[] {
    return this.#checkpoint === undefined ? [] : [this.#checkpoint]
  }

  lastCheckpoint(): CheckpointRow | undefined {
    return this.#checkpoint
  }

  frontier(): Uint8Array | undefined {
    return this.#frontier
  }
}
