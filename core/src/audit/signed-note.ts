// SPDX-License-Identifier: Apache-2.0
/** Text signed by one or more named keys. Source: C2SP signed-note v1.0.0, "Format" and "Signatures". */
import { Buffer } from 'node:buffer'
import { CodedError } from '@sallyport/sdk'
import { equalBytes, sha256, verifySignature, type SigningKey } from '../crypto/index.ts'

/** Longest note that is read; the text of a checkpoint and some fifty signatures fit. */
export const MAX_NOTE_LENGTH = 16_384

const KEY_HASH_BYTES = 4
/** Signature type of Ed25519. Source: C2SP signed-note, "Signature types". */
const ED25519 = 0x01
const SIGNATURE_LINE = /^\u2014 ([^\s\u0085+]+) ([A-Za-z0-9+/]+=*)$/u
const FORBIDDEN = /[\u0000-\u0009\u000b-\u001f]/

/** One signature line. */
export interface NoteSignature {
  readonly name: string
  readonly keyHash: Uint8Array
  readonly signature: Uint8Array
}

/** A note taken apart. Trust: `text` means nothing until `verifyNote` has passed. */
export interface SignedNote {
  readonly text: string
  readonly signatures: readonly NoteSignature[]
}

/** The short id of an Ed25519 key under a name; finds a signature line, proves nothing. */
export function noteKeyHash(name: string, publicKey: Uint8Array): Uint8Array {
  const label = new TextEncoder().encode(`${name}\n`)
  return sha256(Buffer.concat([label, Uint8Array.of(ED25519), publicKey])).slice(0, KEY_HASH_BYTES)
}

/** Signs a text that ends in a newline, and returns the note. */
export function signNote(text: string, name: string, key: SigningKey): string {
  const signature = key.sign(new TextEncoder().encode(text))
  const blob = Buffer.concat([noteKeyHash(name, key.publicKey), signature])
  return `${text}\n\u2014 ${name} ${blob.toString('base64')}\n`
}

/** Takes a note apart. Throws: ERR_NOTE_FORM. */
export function parseNote(note: string): SignedNote {
  const isText = note.length <= MAX_NOTE_LENGTH && note.isWellFormed() && !FORBIDDEN.test(note)
  const blank = note.lastIndexOf('\n\n')
  if (!isText || blank < 0 || !note.endsWith('\n')) throw formError()
  const lines = note.slice(blank + 2, -1).split('\n')
  return { text: note.slice(0, blank + 1), signatures: lines.map(parseSignatureLine) }
}

/**
 * Whether the key has signed the note under this name.
 *
 * Trust: lines by other names or other keys are passed over, as witnesses may add theirs; one bad line by this key
 * fails the note.
 */
export function verifyNote(note: SignedNote, name: string, publicKey: Uint8Array): boolean {
  const keyHash = noteKeyHash(name, publicKey)
  const text = new TextEncoder().encode(note.text)
  const own = note.signatures.filter((s) => s.name === name && equalBytes(s.keyHash, keyHash))
  return own.length > 0 && own.every((s) => verifySignature(publicKey, text, s.signature))
}

/** Reads standard base64 in its one spelling. Throws: ERR_NOTE_FORM. */
export function decodeBase64(text: string): Uint8Array {
  const bytes = Buffer.from(text, 'base64')
  if (bytes.toString('base64') !== text) throw formError()
  return new Uint8Array(bytes)
}

function parseSignatureLine(line: string): NoteSignature {
  const [, name, encoded] = SIGNATURE_LINE.exec(line) ?? []
  if (name === undefined || encoded === undefined) throw formError()
  const blob = decodeBase64(encoded)
  if (blob.byteLength <= KEY_HASH_BYTES) throw formError()
  return {
    name,
    keyHash: blob.slice(0, KEY_HASH_BYTES),
    signature: blob.slice(KEY_HASH_BYTES),
  }
}

function formError(): CodedError {
  return new CodedError('ERR_NOTE_FORM', 'this is not a signed note')
}
