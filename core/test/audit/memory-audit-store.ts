// SPDX-License-Identifier: Apache-2.0
/** An audit log in memory whose rows a test may alter at will. */
import { makeSigningKey } from '@sallyport/core/crypto'
import {
  AuditLog,
  auditOrigin,
  type AuditAppend,
  type AuditEventInput,
  type AuditRow,
  type AuditStore,
  type CheckpointRow,
} from '@sallyport/core/audit'

export const AGENT_ID = '01890a5d-ac96-774b-bcce-b302099a8057'
export const ORIGIN = auditOrigin(AGENT_ID)
export const KEY = makeSigningKey(new Uint8Array(32).fill(7))
export const OTHER_KEY = makeSigningKey(new Uint8Array(32).fill(8))
export const AT_MS = Date.parse('2026-11-22T08:00:00.000Z')

/** Keeps everything in arrays that tests reach into. */
export class MemoryAuditStore implements AuditStore {
  rows: AuditRow[] = []
  notes: CheckpointRow[] = []
  saved: Uint8Array | undefined

  size(): number {
    return (this.rows.at(-1)?.index ?? -1) + 1
  }

  append({ rows, checkpoint, frontier }: AuditAppend): void {
    this.rows.push(...rows)
    this.notes.push(checkpoint)
    this.saved = frontier
  }

  read(from: number, to: number): AuditRow[] {
    return this.rows.filter(({ index }) => index >= from && index < to)
  }

  leafHashes(from: number, to: number): Uint8Array[] {
    return this.read(from, to).map((row) => row.leafHash)
  }

  checkpoints(newest = this.notes.length): CheckpointRow[] {
    return this.notes.slice(this.notes.length - newest)
  }

  checkpointCount(): number {
    return this.notes.length
  }

  lastCheckpoint(): CheckpointRow | undefined {
    return this.notes.at(-1)
  }

  frontier(): Uint8Array | undefined {
    return this.saved
  }
}

/** An event that is told apart by its number. */
export function eventOf(n: number): AuditEventInput {
  return { event: 'handle.used', details: { n } }
}

/** A log of appends of these sizes. */
export function logOf(...appends: number[]): { store: MemoryAuditStore; log: AuditLog } {
  const store = new MemoryAuditStore()
  const log = new AuditLog(store, ORIGIN, KEY)
  let n = 0
  for (const count of appends) {
    const events = Array.from({ length: count }, () => eventOf(n++))
    log.append(events, AT_MS + n)
  }
  return { store, log }
}
