// SPDX-License-Identifier: Apache-2.0
/** The site file: strict, around a trust root that holds. */
import { describe, expect, it } from '@jest/globals'
import { randomBytes } from 'node:crypto'
import {
  foundSite,
  makeIdentity,
  makeSigningKey,
  pseudonymOf,
  publicIdentity,
} from '@sallyport/core/crypto'
import { THRESHOLD_PROFILES, encodeBase64url } from '@sallyport/core/protocol'
import { encodeSiteFile, parseSiteFile } from '@sallyport/core/transport'

const { root, nameKey } = foundSite({
  siteId: '01893f00-0000-7000-8000-000000000001',
  siteName: 'home',
  random: randomBytes,
  operator: publicIdentity(makeIdentity('ops-1', new Uint8Array(64).fill(1))),
  rootKeys: [makeSigningKey(new Uint8Array(32).fill(2))],
  thresholds: THRESHOLD_PROFILES.homelab,
  policyText: '',
  nowMs: Date.parse('2026-11-22T08:00:00.000Z'),
  expiresAtMs: Date.parse('2029-11-22T08:00:00.000Z'),
})
const SITE = { format: 'sallyport-site-2', trustRoot: encodeBase64url(root) }
const bytesOf = (value: unknown) => Buffer.from(JSON.stringify(value))

function signedByNobody(): string {
  const envelope = JSON.parse(Buffer.from(root).toString()) as {
    signatures: { sig: string }[]
  }
  envelope.signatures[0]!.sig = 'A'.repeat(86)
  return encodeBase64url(bytesOf(envelope))
}

describe('the site file', () => {
  it('is read as it was written', () => {
    expect(parseSiteFile(encodeSiteFile(root)).root.siteName).toBe(
      pseudonymOf(nameKey, 'site', 'home'),
    )
    expect(parseSiteFile(bytesOf(SITE)).envelope).toEqual(Buffer.from(root))
  })

  it.each([
    ['another format', { ...SITE, format: 'sallyport-site-1' }],
    ['a member it does not know', { ...SITE, secret: 1 }],
    ['no root', { ...SITE, trustRoot: '' }],
    ['a root without form', { ...SITE, trustRoot: 'e30' }],
    ['a root that none of its keys signed', { ...SITE, trustRoot: signedByNobody() }],
    ['no object', []],
  ])('is refused with %s', (_, value) => {
    expect(() => parseSiteFile(bytesOf(value))).toThrowCode('ERR_SITE_FILE')
  })

  it('is refused when it is no JSON, or has a member twice, or is large', () => {
    const twice = JSON.stringify(SITE).replace('{', '{"trustRoot":"e30",')
    for (const text of ['hello', twice, ' '.repeat(100_000)]) {
      expect(() => parseSiteFile(Buffer.from(text))).toThrowCode('ERR_SITE_FILE')
    }
  })
})
