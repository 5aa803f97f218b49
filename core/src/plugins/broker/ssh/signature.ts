// SPDX-License-Identifier: Apache-2.0
/** Signatures in the format of the SSH wire. Sources: RFC 5656 section 3.1.2, RFC 8332 section 3, RFC 8709 section 6. */
import { sign, verify, type KeyObject } from 'node:crypto'
import type { SshKeyType, SshPublicKey } from './public-key.ts'
import { WireReader, wireInteger, wireString } from './wire.ts'

/** One way to sign. */
interface Algorithm {
  readonly keyType: SshKeyType
  /** Undefined where the algorithm itself says how it hashes. */
  readonly hash: string | undefined
  /** Bytes of each of the two integers of an ECDSA signature. */
  readonly integerBytes?: number
}

/** By name. Why no `ssh-rsa`: it signs a SHA-1 hash. */
const ALGORITHMS: ReadonlyMap<string, Algorithm> = new Map<string, Algorithm>([
  ['ssh-ed25519', { keyType: 'ssh-ed25519', hash: undefined }],
  ['rsa-sha2-256', { keyType: 'ssh-rsa', hash: 'sha256' }],
  ['rsa-sha2-512', { keyType: 'ssh-rsa', hash: 'sha512' }],
  ['ecdsa-sha2-nistp256', { keyType: 'ecdsa-sha2-nistp256', hash: 'sha256', integerBytes: 32 }],
  ['ecdsa-sha2-nistp384', { keyType: 'ecdsa-sha2-nistp384', hash: 'sha384', integerBytes: 48 }],
  ['ecdsa-sha2-nistp521', { keyType: 'ecdsa-sha2-nistp521', hash: 'sha512', integerBytes: 66 }],
])

/** The names of the algorithms that a key of this kind can sign with. */
export function algorithmsOf(keyType: SshKeyType): string[] {
  return [...ALGORITHMS].filter(([, each]) => each.keyType === keyType).map(([name]) => name)
}

/** Signs with a private key. The algorithm is one of those of the key's kind. */
export function makeSshSignature(key: KeyObject, algorithm: string, data: Uint8Array): Uint8Array {
  const { hash, integerBytes } = ALGORITHMS.get(algorithm)!
  const raw = sign(hash, data, { key, dsaEncoding: 'ieee-p1363' })
  return Buffer.concat([wireString(algorithm), wireString(encode(raw, integerBytes))])
}

/**
 * Whether a signature on the wire is one over `data` by this key.
 *
 * Trust: `signature` may come from a hostile host.
 */
export function isSshSignature(signature: Uint8Array, by: SshPublicKey, data: Uint8Array): boolean {
  const reader = new WireReader(signature)
  const algorithm = ALGORITHMS.get(reader.text(64))
  const encoded = reader.string()
  if (!reader.isDone || algorithm?.keyType !== by.type) return false
  const raw = decode(encoded, algorithm.integerBytes)
  if (raw === undefined) return false
  try {
    return verify(algorithm.hash, data, { key: by.key, dsaEncoding: 'ieee-p1363' }, raw)
  } catch {
    return false
  }
}

/** ECDSA signatures are two integers on the wire; node:crypto has them side by side, at their full length. */
function encode(raw: Uint8Array, integerBytes: number | undefined): Uint8Array {
  if (integerBytes === undefined) return raw
  const [r, s] = [raw.subarray(0, integerBytes), raw.subarray(integerBytes)]
  return Buffer.concat([wireInteger(r), wireInteger(s)])
}

function decode(encoded: Uint8Array, integerBytes: number | undefined): Uint8Array | undefined {
  if (integerBytes === undefined) return encoded
  const reader = new WireReader(encoded)
  const integers = [reader.positiveInteger(), reader.positiveInteger()]
  if (!reader.isDone || integers.some(({ length }) => length > integerBytes)) return undefined
  const padded = integers.map((each) =>
    Buffer.concat([Buffer.alloc(integerBytes - each.length), each]),
  )
  return Buffer.concat(padded)
}
