// SPDX-License-Identifier: Apache-2.0
/** The site file: strict, with keys that can be used. */
import { describe, expect, it } from '@jest/globals'
import { makeIdentity, publicIdentity } from '@sallyport/core/crypto'
import { encodeSiteFile, parseSiteFile, type SiteFile } from '@sallyport/core/transport'

const operator = (n: number) => publicIdentity(makeIdentity(`ops-${n}`, new Uint8Array(64).fill(n)))
const SITE: SiteFile = {
  format: 'sallyport-site-1',
  siteId: '01893f00-0000-7000-8000-000000000001',
  name: 'home',
  operators: [operator(1), operator(2)],
}
const bytesOf = (value: unknown) => Buffer.from(JSON.stringify(value))

describe('the site file', () => {
  it('is read as it was written', () => {
    expect(parseSiteFile(encodeSiteFile(SITE))).toEqual(SITE)
    expect(parseSiteFile(bytesOf(SITE))).toEqual(SITE)
  })

  it.each([
    ['another format', { ...SITE, format: 'sallyport-site-2' }],
    ['a member it does not know', { ...SITE, secret: 1 }],
    ['no operator', { ...SITE, operators: [] }],
    [
      'one operator twice',
      { ...SITE, operators: [operator(1), { ...operator(1), name: 'other' }] },
    ],
    ['a weak signing key', { ...SITE, operators: [{ ...operator(1), signingKey: weakKey() }] }],
    [
      'a weak sealing key',
      { ...SITE, operators: [{ ...operator(1), sealingKey: 'A'.repeat(43) }] },
    ],
    ['no object', []],
  ])('is refused with %s', (_, value) => {
    expect(() => parseSiteFile(bytesOf(value))).toThrow(
      expect.objectContaining({ code: 'ERR_SITE_FILE' }),
    )
  })

  it('is refused when it is no JSON, or has a member twice, or is large', () => {
    const twice = JSON.stringify(SITE).replace('{', '{"name":"away",')
    for (const text of ['hello', twice, ' '.repeat(70_000)]) {
      expect(() => parseSiteFile(Buffer.from(text))).toThrow(
        expect.objectContaining({ code: 'ERR_SITE_FILE' }),
      )
    }
  })
})

function weakKey(): string {
  return Buffer.from(Uint8Array.of(1, ...new Uint8Array(31))).toString('base64url')
}
