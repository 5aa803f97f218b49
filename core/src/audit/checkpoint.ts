// SPDX-License-Identifier: Apache-2.0
/** Signed heads of the audit log: how many entries there are and the root over them. Source: C2SP tlog-checkpoint, "Note text". */
import { Buffer } from 'node:buffer'
import { CodedError, isCodedError } from '@sallyport/sdk'
import type { SigningKey } from '../crypto/index.ts'
import { HASH_BYTES } from './merkle.ts'
import { decodeBase64, parseNote, signNote, verifyNote, type SignedNote } from './signed-note.ts'

/** What a checkpoint says: the log of this origin has `size` entries under `root`. */
export interface Checkpoint {
  readonly origin: string
  readonly size: number
  readonly root: Uint8Array
}

/** What a checkpoint says and in which epoch of the log, or why it says nothing. */
export type CheckpointVerdict =
  | { ok: true; checkpoint: Checkpoint; epoch: number }
  | { ok: false; why: string }

const TREE_SIZE = /^(0|[1-9][0-9]*)$/

/** The number of an epoch in an origin. */
const EPOCH = /^[1-9][0-9]{0,8}$/

/**
 * The origin of an agent's audit log, which is also the name its key signs under. A memory that was set back goes on in
 * a new epoch, under an origin of its own; epoch 0 is the first and has no number in it.
 */
export function auditOrigin(agentId: string, epoch = 0): string {
  const origin = `sallyport/agent/${agentId}`
  return epoch === 0 ? origin : `${origin}/${epoch}`
}

/** Which epoch of a log an origin names, given the origin of epoch 0; undefined when it is of another log. */
export function epochIn(origin: string, logOrigin: string): number | undefined {
  if (origin === logOrigin) return 0
  if (!origin.startsWith(`${logOrigin}/`)) return undefined
  const number = origin.slice(logOrigin.length + 1)
  return EPOCH.test(number) ? Number(number) : undefined
}

/** Signs a checkpoint under its origin's name. */
export function signCheckpoint(checkpoint: Checkpoint, key: SigningKey): string {
  const { origin, size, root } = checkpoint
  const text = `${origin}\n${size}\n${Buffer.from(root).toString('base64')}\n`
  return signNote(text, origin, key)
}

/**
 * Reads a checkpoint without believing it.
 *
 * Throws: ERR_NOTE_FORM, ERR_CHECKPOINT_FORM.
 */
export function parseCheckpoint(text: string): Checkpoint & { readonly note: SignedNote } {
  const note = parseNote(text)
  const lines = note.text.slice(0, -1).split('\n')
  const [origin, size, encodedRoot] = lines
  if (lines.includes('') || origin === undefined || size === undefined) throw formError()
  if (encodedRoot === undefined || !TREE_SIZE.test(size)) throw formError()
  const root = decodeBase64(encodedRoot)
  if (!Number.isSafeInteger(Number(size)) || root.byteLength !== HASH_BYTES) throw formError()
  return { origin, size: Number(size), root, note }
}

/**
 * Checks that a checkpoint is of this log, in whichever epoch, and signed by its key. `origin` is that of epoch 0.
 *
 * Trust: a checkpoint that passes is what the holder of the key said at some time; that it is the newest, only a
 * witness can say.
 */
export function verifyCheckpoint(
  text: string,
  origin: string,
  publicKey: Uint8Array,
): CheckpointVerdict {
  try {
    const { note, ...checkpoint } = parseCheckpoint(text)
    const epoch = epochIn(checkpoint.origin, origin)
    if (epoch === undefined) return { ok: false, why: 'it is of another log' }
    if (verifyNote(note, checkpoint.origin, publicKey)) return { ok: true, checkpoint, epoch }
    return { ok: false, why: 'it is not signed by the key of this log' }
  } catch (error) {
    if (!isCodedError(error)) throw error
    return { ok: false, why: 'it does not have the form of a checkpoint' }
  }
}

function formError(): CodedError {
  return new CodedError('ERR_CHECKPOINT_FORM', 'this is not a checkpoint')
}
