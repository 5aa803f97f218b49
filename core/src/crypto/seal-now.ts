// SPDX-License-Identifier: Apache-2.0
/** Makes the forms of `seal` and `sealUnderSecret` without waiting, for what has to be whole before it is signed. */
import { createCipheriv, createPublicKey, diffieHellman, type KeyObject } from 'node:crypto'
import { encodeBase64url } from '../protocol/base64url.ts'
import { encodeJson } from '../protocol/json.ts'
import { sha256 } from './digest.ts'
import { makeSealingKey } from './keys.ts'
import { KEY_BYTES, keyIdOf, parseSealingPublicKey } from './public-key.ts'
import { MAX_READERS, READERS_HEADER, SECRET_HEADER } from './sealed-form.ts'

/** Gives so many random bytes, each once. */
export type RandomBytes = (count: number) => Uint8Array

const IV_BYTES = 12
/** Initial value of the key wrap. Source: RFC 3394, section 2.2.3.1. */
const WRAP_IV = new Uint8Array(8).fill(0xa6)

/**
 * Seals bytes to every reader, as `seal` does.
 *
 * Throws: ERR_KEY_FORM, ERR_KEY_WEAK, RangeError without readers or with more than 64.
 * Source: RFC 7516, section 5.1; RFC 7518, sections 4.6 and 5.3; RFC 8037, section 3.2.
 */
export function sealNow(
  plaintext: Uint8Array,
  readers: readonly string[],
  random: RandomBytes,
): string {
  const keys = new Map(readers.map(parseSealingPublicKey).map((key) => [keyIdOf(key), key]))
  if (keys.size === 0 || keys.size > MAX_READERS) {
    throw new RangeError(`readers must be 1 to ${MAX_READERS}`)
  }
  const contentKey = random(KEY_BYTES)
  const recipients = [...keys].map(([kid, key]) => wrapFor(key, kid, { contentKey, random }))
  const head = encodeBase64url(encodeJson(READERS_HEADER))
  const form = { protected: head, ...encrypt(plaintext, contentKey, head, random), recipients }
  return new TextDecoder().decode(encodeJson(form))
}

/** Seals bytes under a 32-byte secret, as `sealUnderSecret` does. Source: RFC 7516, section 3.1; RFC 7518, section 4.5. */
export function sealUnderSecretNow(
  plaintext: Uint8Array,
  secret: Uint8Array,
  random: RandomBytes,
): string {
  if (secret.length !== KEY_BYTES) throw new RangeError('secret must be 32 bytes')
  const head = encodeBase64url(encodeJson(SECRET_HEADER))
  const { iv, ciphertext, tag } = encrypt(plaintext, secret, head, random)
  return [head, '', iv, ciphertext, tag].join('.')
}

function wrapFor(
  reader: Uint8Array,
  kid: string,
  { contentKey, random }: { contentKey: Uint8Array; random: RandomBytes },
) {
  const { publicKey, privateKey } = makeSealingKey(random(KEY_BYTES))
  const kek = agreedKey(diffieHellman({ privateKey, publicKey: importReader(reader) }))
  const wrap = createCipheriv('id-aes256-wrap', kek, WRAP_IV)
  const wrapped = Buffer.concat([wrap.update(contentKey), wrap.final()])
  const epk = { crv: 'X25519', kty: 'OKP', x: encodeBase64url(publicKey) }
  return { encrypted_key: encodeBase64url(wrapped), header: { epk, kid } }
}

/** One round of the Concat KDF without party information. Source: RFC 7518, section 4.6.2; NIST SP 800-56A, 5.8.1. */
function agreedKey(shared: Uint8Array): Uint8Array {
  const algorithm = Buffer.from(READERS_HEADER.alg)
  const nobody = uint32(0)
  const about = [uint32(algorithm.length), algorithm, nobody, nobody, uint32(8 * KEY_BYTES)]
  return sha256(Buffer.concat([uint32(1), shared, ...about]))
}

function encrypt(plaintext: Uint8Array, key: Uint8Array, head: string, random: RandomBytes) {
  const iv = random(IV_BYTES)
  const gcm = createCipheriv('aes-256-gcm', key, iv).setAAD(Buffer.from(head))
  const ciphertext = Buffer.concat([gcm.update(plaintext), gcm.final()])
  return {
    iv: encodeBase64url(iv),
    ciphertext: encodeBase64url(ciphertext),
    tag: encodeBase64url(gcm.getAuthTag()),
  }
}

function importReader(publicKey: Uint8Array): KeyObject {
  const key = { kty: 'OKP', crv: 'X25519', x: encodeBase64url(publicKey) }
  return createPublicKey({ key, format: 'jwk' })
}

function uint32(value: number): Uint8Array {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32BE(value)
  return bytes
}
