// SPDX-License-Identifier: Apache-2.0
/** What an agent and its hub hold each other to: heads that only grow. Whoever breaks that is named. */
import { isCodedError } from '@sallyport/sdk'
import { equalBytes, type SigningKey } from '../crypto/index.ts'
import { parseCheckpoint, verifyCheckpoint, type Checkpoint } from './checkpoint.ts'
import { HUB_ORIGIN, verifyCosignature } from './cosignature.ts'
import type { AuditLog, GrowthProof } from './log.ts'
import { verifyConsistency } from './merkle-proof.ts'
import { rootOf } from './merkle.ts'
import { parseNote, verifyNote } from './signed-note.ts'

/** The head of the hub's own log, as the agent keeps it. */
export interface KnownHub {
  readonly key: Uint8Array
  readonly note: string
}

/** What the hub answers to a head it was shown. Trust: everything in it is the hub's word. */
export interface WitnessAnswer {
  /** The agent's checkpoint with the hub's signature beside the agent's. */
  readonly note: string
  readonly hub: KnownHub & { readonly consistency: readonly Uint8Array[] }
}

/** The witness kept its side, or it did not, and why. Units: epoch milliseconds. */
export type WitnessVerdict = { ok: true; hub: KnownHub; atMs: number } | { ok: false; why: string }

/**
 * Holds the hub's answer against the head that was shown and against the hub's own head that is known.
 *
 * Trust: the first key a hub shows is the one it is held to from then on.
 */
export function judgeWitness(
  shown: Pick<GrowthProof, 'note'>,
  known: KnownHub | undefined,
  answer: WitnessAnswer,
): WitnessVerdict {
  const { key, note, consistency } = answer.hub
  if (known !== undefined && !equalBytes(known.key, key)) return doubt('it signs with another key')
  if (parseNote(answer.note).text !== parseNote(shown.note).text)
    return doubt('it answers with another head than it was shown')
  const seen = verifyCosignature(answer.note, key)
  if (!seen.ok) return doubt(`it did not witness the head: ${seen.why}`)
  const grown = judgeGrowth(key, { old: known?.note, note, path: consistency })
  return grown === undefined ? { ok: true, hub: { key, note }, atMs: seen.atMs } : doubt(grown)
}

/** Why a head of the hub's own log cannot follow an older one; undefined when it does. */
export function judgeGrowth(
  key: Uint8Array,
  grown: { old: string | undefined; note: string; path: readonly Uint8Array[] },
): string | undefined {
  const head = hubHead(grown.note, key)
  if (head === undefined) return 'it did not sign the head of its own log'
  const old = grown.old === undefined ? undefined : hubHead(grown.old, key)
  const [oldSize, oldRoot] = old === undefined ? [0, rootOf([])] : [old.size, old.root]
  if (oldSize > head.size) return `its own log had ${oldSize} entries and has ${head.size} now`
  const claim = { oldSize, oldRoot, newSize: head.size, newRoot: head.root, path: grown.path }
  const holds = oldSize === 0 || verifyConsistency(claim)
  return holds ? undefined : 'its own log does not begin with the one it showed before'
}

/** Size of a hub's log by its note; 0 without one. */
export function hubSizeOf(known: KnownHub | undefined): number {
  return known === undefined ? 0 : (hubHead(known.note, known.key)?.size ?? 0)
}

function hubHead(note: string, key: Uint8Array): Checkpoint | undefined {
  try {
    const { note: signed, ...head } = parseCheckpoint(note)
    return head.origin === HUB_ORIGIN && verifyNote(signed, HUB_ORIGIN, key) ? head : undefined
  } catch (error) {
    if (!isCodedError(error)) throw error
    return undefined
  }
}

/** What a head that this agent signed, and somebody else kept, says about its own log. */
export type OwnHeadVerdict =
  | { readonly kind: 'fits'; readonly size: number; readonly isOlder: boolean }
  /** It is ahead: what came after `ownSize` is lost here. */
  | { readonly kind: 'set-back'; readonly epoch: number; readonly size: number }
  /** It parts from this log: two logs were signed with one key. */
  | { readonly kind: 'fork'; readonly epoch: number; readonly size: number }
  /** It is no head of this log. Then it says something about whoever showed it. */
  | { readonly kind: 'foreign'; readonly why: string }

/**
 * Holds a head of this log that somebody kept against the log as it stands.
 *
 * Trust: only a head with this agent's own signature counts, so that nobody can talk it into an epoch or out of its work.
 * Throws: ERR_AUDIT_BROKEN.
 */
export function judgeOwnHead(
  note: string,
  log: AuditLog,
  own: { readonly origin: string; readonly key: Pick<SigningKey, 'publicKey'> },
): OwnHeadVerdict {
  const verdict = verifyCheckpoint(note, own.origin, own.key.publicKey)
  if (!verdict.ok) return { kind: 'foreign', why: verdict.why }
  const { epoch } = verdict
  const { size, root } = verdict.checkpoint
  if (epoch > log.epoch) return { kind: 'set-back', epoch, size }
  const isOlder = epoch < log.epoch
  if (size > log.size) return isOlder ? fits(size, true) : { kind: 'set-back', epoch, size }
  if (equalBytes(log.rootAt(size), root)) return fits(size, isOlder)
  return isOlder ? fits(size, true) : { kind: 'fork', epoch, size }
}

/** Why an older epoch always fits: it ended when its end was lost, and the log says so itself. */
function fits(size: number, isOlder: boolean): OwnHeadVerdict {
  return { kind: 'fits', size, isOlder }
}

function doubt(why: string): { ok: false; why: string } {
  return { ok: false, why }
}
