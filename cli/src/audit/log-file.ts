// SPDX-License-Identifier: Apache-2.0
/** Entries of a log with all that a third person needs to verify them alone: every hash, the signed head, whose key it is. */
import type { CopiedEntry } from '@sallyport/core/audit'
import { encodeBase64url } from '@sallyport/core/protocol'
import { plain } from './make-proof.ts'
import type { ProofMaterial } from './make-proof.ts'
import type { ReadCopy } from './read-copy.ts'
import { siteNameOf } from './shown-names.ts'
import type { ShownName } from './shown-names.ts'

/** As its file has it. */
export interface LogFile {
  readonly format: 'sallyport-log-1'
  readonly roots: readonly unknown[]
  readonly names: readonly ShownName[]
  readonly roster: unknown
  readonly agentId: string
  readonly hubKey: string | null
  readonly log: {
    readonly note: string
    /** Of every entry under the head, whoever may read it. */
    readonly leafHashes: readonly string[]
    readonly entries: readonly { readonly index: number; readonly bytes: string }[]
  }
}

/** Makes it; undefined where the copy has no head, or not all hashes under it. */
export function logFileOf(
  copy: ReadCopy,
  { chain, roster }: ProofMaterial,
  entries: readonly CopiedEntry[],
): LogFile | undefined {
  const { head, note, missing, leafHashes, agent, hubKey } = copy
  if (head === undefined || note === undefined || missing.length > 0) return undefined
  return {
    format: 'sallyport-log-1',
    roots: chain.map(({ envelope }) => plain(envelope)),
    names: [siteNameOf(chain.at(-1)!)],
    roster,
    agentId: agent.agentId,
    hubKey,
    log: {
      note,
      leafHashes: leafHashes.slice(0, head.size).map(encodeBase64url),
      entries: entries.map(({ entry: { index }, bytes }) => ({
        index,
        bytes: encodeBase64url(bytes),
      })),
    },
  }
}
