// SPDX-License-Identifier: Apache-2.0
/** Whom a party of a site believes: roots in a chain, keys until they end, policies under the root they came with. */
import { describe, expect, it } from '@jest/globals'
import {
  trustStoreOf,
  verifyFirstRoot,
  verifyNextRoot,
  verifyPolicy,
} from '../../src/crypto/index.ts'
import { instantOf } from '../../src/protocol/index.ts'
import {
  MemoryAuthority,
  YEAR,
  after,
  annRoot,
  annSpare,
  authorityOver,
  benRoot,
  first,
  firstPolicy,
  firstRoot,
  rootKeyOf,
  signPolicy,
  signRoot,
} from '../support/authority.ts'
import { NOW, OTHER_ID, identityOf, operator, sealingKeyOf, stranger } from '../support/site.ts'

const customer = identityOf('acme', 41)
const twoHolders = after(first, {
  rootThreshold: 2,
  keys: [...first.keys, rootKeyOf(benRoot, 'root')],
})

describe('the next trust root', () => {
  it('is signed under the one before', () => {
    expect(verifyNextRoot(first, signRoot(after(first), annRoot))).toMatchObject({ ok: true })
  })

  it.each([
    ['the same version', { ...first }, [annRoot], 'stale_version'],
    ['a version too far', { ...first, version: 3 }, [annRoot], 'stale_version'],
    ['another site', after(first, { siteId: OTHER_ID }), [annRoot], 'wrong_audience'],
    ['a stranger', after(first), [stranger], 'unknown_key'],
    ['an operator', after(first), [operator], 'unknown_key'],
    [
      'a key that only the new one knows',
      after(first, { keys: [...first.keys, rootKeyOf(benRoot, 'root')] }),
      [benRoot],
      'unknown_key',
    ],
    [
      'old keys without the second holder it asks for itself',
      twoHolders,
      [annRoot],
      'signatures_missing',
    ],
    ['two keys of one holder', twoHolders, [annRoot, annSpare], 'signatures_missing'],
  ] as const)('is refused when it is of or by %s', (_, root, by, reason) => {
    expect(verifyNextRoot(first, signRoot(root, ...by))).toRefuse(reason)
  })

  it('needs as many holders as the one before asks for, whatever it asks for itself', () => {
    const third = after(twoHolders, { rootThreshold: 1 })
    expect(verifyNextRoot(twoHolders, signRoot(third, annRoot))).toRefuse('signatures_missing')
    expect(verifyNextRoot(twoHolders, signRoot(third, annRoot, benRoot)).ok).toBe(true)
  })

  it('can follow one that has expired', () => {
    const expired = { ...first, issuedAt: instantOf(NOW - 2), expiresAt: instantOf(NOW - 1) }
    expect(verifyNextRoot(expired, signRoot(after(expired), annRoot)).ok).toBe(true)
  })

  it('takes a policy by as many holders as it asks for itself, not by one of two', () => {
    expect(verifyPolicy(twoHolders, signPolicy({}, annRoot))).toRefuse('signatures_missing')
  })

  it('gives no key but root keys once it has expired, however long they would count', () => {
    const keys = first.keys.map((key) => ({ ...key, notAfter: instantOf(NOW + 9 * YEAR) }))
    const trust = trustStoreOf({ ...first, keys }, NOW + YEAR)
    expect(trust.withRole('operator')).toEqual([])
    expect(trust.withRole('root')).toHaveLength(2)
  })

  it('is refused, not thrown at, when it has no form', () => {
    expect(verifyNextRoot(first, Buffer.from('{}'))).toRefuse('malformed')
    expect(verifyFirstRoot(Buffer.from('{}'), 'x')).toRefuse('malformed')
    expect(verifyPolicy(first, Buffer.from('{}'))).toRefuse('malformed')
  })
})

