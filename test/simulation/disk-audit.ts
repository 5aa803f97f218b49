// SPDX-License-Identifier: Apache-2.0
/** The audit log's place on a simulated disk. */
import type { AuditAppend, AuditRow, AuditStore, CheckpointRow } from '@sallyport/core/audit'
import type { Disk } from './disk.ts'

/** What `SqliteAuditStore` is on a real one. */
export class DiskAuditStore implements AuditStore {
  readonly #disk: Disk

  constructor(disk: Disk) {
    this.#disk = disk
  }

  size(): number {
    return this.#disk.seen.entries.length
  }

  append({ rows, checkpoint, frontier }: AuditAppend): void {
    const { entries, checkpoints } = this.#disk.seen
    this.#disk.write({
      entries: [...entries, ...rows],
      checkpoints: [...checkpoints, checkpoint],
      frontier,
    })
  }

  read(from: number, to: number): readonly AuditRow[] {
    return this.#disk.seen.entries.slice(from, to)
  }

  leafHashes(from: number, to: number): Uint8Array[] {
    return this.read(from, to).map(({ leafHash }) => leafHash)
  }

  checkpoints(newest = Infinity): readonly CheckpointRow[] {
    return this.#disk.seen.checkpoints.slice(-newest)
  }

  checkpointCount(): number {
    return this.#disk.seen.checkpoints.length
  }

  lastCheckpoint(): CheckpointRow | undefined {
    return this.#disk.seen.checkpoints.at(-1)
  }

  frontier(): Uint8Array | undefined {
    return this.#disk.seen.frontier
  }
}
