// SPDX-License-Identifier: Apache-2.0
/** Whether a copy holds everything that the agent gave a reader: it says so itself, signed, in every segment. */
import { makeTrustedKey, makeTrustStore, verifyEnvelope } from '../crypto/index.ts'
import {
  documents,
  maxEnvelopeBytes,
  parseDocument,
  parseEnvelope,
  type SegmentIndex,
} from '../protocol/index.ts'

/** What a reader found in one segment. */
export interface ReadSegment {
  readonly from: number
  /** The index after its last entry. */
  readonly to: number
  /** How many parts there are, for whomever. */
  readonly partCount: number
  /** Entries that are the reader's, as the agent signed it; undefined when it was not found. */
  readonly indices: readonly number[] | undefined
}

/** What is not there although it is the reader's. */
export interface Withheld {
  /** Since which entry the reader is given anything; undefined when never. */
  readonly since: number | undefined
  /** Segments since then of which the copy has hashes alone: `[from, to)`. */
  readonly dropped: readonly (readonly [from: number, to: number])[]
  /** Segments since then that lack the reader's index: `[from, to)`. */
  readonly unindexed: readonly (readonly [from: number, to: number])[]
  /** Entries that are the reader's and are not there. */
  readonly missing: readonly number[]
}

/** Holds what was opened against what the agent says is the reader's. */
export function findWithheld(
  segments: readonly ReadSegment[],
  opened: ReadonlySet<number>,
): Withheld {
  const first = segments.findIndex(({ indices }) => indices !== undefined)
  const mine = first < 0 ? [] : segments.slice(first)
  const ranges = (isMeant: (segment: ReadSegment) => boolean): [number, number][] =>
    mine.filter(isMeant).map(({ from, to }) => [from, to])
  return {
    since: mine[0]?.from,
    dropped: ranges(({ partCount }) => partCount === 0),
    unindexed: ranges(({ partCount, indices }) => partCount > 0 && indices === undefined),
    missing: mine.flatMap(({ indices = [] }) => indices.filter((index) => !opened.has(index))),
  }
}

/**
 * Reads a reader's index of a segment; undefined when it is not one by this agent, for this reader and these entries.
 *
 * Trust: anyone can seal something to the reader, so it counts by the agent's signature alone.
 * Throws: ERR_ENVELOPE_FORM, ERR_DOCUMENT_FORM, ERR_JSON_….
 */
export function openIndex(
  bytes: Uint8Array,
  expected: {
    readonly publicKey: Uint8Array
    readonly origin: string
    readonly reader: string
    readonly from: number
    readonly to: number
  },
): SegmentIndex | undefined {
  const envelope = parseEnvelope(bytes, maxEnvelopeBytes(documents.segmentIndex.maxBytes))
  const agent = makeTrustedKey('agent', 'agent', expected.publicKey)
  const verified = verifyEnvelope(envelope, documents.segmentIndex, makeTrustStore('', [agent]))
  if (!verified.ok) return undefined
  const index = parseDocument(documents.segmentIndex, verified.payload)
  const isIt =
    index.origin === expected.origin &&
    index.reader === expected.reader &&
    index.from === expected.from &&
    index.to === expected.to
  return isIt ? index : undefined
}
