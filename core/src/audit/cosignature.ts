// SPDX-License-Identifier: Apache-2.0
/** A witness's signature on somebody else's checkpoint: this head, seen at this time. Source: C2SP tlog-cosignature v1, "Format". */
import { Buffer } from 'node:buffer'
import { isCodedError } from '@sallyport/sdk'
import { equalBytes, sha256, verifySignature, type SigningKey } from '../crypto/index.ts'
import { parseNote } from './signed-note.ts'

const KEY_HASH_BYTES = 4
const TIME_BYTES = 8
/** Signature type. Source: C2SP signed-note, "Signature types". */
const COSIGNATURE = 0x04

/** The name under which a hub signs: its own log is of this origin too. */
export const HUB_ORIGIN = 'sallyport/hub'

/** When the head was witnessed, or why that is not known. Units: epoch milliseconds, whole seconds. */
export type CosignatureVerdict = { ok: true; atMs: number } | { ok: false; why: string }

/** Adds a witness's signature to a note. Throws: ERR_NOTE_FORM. */
export function cosignCheckpoint(
  note: string,
  by: { readonly key: SigningKey; readonly atMs: number; readonly name?: string },
): string {
  const { key, atMs, name = HUB_ORIGIN } = by
  const time = Buffer.alloc(TIME_BYTES)
  time.writeBigUInt64BE(BigInt(Math.floor(atMs / 1_000)))
  const signature = key.sign(cosigned(parseNote(note).text, time))
  const blob = Buffer.concat([cosignerHash(name, key.publicKey), time, signature])
  return `${note}\u2014 ${name} ${blob.toString('base64')}\n`
}

/**
 * Whether a witness has signed the checkpoint, and when it says it did.
 *
 * Trust: it proves what the holder of the key said; the time is by the witness's clock.
 */
export function verifyCosignature(
  note: string,
  publicKey: Uint8Array,
  name: string = HUB_ORIGIN,
): CosignatureVerdict {
  try {
    const { text, signatures } = parseNote(note)
    const hash = cosignerHash(name, publicKey)
    const own = signatures.find((each) => each.name === name && equalBytes(each.keyHash, hash))
    if (own === undefined) return { ok: false, why: 'the witness has not signed it' }
    const time = Buffer.from(own.signature.subarray(0, TIME_BYTES))
    const signature = own.signature.subarray(TIME_BYTES)
    const isSigned =
      time.byteLength === TIME_BYTES && verifySignature(publicKey, cosigned(text, time), signature)
    if (!isSigned) return { ok: false, why: 'the signature of the witness does not hold' }
    return { ok: true, atMs: Number(time.readBigUInt64BE()) * 1_000 }
  } catch (error) {
    if (!isCodedError(error)) throw error
    return { ok: false, why: 'it does not have the form of a checkpoint' }
  }
}

function cosignerHash(name: string, publicKey: Uint8Array): Uint8Array {
  const label = new TextEncoder().encode(`${name}\n`)
  const bytes = Buffer.concat([label, Uint8Array.of(COSIGNATURE), publicKey])
  return sha256(bytes).slice(0, KEY_HASH_BYTES)
}

/** What is signed. Source: C2SP tlog-cosignature v1, "Ed25519 signed message". */
function cosigned(text: string, time: Buffer): Uint8Array {
  return new TextEncoder().encode(`cosignature/v1\ntime ${time.readBigUInt64BE()}\n${text}`)
}
