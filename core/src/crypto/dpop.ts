// SPDX-License-Identifier: Apache-2.0
/** Proofs of possession: with each request, a signature by the key its token is bound to. Source: RFC 9449, section 4. */
import { CompactSign } from 'jose'
import { createPrivateKey, createPublicKey, verify, type KeyObject } from 'node:crypto'
import { z } from 'zod'
import { decodeBase64url } from '../protocol/base64url.ts'
import { encodeJson, parseJson } from '../protocol/json.ts'
import { Bytes32 } from '../protocol/primitives.ts'
import { accessTokenHash } from './access-token.ts'
import { makeP256Jwk, thumbprintOf, type P256PublicJwk } from './p256.ts'

/** A key that proves requests. It is made for one process and never leaves it. */
export interface DpopKey {
  readonly thumbprint: string
  readonly publicJwk: P256PublicJwk
  readonly privateKey: KeyObject
}

/** A request as its proof describes it. */
export interface ProvenRequest {
  readonly method: string
  /** The whole address, without query and fragment. */
  readonly url: string
  /** The newest nonce of the hub, if one is known. */
  readonly nonce?: string | undefined
  /** The access token that goes with the request, if one does. */
  readonly token?: string | undefined
}

/** A proof whose signature holds. Who may use its key is for the caller to find out. */
export interface DpopProof {
  readonly proofId: string
  readonly thumbprint: string
  readonly method: string
  readonly url: string
  readonly nonce: string | undefined
  /** Of the access token; see `accessTokenHash`. */
  readonly tokenHash: string | undefined
}

/** The longest proof that is looked at. */
export const MAX_DPOP_PROOF_LENGTH = 4_096

const ALGORITHM = 'ES256'
const TYPE = 'dpop+jwt'

const PublicJwk = z.strictObject({
  crv: z.literal('P-256'),
  kty: z.literal('EC'),
  x: Bytes32,
  y: Bytes32,
})

const Header = z.strictObject({
  alg: z.literal(ALGORITHM),
  typ: z.literal(TYPE),
  jwk: PublicJwk,
})

const Payload = z.strictObject({
  /** At least 96 bits, as text. */
  jti: z.string().regex(/^[\x21-\x7e]{16,64}$/),
  htm: z.string().max(16),
  htu: z.string().max(2_048),
  iat: z.int(),
  nonce: z.string().max(128).optional(),
  ath: Bytes32.optional(),
})

/** Makes a key from 48 random bytes. Throws: RangeError. */
export function makeDpopKey(seed: Uint8Array): DpopKey {
  const { d, ...publicJwk } = makeP256Jwk(seed)
  const privateKey = createPrivateKey({ key: { ...publicJwk, d }, format: 'jwk' })
  return { thumbprint: thumbprintOf(publicJwk), publicJwk, privateKey }
}

/** Makes the proof of one request. `proofId` is random, at least 96 bits. */
export async function signDpopProof(
  key: DpopKey,
  request: ProvenRequest,
  { proofId, nowMs }: { readonly proofId: string; readonly nowMs: number },
): Promise<string> {
  const { method, url, nonce, token } = request
  const ath = token === undefined ? undefined : accessTokenHash(token)
  const iat = Math.floor(nowMs / 1_000)
  const payload = encodeJson({ jti: proofId, htm: method, htu: url, iat, nonce, ath })
  return new CompactSign(payload)
    .setProtectedHeader({ alg: ALGORITHM, typ: TYPE, jwk: { ...key.publicJwk } })
    .sign(key.privateKey)
}

/**
 * Reads a proof; undefined when it has not the one form that we write, or its signature does not hold.
 *
 * Trust: algorithm and type are pinned; the key in the header is only ever used on the curve P-256, is checked to lie on
 * it, and counts for nothing but its thumbprint. The time in the proof is not looked at: the hub's own nonce says when.
 * Why not by jose: each request has one, with a key that was never seen before; this way takes half the time.
 * Source: RFC 9449, section 4.3, steps 2 to 7; RFC 7515, section 5.2; RFC 8725, sections 3.1 to 3.4 and 3.11.
 */
export function readDpopProof(text: string): DpopProof | undefined {
  if (text.length > MAX_DPOP_PROOF_LENGTH) return undefined
  try {
    const parts = text.split('.')
    if (parts.length !== 3) return undefined
    const [header, payload, signature] = parts as [string, string, string]
    const { jwk } = Header.parse(jsonOf(header))
    const key = createPublicKey({ key: jwk, format: 'jwk' })
    const signed = Buffer.from(`${header}.${payload}`)
    const isSigned = verify(
      'sha256',
      signed,
      { key, dsaEncoding: 'ieee-p1363' },
      decodeBase64url(signature),
    )
    if (!isSigned) return undefined
    const { jti, htm, htu, nonce, ath } = Payload.parse(jsonOf(payload))
    const thumbprint = thumbprintOf(jwk)
    return { proofId: jti, thumbprint, method: htm, url: htu, nonce, tokenHash: ath }
  } catch {
    return undefined
  }
}

function jsonOf(part: string): unknown {
  return parseJson(decodeBase64url(part), MAX_DPOP_PROOF_LENGTH)
}
