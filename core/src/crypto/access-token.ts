// SPDX-License-Identifier: Apache-2.0
/** Access tokens of a session: short-lived JWTs that one hub issues and the same hub alone verifies. ES256, pinned. */
import { p256 } from '@noble/curves/nist.js'
import { SignJWT, jwtVerify } from 'jose'
import { createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto'
import { z } from 'zod'
import { encodeBase64url } from '../protocol/base64url.ts'
import { Id, KeyId } from '../protocol/primitives.ts'
import { keyIdOf } from './public-key.ts'

/** A hub's key pair for its tokens. */
export interface AccessTokenKey {
  readonly keyId: string
  readonly privateKey: KeyObject
  readonly publicKey: KeyObject
}

/** What a token says of its bearer. */
export interface AccessClaims {
  readonly tokenId: string
  /** Id of the signing key that opened the session. */
  readonly keyId: string
  readonly role: 'operator' | 'customer' | 'root' | 'agent'
  readonly siteId: string
  /** Present when `role` is agent. */
  readonly agentId?: string | undefined
}

/** A token and the instant at which it ends. */
export interface AccessToken {
  readonly token: string
  readonly expiresAtMs: number
}

/** From whom a token comes, for whom it is, and until when. */
export interface AccessTokenTerms {
  readonly issuer: string
  readonly audience: string
  /** Epoch milliseconds. */
  readonly nowMs: number
}

/** Bytes of the seed of a token key: 16 more than the key, so that reduction shows no bias. */
export const ACCESS_TOKEN_SEED_BYTES = 48

const HEADER = { alg: 'ES256', typ: 'at+jwt' } as const
const MAX_TOKEN_LENGTH = 4_096

const Payload = z.strictObject({
  iss: z.string(),
  aud: z.string(),
  jti: z.string().max(64),
  sub: KeyId,
  role: z.enum(['operator', 'customer', 'root', 'agent']),
  site: Id,
  agent: Id.optional(),
  iat: z.int(),
  exp: z.int(),
})

/** Makes a token key from 48 random bytes. Throws: RangeError. */
export function makeAccessTokenKey(seed: Uint8Array): AccessTokenKey {
  if (seed.length !== ACCESS_TOKEN_SEED_BYTES) throw new RangeError('seed must be 48 bytes')
  const secret = p256.utils.randomSecretKey(seed)
  const point = p256.getPublicKey(secret, false)
  const jwk = {
    kty: 'EC',
    crv: 'P-256',
    d: encodeBase64url(secret),
    x: encodeBase64url(point.subarray(1, 33)),
    y: encodeBase64url(point.subarray(33)),
  }
  const privateKey = createPrivateKey({ key: jwk, format: 'jwk' })
  return { keyId: keyIdOf(point), privateKey, publicKey: createPublicKey(privateKey) }
}

/** Issues a token for `lifetimeMs`. Source: RFC 9068, section 2 (header and claims). */
export async function issueAccessToken(
  claims: AccessClaims,
  key: AccessTokenKey,
  terms: AccessTokenTerms & { lifetimeMs: number },
): Promise<AccessToken> {
  const { role, siteId: site, agentId: agent } = claims
  const expiresAt = seconds(terms.nowMs + terms.lifetimeMs)
  const token = await new SignJWT(agent === undefined ? { role, site } : { role, site, agent })
    .setProtectedHeader({ ...HEADER, kid: key.keyId })
    .setIssuer(terms.issuer)
    .setAudience(terms.audience)
    .setSubject(claims.keyId)
    .setJti(claims.tokenId)
    .setIssuedAt(seconds(terms.nowMs))
    .setExpirationTime(expiresAt)
    .sign(key.privateKey)
  return { token, expiresAtMs: expiresAt * 1_000 }
}

/**
 * Reads a token; undefined when it is not one that this key issued on these terms and that is still alive.
 *
 * Trust: algorithm, type, issuer and audience are pinned; the header must have exactly the members we write; nothing in
 * the token chooses a key.
 * Source: RFC 8725, sections 3.1, 3.9 and 3.11.
 */
export async function verifyAccessToken(
  token: string,
  key: AccessTokenKey,
  terms: AccessTokenTerms,
): Promise<AccessClaims | undefined> {
  if (token.length > MAX_TOKEN_LENGTH) return undefined
  const verified = await verify(token, key, terms)
  if (verified === undefined) return undefined
  const payload = Payload.safeParse(verified.payload)
  if (!payload.success || !isExactHeader(verified.protectedHeader, key.keyId)) return undefined
  const { jti, sub, role, site, agent } = payload.data
  if ((role === 'agent') !== (agent !== undefined)) return undefined
  return { tokenId: jti, keyId: sub, role, siteId: site, agentId: agent }
}

async function verify(token: string, key: AccessTokenKey, terms: AccessTokenTerms) {
  try {
    return await jwtVerify(token, key.publicKey, {
      algorithms: [HEADER.alg],
      typ: HEADER.typ,
      issuer: terms.issuer,
      audience: terms.audience,
      currentDate: new Date(terms.nowMs),
    })
  } catch {
    return undefined
  }
}

function isExactHeader(header: Record<string, unknown>, keyId: string): boolean {
  const { alg, typ, kid, ...others } = header
  return (
    alg === HEADER.alg && typ === HEADER.typ && kid === keyId && Object.keys(others).length === 0
  )
}

function seconds(ms: number): number {
  return Math.floor(ms / 1_000)
}
