// SPDX-License-Identifier: Apache-2.0
/** Names behind pseudonyms: hidden from whoever lacks the key, and never another name than the one that was signed. */
import { hkdfSync, randomBytes } from 'node:crypto'
import { describe, expect, it } from '@jest/globals'
import {
  blindRoot,
  makeIdentity,
  nameOpeningOf,
  open,
  openNameKey,
  openUnderSecret,
  pseudonymFrom,
  pseudonymOf,
  publicIdentity,
  revealNames,
  sealNow,
  sealUnderSecretNow,
} from '../../src/crypto/index.ts'
import type { BlindRoot, RootKey, TrustRoot } from '../../src/protocol/index.ts'

const nameKey = randomBytes(32)
const who = (name: string) => makeIdentity(name, randomBytes(64))
const [ann, acme, hub, spare] = [who('ann'), who('acme-gmbh'), who('hub'), who('ann')]

function keyOf(identity: typeof ann, role: RootKey['role'], concerns: string[] = []): RootKey {
  const { name: holder, signingKey, sealingKey } = publicIdentity(identity)
  return { holder, role, signingKey, sealingKey, notAfter: '2029-01-31T12:00:00.000Z', concerns }
}

const root: TrustRoot = {
  siteId: '01890000-0000-7000-8000-000000000001',
  siteName: 'cellar',
  version: 1,
  rootThreshold: 1,
  keys: [
    keyOf(ann, 'operator'),
    keyOf(spare, 'root'),
    keyOf(acme, 'customer', ['guest/101', 'agent/pve-berlin']),
    keyOf(hub, 'hub'),
  ],
  thresholds: (['read', 'change', 'destroy'] as const).map((effect) => ({
    jobTypes: '*',
    effect,
    operators: 1,
    customers: 0,
  })),
  issuedAt: '2026-01-31T12:00:00.000Z',
  expiresAt: '2029-01-31T12:00:00.000Z',
}
const blind = (): BlindRoot => blindRoot(root, nameKey, randomBytes)

describe('a root as it is signed', () => {
  it('has no name in it, and all of them for whoever has the key', () => {
    const text = JSON.stringify(blind())
    for (const name of ['cellar', '"ann"', 'acme', 'guest', '101', 'pve-berlin']) {
      expect(text).not.toContain(name)
    }
    expect(revealNames(blind(), nameKey)).toEqual(root)
  })

  it('gives the name key to operators, customers and holders of root keys, and to no hub', async () => {
    for (const { sealing } of [ann, acme, spare]) {
      expect(Buffer.from(await openNameKey(blind(), sealing))).toEqual(nameKey)
    }
    await expect(openNameKey(blind(), hub.sealing)).rejects.toThrowCode('ERR_ROOT_NAMES')
    const alone = blindRoot({ ...root, keys: [keyOf(hub, 'hub')] }, nameKey, randomBytes)
    expect(alone.names.key).toBeNull()
    await expect(openNameKey(alone, hub.sealing)).rejects.toThrowCode('ERR_ROOT_NAMES')
  })

  it('takes no key of another size for the name key', async () => {
    const key = sealNow(randomBytes(31), [publicIdentity(ann).sealingKey], randomBytes)
    const odd = { ...blind(), names: { ...blind().names, key } }
    await expect(openNameKey(odd, ann.sealing)).rejects.toThrowCode('ERR_ROOT_NAMES')
    expect(() => revealNames(blind(), randomBytes(31))).toThrowCode('ERR_ROOT_NAMES')
    expect(() => pseudonymOf(randomBytes(31), 'site', 'home')).toThrow(RangeError)
  })

  it('has one pseudonym for one name, and others for another kind and another site', () => {
    const ids = [
      pseudonymOf(nameKey, 'holder', 'home'),
      pseudonymOf(nameKey, 'site', 'home'),
      pseudonymOf(nameKey, 'holder', 'homes'),
      pseudonymOf(randomBytes(32), 'holder', 'home'),
    ]
    expect(new Set(ids).size).toBe(4)
    expect(ids[0]).toMatch(/^[0-9a-f]{32}$/)
    expect(blind().keys[0]!.holder).toBe(blind().keys[1]!.holder)
  })

  it('shows one name to whoever has its opening', () => {
    const opening = nameOpeningOf(nameKey, 'holder', 'ann')
    expect(pseudonymFrom(opening, 'holder', 'ann')).toBe(blind().keys[0]!.holder)
    expect(pseudonymFrom(opening, 'holder', 'ben')).not.toBe(blind().keys[0]!.holder)
  })

  it.each<[string, (root: BlindRoot) => Partial<BlindRoot>]>([
    ['lacks a name', ({ keys }) => ({ keys: [{ ...keys[0]!, holder: '0'.repeat(32) }] })],
    ['has the name of a person as that of the site', ({ keys }) => ({ siteName: keys[0]!.holder })],
    ['lacks a concern', ({ keys }) => ({ keys: [{ ...keys[2]!, concerns: ['0'.repeat(32)] }] })],
    ['does not open', ({ names }) => ({ names: { ...names, list: `${names.list}A` } })],
    ['is no list', ({ names }) => ({ names: { ...names, list: otherList('{}') } })],
    [
      'has a name that is none',
      ({ names, keys }) => ({
        keys: [{ ...keys[0]!, holder: pseudonymOf(nameKey, 'holder', 'Ann Other') }],
        names: {
          ...names,
          list: otherList('{"siteName":"cellar","holders":["Ann Other"],"concerns":[]}'),
        },
      }),
    ],
  ])('is not shown when its list %s', (_, change) => {
    const changed = { ...blind(), ...change(blind()) }
    expect(() => revealNames(changed, nameKey)).toThrowCode('ERR_ROOT_NAMES')
  })

  it('is not shown under another key', () => {
    expect(() => revealNames(blind(), randomBytes(32))).toThrowCode('ERR_ROOT_NAMES')
  })
})

/** Another text in the place of the list, sealed as it is. */
function otherList(text: string): string {
  const key = new Uint8Array(hkdfSync('sha256', nameKey, '', 'sallyport names v1', 32))
  return sealUnderSecretNow(Buffer.from(text), key, randomBytes)
}

describe('what is sealed at once', () => {
  it('opens as everything that is sealed does', async () => {
    const keys = [ann, acme].map((identity) => publicIdentity(identity).sealingKey)
    for (const readers of [keys, keys.slice(0, 1), [...keys, keys[0]!]]) {
      const sealed = sealNow(Buffer.from('text'), readers, randomBytes)
      expect(Buffer.from(await open(sealed, ann.sealing, 10_000)).toString()).toBe('text')
    }
    const secret = randomBytes(32)
    const sealed = sealUnderSecretNow(Buffer.from('text'), secret, randomBytes)
    expect(Buffer.from(await openUnderSecret(sealed, secret)).toString()).toBe('text')
  })

  it('needs readers, and a secret of its size', () => {
    expect(() => sealNow(Buffer.from('text'), [], randomBytes)).toThrow(RangeError)
    expect(() => sealUnderSecretNow(Buffer.from('text'), randomBytes(31), randomBytes)).toThrow(
      RangeError,
    )
  })
})
