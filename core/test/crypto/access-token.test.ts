// SPDX-License-Identifier: Apache-2.0
/** Access tokens: what one key issued is read, everything else is not. */
import { describe, expect, it } from '@jest/globals'
import {
  issueAccessToken,
  makeAccessTokenKey,
  verifyAccessToken,
  type AccessClaims,
  type AccessTokenKeys,
} from '@sallyport/core/crypto'
import { CompactSign, SignJWT } from 'jose'
import { createSecretKey, type KeyObject } from 'node:crypto'

const NOW = Date.UTC(2026, 0, 31, 12)
const TERMS = { issuer: 'sallyport-hub', audience: 'sallyport-hub', nowMs: NOW }
const LIFETIME = { lifetimeMs: 300_000 }
const KEY = makeAccessTokenKey('ES256-1', Buffer.alloc(48, 7))
const KEYS: AccessTokenKeys = async (keyId) => (keyId === KEY.keyId ? KEY : undefined)
const CLAIMS: AccessClaims = {
  tokenId: 't-1',
  keyId: Buffer.alloc(32, 1).toString('base64url'),
  role: 'agent',
  siteId: '01893f00-0000-7000-8000-000000000001',
  agentId: '01893f00-0000-7000-8000-000000000002',
  dpop: Buffer.alloc(32, 2).toString('base64url'),
  instance: Buffer.alloc(16, 3).toString('base64url'),
}

const issue = (claims = CLAIMS, terms = TERMS) =>
  issueAccessToken(claims, KEY, { ...terms, ...LIFETIME })

/** A token with any header and payload, validly signed by any key. */
function forge(
  key: KeyObject,
  header: object,
  payload: Record<string, unknown> = {},
): Promise<string> {
  const { tokenId: jti, keyId: sub, role, siteId: site, agentId: agent } = CLAIMS
  const times = { iat: NOW / 1_000, exp: NOW / 1_000 + 300 }
  const bound = { cnf: { jkt: CLAIMS.dpop }, instance: CLAIMS.instance, ...times }
  const base = { iss: 'sallyport-hub', aud: 'sallyport-hub', jti, sub, role, site, agent, ...bound }
  return new SignJWT({ ...base, ...payload })
    .setProtectedHeader({ alg: 'ES256', typ: 'at+jwt', kid: KEY.keyId, ...header })
    .sign(key)
}

