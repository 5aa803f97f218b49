// SPDX-License-Identifier: Apache-2.0
/** Access tokens of a session: short-lived JWTs that one hub issues and the same hub alone verifies. */
import { SignJWT, decodeProtectedHeader, jwtVerify } from 'jose'
import { z } from 'zod'
import { Bytes16, Bytes32, Id, KeyId } from '../protocol/primitives.ts'
import type { AccessTokenKey } from './access-token-key.ts'
import { sha256 } from './digest.ts'
import { encodeBase64url } from '../protocol/base64url.ts'

/** What a token says of its holder. */
export interface AccessClaims {
  readonly tokenId: string
  /** Id of the signing key that opened the session. */
  readonly keyId: string
  readonly role: 'operator' | 'customer' | 'root' | 'agent'
  readonly siteId: string
  /** Present when `role` is agent. */
  readonly agentId?: string | undefined
  /** Thumbprint of the key that must prove every request. */
  readonly dpop: string
  /** The start of the program that opened the session. */
  readonly instance: string
}

/** A token and the instant at which it ends. */
export interface AccessToken {
  readonly token: string
  readonly expiresAtMs: number
}

/** From whom a token comes, and when it is. */
export interface AccessTokenTerms {
  readonly issuer: string
  /** Address of the hub at which the session was opened. */
  readonly audience: string
  /** Epoch milliseconds. */
  readonly nowMs: number
}

/** Finds the key that a token names; undefined when there is none. */
export type AccessTokenKeys = (keyId: string) => Promise<AccessTokenKey | undefined>

const TYPE = 'at+jwt'
/** The longest token that is looked at. */
export const MAX_ACCESS_TOKEN_LENGTH = 2_048

const Payload = z.strictObject({
  iss: z.string(),
  aud: z.string(),
  jti: z.string().max(64),
  sub: KeyId,
  role: z.enum(['operator', 'customer', 'root', 'agent']),
  site: Id,
  agent: Id.optional(),
  cnf: z.strictObject({ jkt: Bytes32 }),
  instance: Bytes16,
  iat: z.int(),
  exp: z.int(),
})

/** Issues a token for `lifetimeMs`. Source: RFC 9068, section 2 (header and claims); RFC 9449, section 6.1 (`cnf`). */
export async function issueAccessToken(
  claims: AccessClaims,
  key: AccessTokenKey,
  terms: AccessTokenTerms & { lifetimeMs: number },
): Promise<AccessToken> {
  const { role, siteId: site, agentId, instance } = claims
  const agent = agentId === undefined ? {} : { agent: agentId }
  const expiresAt = seconds(terms.nowMs + terms.lifetimeMs)
  const token = await new SignJWT({ role, site, ...agent, instance, cnf: { jkt: claims.dpop } })
    .setProtectedHeader({ alg: key.algorithm, typ: TYPE, kid: key.keyId })
    .setIssuer(terms.issuer)
    .setAudience(terms.audience)
    .setSubject(claims.keyId)
    .setJti(claims.tokenId)
    .setIssuedAt(seconds(terms.nowMs))
    .setExpirationTime(expiresAt)
    .sign(key.signs)
  return { token, expiresAtMs: expiresAt * 1_000 }
}

/**
 * Reads a token; undefined when it is not one that a key of ours issued on these terms and that is still alive.
 *
 * Trust: the key id picks one of our keys, and the key has its algorithm; type, issuer and audience are pinned; header
 * and claims must have exactly the members we write. A proof of RFC 9449 is no token, and no token is such a proof: the
 * types differ, and so do the members that each must have.
 * Source: RFC 8725, sections 3.1, 3.8, 3.9, 3.10, 3.11 and 3.12.
 */
export async function verifyAccessToken(
  token: string,
  keys: AccessTokenKeys,
  terms: AccessTokenTerms,
): Promise<AccessClaims | undefined> {
  if (token.length > MAX_ACCESS_TOKEN_LENGTH) return undefined
  const keyId = keyIdNamedBy(token)
  const key = keyId === undefined ? undefined : await keys(keyId)
  if (key === undefined) return undefined
  const verified = await verify(token, key, terms)
  if (verified === undefined || !isExactHeader(verified.protectedHeader, key)) return undefined
  const payload = Payload.safeParse(verified.payload)
  if (!payload.success) return undefined
  const { jti, sub, role, site, agent, cnf, instance } = payload.data
  if ((role === 'agent') !== (agent !== undefined)) return undefined
  const who = { tokenId: jti, keyId: sub, role, siteId: site, agentId: agent }
  return { ...who, dpop: cnf.jkt, instance }
}

/** The hash by which a proof names the token it goes with. Source: RFC 9449, section 4.2 (`ath`). */
export function accessTokenHash(token: string): string {
  return encodeBase64url(sha256(new TextEncoder().encode(token)))
}

function keyIdNamedBy(token: string): string | undefined {
  try {
    const { kid } = decodeProtectedHeader(token)
    return typeof kid === 'string' ? kid : undefined
  } catch {
    return undefined
  }
}

async function verify(token: string, key: AccessTokenKey, terms: AccessTokenTerms) {
  try {
    return await jwtVerify(token, key.verifies, {
      algorithms: [key.algorithm],
      typ: TYPE,
      issuer: terms.issuer,
      audience: terms.audience,
      currentDate: new Date(terms.nowMs),
    })
  } catch {
    return undefined
  }
}

function isExactHeader(header: Record<string, unknown>, key: AccessTokenKey): boolean {
  const { alg, typ, kid, ...others } = header
  const isOurs = alg === key.algorithm && typ === TYPE && kid === key.keyId
  return isOurs && Object.keys(others).length === 0
}

function seconds(ms: number): number {
  return Math.floor(ms / 1_000)
}
