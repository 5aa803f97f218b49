// SPDX-License-Identifier: Apache-2.0
/** Public keys in the format of the SSH wire. Sources: RFC 4253 section 6.6, RFC 5656 section 3.1, RFC 8709 section 4. */
import { createPublicKey, type JsonWebKeyInput, type KeyObject } from 'node:crypto'
import { WireReader, wireInteger, wireString } from './wire.ts'

/** The kinds of keys that are known. `ssh-rsa` names the key only; a signature by it is `rsa-sha2-256` or `-512`. */
export type SshKeyType =
  | 'ssh-ed25519'
  | 'ssh-rsa'
  | 'ecdsa-sha2-nistp256'
  | 'ecdsa-sha2-nistp384'
  | 'ecdsa-sha2-nistp521'

/** A public key that was read. */
export interface SshPublicKey {
  readonly type: SshKeyType
  readonly key: KeyObject
}

type Jwk = JsonWebKeyInput['key']

/** One curve: its name on the wire, in JWK, and the bytes of one coordinate. */
interface Curve {
  readonly wire: string
  readonly jwk: string
  readonly bytes: number
}

const CURVES: readonly Curve[] = [
  { wire: 'nistp256', jwk: 'P-256', bytes: 32 },
  { wire: 'nistp384', jwk: 'P-384', bytes: 48 },
  { wire: 'nistp521', jwk: 'P-521', bytes: 66 },
]

/** Shorter RSA keys can be broken, longer ones only cost time. */
const RSA_BITS = { min: 2_048, max: 16_384 }

/** A point that is not compressed begins so. Source: SEC 1, section 2.3.3. */
const UNCOMPRESSED = 4

/**
 * Reads a public key; undefined unless the bytes are exactly one key of a kind that is known.
 *
 * Trust: the bytes may come from a hostile host.
 */
export function parseSshPublicKey(blob: Uint8Array): SshPublicKey | undefined {
  const reader = new WireReader(blob)
  const type = reader.text(64)
  const jwk = jwkOf(type, reader)
  if (jwk === undefined || !reader.isDone) return undefined
  try {
    const key = createPublicKey({ key: jwk, format: 'jwk' })
    return isLongEnough(key) ? { type: type as SshKeyType, key } : undefined
  } catch {
    return undefined // The point is not on its curve.
  }
}

/** A public key as it is on the wire; undefined when SSH has no such kind of key. */
export function sshPublicKeyOf(key: KeyObject): Uint8Array | undefined {
  const jwk = key.export({ format: 'jwk' })
  const member = (name: 'x' | 'y' | 'n' | 'e'): Buffer => Buffer.from(jwk[name]!, 'base64url')
  if (jwk.kty === 'RSA') {
    if (!isLongEnough(key)) return undefined
    return Buffer.concat([
      wireString('ssh-rsa'),
      wireInteger(member('e')),
      wireInteger(member('n')),
    ])
  }
  if (jwk.crv === 'Ed25519') {
    return Buffer.concat([wireString('ssh-ed25519'), wireString(member('x'))])
  }
  const curve = CURVES.find((each) => each.jwk === jwk.crv)
  if (curve === undefined) return undefined
  const point = Buffer.concat([Uint8Array.of(UNCOMPRESSED), member('x'), member('y')])
  const name = wireString(`ecdsa-sha2-${curve.wire}`)
  return Buffer.concat([name, wireString(curve.wire), wireString(point)])
}

function jwkOf(type: string, reader: WireReader): Jwk | undefined {
  if (type === 'ssh-ed25519') {
    const x = reader.string(32)
    return x.length === 32 ? { kty: 'OKP', crv: 'Ed25519', x: text(x) } : undefined
  }
  if (type === 'ssh-rsa') {
    const e = reader.positiveInteger()
    return { kty: 'RSA', e: text(e), n: text(reader.positiveInteger()) }
  }
  const curve = CURVES.find(({ wire }) => type === `ecdsa-sha2-${wire}`)
  return curve === undefined ? undefined : pointOf(curve, reader)
}

function pointOf(curve: Curve, reader: WireReader): Jwk | undefined {
  const isSameCurve = reader.text(16) === curve.wire
  const point = reader.string(1 + 2 * curve.bytes)
  if (!isSameCurve || point.length !== 1 + 2 * curve.bytes || point[0] !== UNCOMPRESSED) {
    return undefined
  }
  const [x, y] = [point.subarray(1, 1 + curve.bytes), point.subarray(1 + curve.bytes)]
  return { kty: 'EC', crv: curve.jwk, x: text(x), y: text(y) }
}

function isLongEnough(key: KeyObject): boolean {
  if (key.asymmetricKeyType !== 'rsa') return true
  const bits = key.asymmetricKeyDetails?.modulusLength ?? 0
  return bits >= RSA_BITS.min && bits <= RSA_BITS.max
}

function text(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64url')
}
