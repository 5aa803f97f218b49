// SPDX-License-Identifier: Apache-2.0
/** Pieces of an audit log for its readers: every hash in clear, every entry sealed to exactly those who may read it. */
import { CodedError } from '@sallyport/sdk'
import { z } from 'zod'
import { signDocument, type SigningKey } from '../crypto/index.ts'
import {
  decodeBase64url,
  documents,
  encodeBase64url,
  encodeJson,
  parseJson,
  type SegmentIndex,
} from '../protocol/index.ts'
import { MAX_ENTRY_BYTES, parseAuditEntry } from './entry.ts'
import type { AuditRow } from './ports.ts'

/** Bounds of one segment: what the contract of the hub takes. */
export const SEGMENT_LIMITS = {
  maxEntries: 256,
  /** Bytes of all entries together. Why so few: sealed text is nearly twice as long, and one reader may get all. */
  maxEntryBytes: 98_304,
  maxParts: 34,
  /** Readers of one part. */
  maxReaders: 64,
} as const

/** Most bytes of the plaintext of one part. */
const MAX_PART_BYTES = 262_144

/** Who may read what is about these things; X25519 keys, base64url. */
export type ReadersOf = (about: readonly string[]) => readonly string[]

/** Entries that have the same readers. */
export interface SegmentPart {
  readonly readers: readonly string[]
  readonly rows: readonly AuditRow[]
}

/** A piece of a log before it is sealed. */
export interface SegmentPlan {
  readonly from: number
  /** The index after its last entry. */
  readonly to: number
  readonly leafHashes: readonly Uint8Array[]
  readonly parts: readonly SegmentPart[]
  /** For everyone who may be shown anything: which of the entries are theirs, also when none is. */
  readonly indexes: readonly Pick<SegmentIndex, 'reader' | 'indices'>[]
}

/** The plaintext of a part. */
const PartContent = z.strictObject({
  entries: z
    .array(
      z.strictObject({
        index: z.int().min(0),
        bytes: z.base64url().max(Math.ceil((MAX_ENTRY_BYTES * 4) / 3)),
      }),
    )
    .max(SEGMENT_LIMITS.maxEntries),
})

/**
 * Takes as many of the entries, in their order, as fit into one segment, and sorts them by their readers. Undefined when
 * there are none.
 *
 * Trust: an entry that is none, or that nobody may read, is in the segment by its hash alone.
 */
export function planSegment(
  rows: Iterable<AuditRow>,
  readersOf: ReadersOf,
): SegmentPlan | undefined {
  const leafHashes: Uint8Array[] = []
  const parts = new Map<string, { readers: readonly string[]; rows: AuditRow[] }>()
  let [from, byteCount] = [-1, 0]
  for (const row of rows) {
    const readers = readersFor(row, readersOf)
    const key = readers.join(' ')
    const isFull =
      leafHashes.length >= SEGMENT_LIMITS.maxEntries ||
      byteCount + row.bytes.byteLength > SEGMENT_LIMITS.maxEntryBytes ||
      (readers.length > 0 && !parts.has(key) && parts.size >= SEGMENT_LIMITS.maxParts)
    if (isFull) break
    if (from < 0) from = row.index
    byteCount += row.bytes.byteLength
    leafHashes.push(row.leafHash)
    if (readers.length === 0) continue
    const part = parts.get(key) ?? { readers, rows: [] }
    parts.set(key, part)
    part.rows.push(row)
  }
  if (from < 0) return undefined
  const all = [...parts.values()]
  const indexes = indexesOf(all, readersOf([]))
  return { from, to: from + leafHashes.length, leafHashes, parts: all, indexes }
}

/** Which entries of the parts each reader is given. */
function indexesOf(
  parts: readonly SegmentPart[],
  everyone: readonly string[],
): SegmentPlan['indexes'] {
  const readers = new Set([...everyone, ...parts.flatMap((part) => part.readers)])
  return [...readers].slice(0, SEGMENT_LIMITS.maxReaders).map((reader) => ({
    reader,
    indices: parts
      .filter((part) => part.readers.includes(reader))
      .flatMap((part) => part.rows.map(({ index }) => index))
      .toSorted((a, b) => a - b),
  }))
}

/** The bytes of a reader's index of a segment, signed, which are sealed to that reader alone. */
export function encodeIndex(
  { from, to }: Pick<SegmentPlan, 'from' | 'to'>,
  { reader, indices }: SegmentPlan['indexes'][number],
  by: { readonly origin: string; readonly key: SigningKey },
): Uint8Array {
  const index = { origin: by.origin, from, to, reader, indices: [...indices] }
  return signDocument(documents.segmentIndex, index, by.key)
}

/** The bytes of a part that are sealed to its readers. */
export function encodePart({ rows }: Pick<SegmentPart, 'rows'>): Uint8Array {
  const entries = rows.map(({ index, bytes }) => ({ index, bytes: encodeBase64url(bytes) }))
  return encodeJson({ entries })
}

/** An entry as a part has it. */
export interface PartEntry {
  readonly index: number
  readonly bytes: Uint8Array
}

/** Whether the opened bytes of a part are an index, which is a signed envelope. */
export function isIndex(bytes: Uint8Array): boolean {
  const value = parseJson(bytes, MAX_PART_BYTES)
  return typeof value === 'object' && value !== null && Object.hasOwn(value, 'payloadType')
}

/** Reads the opened bytes of a part. Trust: anyone can seal; only the hashes say what is true. Throws: ERR_SEGMENT_FORM. */
export function parsePart(bytes: Uint8Array): PartEntry[] {
  const parsed = PartContent.safeParse(parseJson(bytes, MAX_PART_BYTES))
  if (!parsed.success) throw new CodedError('ERR_SEGMENT_FORM', 'this is no part of a segment')
  return parsed.data.entries.map((entry) => ({
    index: entry.index,
    bytes: decodeBase64url(entry.bytes),
  }))
}

/** Why sorted: the same readers in another order are the same part. */
function readersFor({ bytes }: AuditRow, readersOf: ReadersOf): string[] {
  const about = aboutOf(bytes)
  if (about === undefined) return []
  return [...new Set(readersOf(about))].slice(0, SEGMENT_LIMITS.maxReaders).toSorted()
}

function aboutOf(bytes: Uint8Array): readonly string[] | undefined {
  try {
    return parseAuditEntry(bytes).about ?? []
  } catch {
    return undefined
  }
}
