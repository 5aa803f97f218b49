// SPDX-License-Identifier: Apache-2.0
/** An enrolment counts only with the trust root that the code vouches for, signed by an operator of it. */
import { describe, expect, it } from '@jest/globals'
import { randomBytes } from 'node:crypto'
import {
  foundSite,
  makeIdentity,
  publicIdentity,
  rootFingerprintOf,
  signDocument,
  type Identity,
} from '@sallyport/core/crypto'
import {
  THRESHOLD_PROFILES,
  documents,
  encodeBase64url,
  type Enrolment,
} from '@sallyport/core/protocol'
import { verifyEnrolment } from '../src/trust.ts'

const operator = makeIdentity('ops-1', new Uint8Array(64).fill(1))
const hostile = makeIdentity('ops-2', new Uint8Array(64).fill(2))
const ID = '01890000-0000-7000-8000-000000000001'
const OTHER_ID = '01890000-0000-7000-8000-000000000002'

function siteOf(by: Identity, siteId = ID) {
  return foundSite({
    siteId,
    siteName: 'home',
    operator: publicIdentity(by),
    rootKeys: [makeIdentity('root', new Uint8Array(64).fill(9)).signing],
    thresholds: THRESHOLD_PROFILES.homelab,
    policyText: 'permit (principal, action, resource);',
    nowMs: Date.parse('2026-03-01T12:00:00.000Z'),
    expiresAtMs: Date.parse('2027-03-01T12:00:00.000Z'),
    random: randomBytes,
  })
}

const site = siteOf(operator)
const vouched = rootFingerprintOf(site.root)

function enrolment(by: Identity, changes: Partial<Enrolment> = {}): Uint8Array {
  const document = {
    enrolmentId: ID,
    siteId: ID,
    agentId: ID,
    agentName: 'pve1',
    trustRoot: encodeBase64url(site.root),
    policy: encodeBase64url(site.policy),
    nameKey: encodeBase64url(site.nameKey),
    issuedAt: '2026-03-01T12:00:00.000Z',
    expiresAt: '2026-03-01T13:00:00.000Z',
    ...changes,
  }
  return signDocument(documents.enrolment, document, by.signing)
}

describe('an enrolment', () => {
  it('with the vouched root, signed by an operator of it, is believed', () => {
    const enrolled = verifyEnrolment(enrolment(operator), vouched)
    expect(enrolled).toMatchObject({
      siteName: 'home',
      rootVersion: 1,
      operators: ['ops-1'],
      operatorReaders: [encodeBase64url(operator.sealing.publicKey)],
      policy: { version: 1 },
    })
  })

  it('with a root of somebody else is refused, though all in it fits together', () => {
    const { root, policy } = siteOf(hostile)
    const own = { trustRoot: encodeBase64url(root), policy: encodeBase64url(policy) }
    expect(() => verifyEnrolment(enrolment(hostile, own), vouched)).toThrowCode(
      'ERR_ENROLMENT_UNTRUSTED',
    )
  })

  it('with the vouched root, but not signed by an operator of it, is refused', () => {
    expect(() => verifyEnrolment(enrolment(hostile), vouched)).toThrowCode(
      'ERR_ENROLMENT_UNTRUSTED',
    )
  })

  it('after the operator key had ended is refused', () => {
    const late = { issuedAt: '2027-03-02T12:00:00.000Z', expiresAt: '2027-03-02T13:00:00.000Z' }
    expect(() => verifyEnrolment(enrolment(operator, late), vouched)).toThrowCode(
      'ERR_ENROLMENT_UNTRUSTED',
    )
  })

  it('into another site than its root is of is refused', () => {
    expect(() => verifyEnrolment(enrolment(operator, { siteId: OTHER_ID }), vouched)).toThrowCode(
      'ERR_ENROLMENT_UNTRUSTED',
    )
  })

  it('with a policy that no root key signed is refused', () => {
    const policy = { siteId: ID, version: 1, text: '', issuedAt: '2026-03-01T12:00:00.000Z' }
    const signed = signDocument(documents.policy, policy, operator.signing)
    const changed = enrolment(operator, { policy: encodeBase64url(signed) })
    expect(() => verifyEnrolment(changed, vouched)).toThrowCode('ERR_ENROLMENT_UNTRUSTED')
  })

  it('with a name key that is not that of its trust root is refused', () => {
    const nameKey = encodeBase64url(randomBytes(32))
    expect(() => verifyEnrolment(enrolment(operator, { nameKey }), vouched)).toThrowCode(
      'ERR_ENROLMENT_UNTRUSTED',
    )
  })

  it('with one altered byte is refused', () => {
    const text = Buffer.from(enrolment(operator)).toString('utf8')
    const altered = text.replace(/"sig":"(.)/, (_all, first: string) => {
      return `"sig":"${first === 'A' ? 'B' : 'A'}`
    })
    expect(() => verifyEnrolment(Buffer.from(altered), vouched)).toThrowCode(
      'ERR_ENROLMENT_UNTRUSTED',
    )
  })
})