describe('access token', () => {
  it('gives back the claims it was issued with', async () => {
    const { token, expiresAtMs } = await issue()
    expect(await verifyAccessToken(token, KEYS, TERMS)).toEqual(CLAIMS)
    expect(expiresAtMs).toBe(NOW + 300_000)
  })

  it('gives back the claims of an operator, who is no agent', async () => {
    const { agentId: _, ...others } = CLAIMS
    const claims: AccessClaims = { ...others, role: 'operator' }
    const { token } = await issue(claims)
    expect(await verifyAccessToken(token, KEYS, TERMS)).toEqual(claims)
  })

  it('accepts the same token made by hand, so that the refusals below mean something', async () => {
    expect(await verifyAccessToken(await forge(KEY.signs, {}), KEYS, TERMS)).toEqual(CLAIMS)
  })

  it('ends at its expiry and not a second later', async () => {
    const { token, expiresAtMs } = await issue()
    const at = (nowMs: number) => verifyAccessToken(token, KEYS, { ...TERMS, nowMs })
    expect(await at(expiresAtMs - 1)).toEqual(CLAIMS)
    expect(await at(expiresAtMs)).toBeUndefined()
  })

  it.each(['issuer', 'audience'] as const)('refuses another %s', async (name) => {
    const { token } = await issue(CLAIMS, { ...TERMS, [name]: 'elsewhere' })
    expect(await verifyAccessToken(token, KEYS, TERMS)).toBeUndefined()
  })

  it('refuses the token of another key', async () => {
    const { token } = await issue()
    const other = makeAccessTokenKey(KEY.keyId, Buffer.alloc(48, 8))
    expect(await verifyAccessToken(token, async () => other, TERMS)).toBeUndefined()
  })

  it('refuses every token with one character changed', async () => {
    const { token } = await issue()
    for (let at = 0; at < token.length; at += 1) {
      const other = token[at] === 'A' ? 'Q' : 'A'
      const changed = token.slice(0, at) + other + token.slice(at + 1)
      expect(await verifyAccessToken(changed, KEYS, TERMS)).toBeUndefined()
    }
  })

  it('refuses a token without an algorithm', async () => {
    const { token } = await issue()
    const header = Buffer.from(JSON.stringify({ alg: 'none', typ: 'at+jwt', kid: KEY.keyId }))
    const [, payload] = token.split('.')
    for (const signature of ['', 'AA']) {
      const forged = `${header.toString('base64url')}.${payload}.${signature}`
      expect(await verifyAccessToken(forged, KEYS, TERMS)).toBeUndefined()
    }
  })

  it('refuses a MAC made with the public key as the secret', async () => {
    const pem = KEY.verifies.export({ type: 'spki', format: 'pem' })
    const secret = createSecretKey(Buffer.from(pem))
    const token = await forge(secret, { alg: 'HS256' })
    expect(await verifyAccessToken(token, KEYS, TERMS)).toBeUndefined()
  })

  it.each([
    ['another type', { typ: 'JWT' }],
    ['the long form of the type', { typ: 'application/at+jwt' }],
    ['another key id', { kid: 'x' }],
    ['no key id', { kid: undefined }],
    ['a member we do not write', { jku: 'https://elsewhere.example/keys' }],
  ] as [string, object][])('refuses a header with %s', async (_, header) => {
    expect(await verifyAccessToken(await forge(KEY.signs, header), KEYS, TERMS)).toBeUndefined()
  })

  it.each([
    ['a role that does not exist', { role: 'root' }],
    ['an agent that is an operator', { role: 'operator' }],
    ['an agent without an id', { agent: undefined }],
    ['a claim we do not write', { admin: true }],
    ['no end', { exp: undefined }],
    ['several audiences', { aud: ['sallyport-hub', 'elsewhere'] }],
    ['no key that proves its requests', { cnf: undefined }],
    ['a key in place of its thumbprint', { cnf: { jwk: { kty: 'EC' } } }],
    ['no instance', { instance: undefined }],
  ])('refuses claims with %s', async (_, payload) => {
    const token = await forge(KEY.signs, {}, payload)
    expect(await verifyAccessToken(token, KEYS, TERMS)).toBeUndefined()
  })

  it('refuses a token longer than any of ours, though its signature holds', async () => {
    const { token } = await issue()
    const payload = Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()
    const sign = (text: string) =>
      new CompactSign(Buffer.from(text))
        .setProtectedHeader({ alg: 'ES256', typ: 'at+jwt', kid: KEY.keyId })
        .sign(KEY.signs)
    expect(await verifyAccessToken(await sign(payload), KEYS, TERMS)).toEqual(CLAIMS)
    const padded = payload + ' '.repeat(4_096)
    expect(await verifyAccessToken(await sign(padded), KEYS, TERMS)).toBeUndefined()
  })

  it('makes a key of as many bytes as its algorithm takes, and of no other number', () => {
    expect(makeAccessTokenKey('a', Buffer.alloc(64), 'HS512').algorithm).toBe('HS512')
    expect(() => makeAccessTokenKey('a', Buffer.alloc(32))).toThrow(RangeError)
    expect(() => makeAccessTokenKey('a', Buffer.alloc(48), 'HS512')).toThrow(RangeError)
  })

  it('is a MAC where the key is one for HS512, and nothing else is taken under that key', async () => {
    const key = makeAccessTokenKey('HS512-1', Buffer.alloc(64, 7), 'HS512')
    const keys: AccessTokenKeys = async () => key
    const { token } = await issueAccessToken(CLAIMS, key, { ...TERMS, ...LIFETIME })
    expect(await verifyAccessToken(token, keys, TERMS)).toEqual(CLAIMS)
    const header = { alg: 'HS256', kid: key.keyId }
    const weaker = await forge(createSecretKey(Buffer.alloc(64, 7)), header)
    expect(await verifyAccessToken(weaker, keys, TERMS)).toBeUndefined()
    const other = await forge(KEY.signs, { kid: key.keyId })
    expect(await verifyAccessToken(other, keys, TERMS)).toBeUndefined()
  })
})
