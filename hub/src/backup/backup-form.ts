// SPDX-License-Identifier: Apache-2.0
/** The form of a backup: lines of JSON under gzip. A head, each table's columns and then its rows, an end with a checksum. */
import { encodeBase64url, decodeBase64url, Instant } from '@sallyport/core/protocol'
import { CodedError } from '@sallyport/sdk'
import { z } from 'zod'

/** First line: what made it and of which schema it is. */
export const BackupHead = z.strictObject({
  format: z.literal('sallyport-hub-backup-1'),
  madeAt: Instant,
  hubVersion: z.string().max(64),
  /** Steps of the schema, in their order. */
  steps: z.array(z.string().max(128)).min(1).max(1_000),
})
export type BackupHead = z.infer<typeof BackupHead>

/** The rows up to the next of these are of this table. */
export const BackupTable = z.strictObject({
  table: z.string().max(64),
  columns: z.array(z.string().max(64)).min(1).max(64),
})
export type BackupTable = z.infer<typeof BackupTable>

/** A value of a row. */
export const BackupCell = z.union([
  z.string(),
  z.number(),
  z.null(),
  z.strictObject({ bytes: z.base64url() }),
])
export type BackupCell = z.infer<typeof BackupCell>

/** One row, in the order of the columns. */
export const BackupRow = z.array(BackupCell).max(64)
export type BackupRow = z.infer<typeof BackupRow>

/** Last line: how many rows there are, and the SHA-256 of all lines before. */
export const BackupEnd = z.strictObject({
  end: z.strictObject({ rowCount: z.int(), digest: z.string().max(80) }),
})

/** A line that is no head. */
export const BackupLine = z.union([BackupRow, BackupTable, BackupEnd])

/** A bundle of 8 MiB as text, and room. */
export const MAX_LINE_BYTES = 16 * 1_024 * 1_024

/** A value of the database as it is written. */
export function cellOf(value: unknown): BackupCell {
  if (value === null || typeof value === 'string' || typeof value === 'number') return value
  if (value instanceof Uint8Array) return { bytes: encodeBase64url(value) }
  throw new TypeError(`a ${typeof value} has no place in a backup`)
}

/** The value that a cell stands for. */
export function valueOf(cell: BackupCell): string | number | null | Uint8Array {
  return typeof cell === 'object' && cell !== null ? decodeBase64url(cell.bytes) : cell
}

/** The fault of a file that is no whole backup. */
export function badBackup(why: string, cause?: unknown): CodedError<'ERR_HUB_BACKUP'> {
  return new CodedError('ERR_HUB_BACKUP', `this is no whole backup of a hub: ${why}`, { cause })
}
