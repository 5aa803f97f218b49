// SPDX-License-Identifier: Apache-2.0
/** Checks a copy of an agent's log, as a hub keeps it, with nothing but the agent's key: what holds, what is missing, who lies. */
import { isCodedError } from '@sallyport/sdk'
import { decodeBase64url } from '../protocol/index.ts'
import { equalBytes } from '../crypto/index.ts'
import { verifyCheckpoint, type Checkpoint } from './checkpoint.ts'
import { verifyCosignature } from './cosignature.ts'
import { parseAuditEntry, type AuditEntry } from './entry.ts'
import { MerkleFrontier, leafHash } from './merkle.ts'
import { isIndex, parsePart, type PartEntry } from './segment.ts'
import { findWithheld, openIndex, type ReadSegment, type Withheld } from './withheld.ts'

/** A copy as the hub hands it out. Trust: all of it is the hub's word. */
export interface AuditCopy {
  readonly head: { readonly note: string } | null
  readonly segments: Iterable<{
    readonly from: number
    readonly leafHashes: readonly string[]
    readonly parts: readonly { readonly sealed: string }[]
  }>
}

/** What a reader knows for sure, and what opens a part: undefined when it is sealed to others. */
export interface CopyReader {
  /** Of epoch 0. */
  readonly origin: string
  readonly publicKey: Uint8Array
  /** Heads of this log that the reader has from elsewhere, for example from results. */
  readonly knownCheckpoints?: readonly string[]
  readonly hubKey?: Uint8Array
  /** X25519 key that `open` opens for, base64url. */
  readonly reader: string
  open(sealed: string): Promise<Uint8Array | undefined>
}

/** One thing that is wrong, and whose doing it is. */
export interface CopyFault {
  /** `hub`: what it keeps is not what the agent signed. `agent`: it signed two histories. */
  readonly liar: 'hub' | 'agent'
  readonly why: string
  /** The first entry that is concerned, where one can be named. */
  readonly index?: number
}

/** An entry that was opened and is under the agent's signed head. */
export interface CopiedEntry {
  readonly entry: AuditEntry
  readonly bytes: Uint8Array
}

/** What a copy is worth. */
export interface CopyReport {
  readonly isWhole: boolean
  /** The head that the agent signed and the hub shows. */
  readonly head: (Checkpoint & { readonly epoch: number }) | undefined
  /** When the hub witnessed it, by its own clock; with `hubKey` only. Units: epoch milliseconds. */
  readonly witnessedAtMs: number | undefined
  /** Entries that this reader could open, oldest first. None but those that the signed head covers. */
  readonly entries: readonly CopiedEntry[]
  /** All leaf hashes of the copy, for proofs. */
  readonly leafHashes: readonly Uint8Array[]
  /** Entries that are under the head and not in the copy: `[from, to)`. */
  readonly missing: readonly (readonly [from: number, to: number])[]
  /** Entries that the agent signed somewhere and that the copy does not reach yet. */
  readonly behindCount: number
  /** Since which entry this reader is given anything; undefined when never. */
  readonly since: number | undefined
  /** Entries since then whose text the hub has let go, by its bound: `[from, to)`. */
  readonly dropped: readonly (readonly [from: number, to: number])[]
  readonly faults: readonly CopyFault[]
}

/**
 * Opens and checks a copy.
 *
 * Trust: believes `publicKey` alone. That an entry is shown at all, and is whole, does not depend on the hub; that the
 * newest are there is known only by heads from elsewhere.
 */
export async function openCopy(copy: AuditCopy, reader: CopyReader): Promise<CopyReport> {
  const faults: CopyFault[] = []
  const head = headIn(copy, reader, faults)
  const { leafHashes, missing, pieces } = layOut(copy, head?.size ?? 0, faults)
  const isProven = head !== undefined && isUnderHead(leafHashes, head, missing, faults)
  const opened = await openPieces(pieces, { reader, origin: head?.origin }, faults)
  const entries = isProven ? fitting(opened.entries, leafHashes, faults) : []
  const { since, dropped } = nameWithheld(opened, faults)
  const behindCount = compareKnown(leafHashes, { head, reader, isProven }, faults)
  const witnessedAtMs = witnessedAt(copy, reader, faults)
  return {
    isWhole: faults.length === 0 && missing.length === 0 && head !== undefined,
    head,
    witnessedAtMs,
    entries,
    leafHashes,
    missing,
    behindCount,
    since,
    dropped,
    faults,
  }
}

type Head = Checkpoint & { readonly epoch: number }

function headIn(copy: AuditCopy, reader: CopyReader, faults: CopyFault[]): Head | undefined {
  if (copy.head === null) return undefined
  const verdict = verifyCheckpoint(copy.head.note, reader.origin, reader.publicKey)
  if (verdict.ok) return { ...verdict.checkpoint, epoch: verdict.epoch }
  faults.push({ liar: 'hub', why: `it shows a head that the agent did not sign: ${verdict.why}` })
  return undefined
}

function witnessedAt(
  copy: AuditCopy,
  { hubKey }: CopyReader,
  faults: CopyFault[],
): number | undefined {
  if (copy.head === null || hubKey === undefined) return undefined
  const seen = verifyCosignature(copy.head.note, hubKey)
  if (seen.ok) return seen.atMs
  faults.push({ liar: 'hub', why: `it does not stand by the head it shows: ${seen.why}` })
  return undefined
}

