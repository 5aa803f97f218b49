// SPDX-License-Identifier: Apache-2.0
/** A policy under a root whose holders have changed: the same bytes, signed by those who are there now. */
import { signDocument } from '@sallyport/core/crypto'
import type { SigningKey } from '@sallyport/core/crypto'
import { documents } from '@sallyport/core/protocol'
import { describe, expect, it } from '@jest/globals'
import { draftOf } from '../../src/policy/current.ts'
import { renewPolicy } from '../../src/trust/carry-policy.ts'
import { firstRoot, keysOf, personOf, signRoot } from '../support/roots.ts'
import { NOW } from '../support/site.ts'

const [ann, ben, eve] = ['ann', 'ben', 'eve'].map(personOf)
const root = signRoot(firstRoot([ann!, ben!]), [ann!.root])
const { siteId } = root.root
const policy = { siteId, version: 3, text: 'permit(principal, action, resource);', issuedAt: NOW }
const signedBy = (key: SigningKey) => ({
  policy,
  envelope: signDocument(documents.policy, policy, key),
})
const under = (changes: object) => ({ root: signRoot({ ...root.root, ...changes }, [ben!.root]) })

describe('a policy under a new root', () => {
  it('is left alone while enough of those who signed it are there', () => {
    expect(renewPolicy({ root }, signedBy(ann!.root), [ben!.root])).toBeUndefined()
  })

  it('is signed by whoever is there, over the very same bytes, once its signer has gone', () => {
    const before = signedBy(ann!.root)
    const left = under({ keys: keysOf(ben!) })
    const renewed = renewPolicy(left, before, [eve!.root, ben!.root])
    expect(renewed).toMatchObject({ isComplete: true, have: ['ben'], policy })
    expect(renewed!.digest).toBe(draftOf(root, before.envelope).digest)
  })

  it('is signed by nobody whose key is no root key there', () => {
    const left = under({ keys: keysOf(ben!) })
    const keys = [eve!.root, ann!.root, ben!.operator.signing]
    expect(renewPolicy(left, signedBy(ann!.root), keys)).toBeUndefined()
  })

  it('keeps the signatures that count, and waits for the rest', () => {
    const three = firstRoot([ann!, ben!, eve!], { siteId, rootThreshold: 2 })
    const both = renewPolicy(under(three), signedBy(ann!.root), [ben!.root])
    expect(both).toMatchObject({ isComplete: true, have: expect.arrayContaining(['ann', 'ben']) })
    const alone = renewPolicy(under(three), signedBy(ann!.root), [ann!.recovery.signing])
    expect(alone).toMatchObject({ isComplete: false, have: ['ann'], need: 2 })
  })
})
