// SPDX-License-Identifier: Apache-2.0
/** Looks closely at entries that do not fit a signed checkpoint, and says which is the first that was altered. */
import { equalBytes } from '../crypto/index.ts'
import { parseAuditEntry } from './entry.ts'
import { HASH_BYTES, leafHash, type MerkleFrontier } from './merkle.ts'
import type { AuditRow } from './ports.ts'

/**
 * Where a log was altered. `firstBadIndex` and `notAfter` are equal when the entry is known exactly; otherwise the
 * alteration begins at one of the entries between them, both included.
 */
export interface AuditFault {
  /** All entries before this index are proven by a signed checkpoint. */
  readonly firstBadIndex: number
  /** The alteration begins here at the latest. */
  readonly notAfter: number
  readonly why: string
}

/** A checkpoint that the entries do not fit. */
export interface Misfit {
  /** The tree at the last checkpoint that does fit. */
  readonly since: MerkleFrontier
  readonly size: number
  readonly root: Uint8Array
}

interface Suspicion {
  readonly index: number
  readonly why: string
}

/**
 * Finds the first altered entry, given the entries since the last checkpoint that fits.
 *
 * Trust: the signed root is the only fact. Where it is the root over the bytes, or over the hashes that are kept beside
 * them, the first entry whose bytes do not have its kept hash is the altered one. Where it is neither, hashes were
 * rewritten as well, and the alteration lies between the last checkpoint that fits and the first visible oddity.
 */
export function findAlteration(rows: Iterable<AuditRow>, misfit: Misfit): AuditFault {
  const { since, size, root } = misfit
  const [byBytes, byKeptHashes] = [since.clone(), since.clone()]
  let first: Suspicion | undefined
  for (const row of rows) {
    if (row.index !== byBytes.size) break
    const hash = leafHash(row.bytes)
    const isHash = row.leafHash.byteLength === HASH_BYTES
    byBytes.append(hash)
    byKeptHashes.append(isHash ? row.leafHash : new Uint8Array(HASH_BYTES))
    first ??= oddityOf(row, hash)
  }
  if (byBytes.size < size) {
    first ??= { index: byBytes.size, why: `entry ${byBytes.size} is missing` }
    return { firstBadIndex: since.size, notAfter: first.index, why: first.why }
  }
  first ??= { index: size - 1, why: 'the entries were altered together with the kept hashes' }
  const isExact = [byBytes, byKeptHashes].some((tree) => equalBytes(tree.root(), root))
  const firstBadIndex = isExact ? first.index : since.size
  return { firstBadIndex, notAfter: first.index, why: first.why }
}

function oddityOf(row: AuditRow, hash: Uint8Array): Suspicion | undefined {
  const { index, missing } = row
  if (missing !== undefined) return { index, why: `entry ${index} is missing: ${missing}` }
  if (!equalBytes(hash, row.leafHash)) {
    return { index, why: `entry ${index} does not have the hash that is kept for it` }
  }
  const claimed = claimedIndex(row.bytes)
  if (claimed === index) return undefined
  const why = claimed === undefined ? 'is not an audit entry' : `says that it is entry ${claimed}`
  return { index, why: `entry ${index} ${why}` }
}

function claimedIndex(bytes: Uint8Array): number | undefined {
  try {
    return parseAuditEntry(bytes).index
  } catch {
    return undefined
  }
}