/** The hashes in their places up to the head, and the gaps between them. */
function layOut(copy: AuditCopy, size: number, faults: CopyFault[]) {
  const leafHashes: Uint8Array[] = []
  const missing: [number, number][] = []
  const pieces: Piece[] = []
  let next = 0
  for (const segment of copy.segments) {
    if (segment.from < next) {
      const why = 'it has two segments of the same entries'
      faults.push({ liar: 'hub', why, index: segment.from })
      continue
    }
    if (segment.from > next) missing.push([next, segment.from])
    for (const [n, hash] of segment.leafHashes.entries()) {
      leafHashes[segment.from + n] = decodeBase64url(hash)
    }
    next = segment.from + segment.leafHashes.length
    pieces.push({ from: segment.from, to: next, parts: segment.parts.map(({ sealed }) => sealed) })
  }
  if (next < size) missing.push([next, size])
  return { leafHashes, missing, pieces }
}

function isUnderHead(
  leafHashes: readonly Uint8Array[],
  head: Head,
  missing: readonly unknown[],
  faults: CopyFault[],
): boolean {
  if (missing.length > 0) return false
  if (equalBytes(rootAt(leafHashes, head.size), head.root)) return true
  faults.push({ liar: 'hub', why: 'the hashes it keeps are not those that the agent signed' })
  return false
}

interface Piece {
  readonly from: number
  readonly to: number
  readonly parts: readonly string[]
}

interface Opened {
  readonly entries: readonly PartEntry[]
  readonly segments: readonly ReadSegment[]
}

async function openPieces(
  pieces: readonly Piece[],
  by: { readonly reader: CopyReader; readonly origin: string | undefined },
  faults: CopyFault[],
): Promise<Opened> {
  const entries: PartEntry[] = []
  const segments: ReadSegment[] = []
  for (const { from, to, parts } of pieces) {
    let indices: readonly number[] | undefined
    for (const sealed of parts) {
      const found = await openPart(sealed, { ...by, from, to }, faults)
      entries.push(...(found.entries ?? []))
      indices ??= found.indices
    }
    segments.push({ from, to, partCount: parts.length, indices })
  }
  return { entries: entries.toSorted((a, b) => a.index - b.index), segments }
}

/** What one part holds for this reader: entries, the index of what is theirs, or nothing. */
async function openPart(
  sealed: string,
  about: {
    readonly reader: CopyReader
    readonly origin: string | undefined
    readonly from: number
    readonly to: number
  },
  faults: CopyFault[],
): Promise<{ entries?: PartEntry[]; indices?: readonly number[] }> {
  const { reader, origin = '', from, to } = about
  try {
    const bytes = await reader.open(sealed)
    if (bytes === undefined) return {}
    if (!isIndex(bytes)) return { entries: parsePart(bytes) }
    const { publicKey, reader: own } = reader
    const index = openIndex(bytes, { publicKey, origin, reader: own, from, to })
    return index === undefined ? {} : { indices: index.indices }
  } catch (error) {
    if (!isCodedError(error)) throw error
    faults.push({ liar: 'hub', why: `it keeps a part that cannot be read: ${error.code}` })
    return {}
  }
}

/** Why the hub: the agent signed in each segment what the reader finds there, and the hub kept the segment. */
function nameWithheld({ entries, segments }: Opened, faults: CopyFault[]): Withheld {
  const withheld = findWithheld(segments, new Set(entries.map(({ index }) => index)))
  for (const [from, to] of withheld.unindexed) {
    const why = `it withholds what entries ${from} to ${to - 1} hold for you`
    faults.push({ liar: 'hub', why, index: from })
  }
  for (const index of withheld.missing) {
    faults.push({ liar: 'hub', why: `it withholds entry ${index}, which is yours to read`, index })
  }
  return withheld
}

/** Keeps what fits its hash. Why the hub is named for what does not: the agent signed the hash, the hub kept the bytes. */
function fitting(
  opened: readonly { index: number; bytes: Uint8Array }[],
  leafHashes: readonly Uint8Array[],
  faults: CopyFault[],
): CopiedEntry[] {
  return opened.flatMap(({ index, bytes }) => {
    const hash = leafHashes[index]
    if (hash === undefined || !equalBytes(leafHash(bytes), hash)) {
      faults.push({ liar: 'hub', why: `entry ${index} is not the one that was signed`, index })
      return []
    }
    return [{ entry: parseAuditEntry(bytes), bytes }]
  })
}

/** Holds heads from elsewhere against the copy, and returns how many entries it is behind them. */
function compareKnown(
  leafHashes: readonly Uint8Array[],
  own: { head: Head | undefined; reader: CopyReader; isProven: boolean },
  faults: CopyFault[],
): number {
  const { head, reader, isProven } = own
  let behindCount = 0
  for (const note of reader.knownCheckpoints ?? []) {
    const verdict = verifyCheckpoint(note, reader.origin, reader.publicKey)
    if (!verdict.ok || verdict.epoch !== (head?.epoch ?? 0)) continue
    const { size, root } = verdict.checkpoint
    if (size > (head?.size ?? 0)) behindCount = Math.max(behindCount, size - (head?.size ?? 0))
    else if (isProven && !equalBytes(rootAt(leafHashes, size), root)) {
      const why = `it signed two histories of ${size} entries`
      faults.push({ liar: 'agent', why, index: size - 1 })
    }
  }
  return behindCount
}

function rootAt(leafHashes: readonly Uint8Array[], size: number): Uint8Array {
  const tree = new MerkleFrontier()
  for (let index = 0; index < size; index += 1) tree.append(leafHashes[index]!)
  return tree.root()
}