describe('an authority', () => {
  it('believes the keys of the newest root, and no key that it left out', () => {
    const store = new MemoryAuthority()
    const authority = authorityOver(store)
    expect(authority.find(operator.signing.keyId)?.role).toBe('operator')
    const keys = first.keys.filter(({ role }) => role === 'root')
    store.addRoot(signRoot(after(first, { keys }), annRoot))
    expect(authority.root().version).toBe(2)
    expect(authority.find(operator.signing.keyId)).toBeUndefined()
    expect(authority.operatorReaders()).toEqual([])
  })

  it('believes a key until it ends, and nothing but root keys once the root has expired', () => {
    const store = new MemoryAuthority()
    let nowMs = NOW
    const authority = authorityOver(store, () => nowMs)
    const keys = [
      ...first.keys,
      rootKeyOf(customer, 'customer', {
        notAfter: instantOf(NOW + 1_000),
        concerns: ['guest/101'],
      }),
    ]
    store.addRoot(signRoot(after(first, { keys }), annRoot))
    expect(authority.find(customer.signing.keyId)?.role).toBe('customer')
    expect(authority.personReaders()).toEqual([
      ...authority.operatorReaders(),
      ...authority.customerReaders('pve1', ['guest/101']),
    ])
    expect(authority.personReaders()).toHaveLength(2)
    nowMs = NOW + 1_000
    expect(authority.find(customer.signing.keyId)).toBeUndefined()
    expect(authority.customerReaders('pve1', ['guest/101'])).toEqual([])
    expect(authority.personReaders()).toEqual(authority.operatorReaders())
    expect(authority.find(operator.signing.keyId)?.role).toBe('operator')
    nowMs = NOW + YEAR
    expect(authority.isExpired()).toBe(true)
    expect(authority.find(operator.signing.keyId)).toBeUndefined()
    expect(authority.withRole('root')).toHaveLength(2)
  })

  it.each([
    [
      'the fingerprint of another root',
      () => authorityOver(new MemoryAuthority(), undefined, 'AAAA'),
    ],
    [
      'a root between that nobody signed',
      () => {
        const store = new MemoryAuthority()
        store.addRoot(signRoot(after(first), stranger))
        return authorityOver(store)
      },
    ],
    [
      'a policy under a root that is not there',
      () => {
        const store = new MemoryAuthority()
        store.addPolicy({ envelope: firstPolicy, rootVersion: 7 })
        return authorityOver(store)
      },
    ],
    [
      'a policy that an operator signed',
      () => {
        const store = new MemoryAuthority()
        store.addPolicy({ envelope: signPolicy({}, operator), rootVersion: 1 })
        return authorityOver(store)
      },
    ],
  ])('believes nobody with %s', (_, make) => {
    const authority = make()
    expect(() => authority.find(operator.signing.keyId)).toThrowCode('ERR_TRUST_BROKEN')
    expect(() => authority.policy()).toThrowCode('ERR_TRUST_BROKEN')
  })

  it('keeps a policy that came under a root whose keys have gone since', () => {
    const store = new MemoryAuthority()
    const authority = authorityOver(store)
    const keys = [...first.keys.filter(({ role }) => role !== 'root'), rootKeyOf(benRoot, 'root')]
    store.addRoot(signRoot(after(first, { keys }), annRoot, benRoot))
    expect(authority.policy()?.version).toBe(1)
    expect(authority.verifyPolicy(signPolicy())).toRefuse('unknown_key')
    expect(authority.verifyPolicy(signPolicy({}, benRoot))).toMatchObject({ ok: true })
  })

  it('takes no policy of the same or a lower version, nor of another site', () => {
    const authority = authorityOver(new MemoryAuthority())
    expect(authority.verifyPolicy(firstPolicy)).toRefuse('stale_version')
    expect(authority.verifyPolicy(signPolicy({ siteId: OTHER_ID }))).toRefuse('wrong_audience')
    const store = new MemoryAuthority()
    store.held = undefined
    expect(authorityOver(store).policy()).toBeUndefined()
  })

  it('shows customers what concerns them, and what is about nothing to all who have a concern', () => {
    const other = identityOf('umbrella', 42)
    const whole = identityOf('initech', 43)
    const store = new MemoryAuthority()
    const keys = [
      ...first.keys,
      rootKeyOf(customer, 'customer', { concerns: ['guest/101'] }),
      rootKeyOf(whole, 'customer', { concerns: ['agent/pve1'] }),
      rootKeyOf(other, 'customer'),
    ]
    store.addRoot(signRoot(after(first, { keys }), annRoot))
    const authority = authorityOver(store)
    const [own, agents] = [sealingKeyOf(customer), sealingKeyOf(whole)]
    expect(authority.customerReaders('pve2', ['guest/101', 'node/a'])).toEqual([own])
    expect(authority.customerReaders('pve1', ['guest/102'])).toEqual([agents])
    expect(authority.customerReaders('pve2', ['guest/102'])).toEqual([])
    expect(authority.customerReaders('pve2', [])).toEqual([own, agents])
  })

  it('verifies bytes once for each state of its store', () => {
    const store = new MemoryAuthority()
    const authority = authorityOver(store)
    expect(authority.root()).toBe(authority.root())
    expect(authority.chain()[0]!.envelope).toBe(firstRoot)
  })
})
