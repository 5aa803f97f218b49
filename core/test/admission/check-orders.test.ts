// SPDX-License-Identifier: Apache-2.0
/** Revocations and releases by themselves: who may sign them, for whom, and when they count. */
import { describe, expect, it } from '@jest/globals'
import { verifyRelease, verifyRevocation, type AdmissionPorts } from '../../src/admission/index.ts'
import { signDocument, type Identity } from '../../src/crypto/index.ts'
import { documents, instantOf } from '../../src/protocol/index.ts'
import {
  broken,
  makePorts,
  makeRelease,
  makeRevocation,
  MINUTE,
  NOW,
  operator,
  OTHER_ID,
  publisher,
  sealingKeyOf,
  signJob,
  stranger,
} from '../support/site.ts'

const DAY = 1_440 * MINUTE

function revoke(
  changes: object = {},
  ports: Partial<AdmissionPorts> = {},
  by: Identity = operator,
) {
  const signed = signDocument(documents.revocation, makeRevocation(changes), by.signing)
  return verifyRevocation(signed, makePorts(ports))
}

function release(
  changes: object = {},
  ports: Partial<AdmissionPorts> = {},
  by: Identity = operator,
) {
  const signed = signDocument(documents.quarantineRelease, makeRelease(changes), by.signing)
  return verifyRelease(signed, makePorts(ports))
}

describe.each([
  ['a revocation', revoke],
  ['a release', release],
])('%s', (_what, verify) => {
  it('passes when it is right in everything', () => {
    expect(verify()).toMatchObject({ ok: true, value: { signerKeyId: operator.signing.keyId } })
  })

  it('counts from an operator only', () => {
    expect(verify({}, {}, stranger)).toRefuse('unknown_key')
    expect(verify({}, {}, publisher)).toRefuse('wrong_role')
  })

  it('counts for this agent only', () => {
    expect(verify({ siteId: OTHER_ID })).toRefuse('wrong_audience')
    expect(verify({ agentIds: [OTHER_ID] })).toRefuse('wrong_audience')
    expect(verify({ readers: [sealingKeyOf(operator)] })).toRefuse('not_a_reader')
  })

  it('counts not before it was issued', () => {
    const issuedAt = instantOf(NOW + MINUTE)
    expect(verify({ issuedAt })).toRefuse('from_future')
  })

  it('is refused when the time cannot be read', () => {
    const clock = { now: () => NOW, highest: broken }
    expect(verify({}, { clock })).toRefuse('store_unavailable')
  })
})

describe('another document', () => {
  it('is neither a revocation nor a release', () => {
    expect(verifyRevocation(signJob(), makePorts())).toRefuse('unsupported_type')
    expect(verifyRelease(signJob(), makePorts())).toRefuse('unsupported_type')
    expect(verifyRevocation(new Uint8Array(9), makePorts())).toRefuse('malformed')
  })
})

describe('the time of a revocation', () => {
  it('may be years ago', () => {
    expect(revoke({ issuedAt: '2020-01-01T00:00:00.000Z' }).ok).toBe(true)
  })

  it('is held against the highest time ever shown, so that a clock turned back keeps nothing out', () => {
    const back = { now: () => NOW - 1_000 * DAY, highest: () => NOW }
    expect(revoke({}, { clock: back }).ok).toBe(true)
    const none = { now: () => Number.NaN, highest: () => NOW }
    expect(revoke({}, { clock: none })).toRefuse('clock_untrusted')
  })
})

describe('the time of a release', () => {
  it('ends', () => {
    const ended = { issuedAt: instantOf(NOW - MINUTE), expiresAt: instantOf(NOW - MINUTE / 2 - 1) }
    expect(release(ended)).toRefuse('expired')
    expect(release({ expiresAt: instantOf(NOW + DAY + 1) })).toRefuse('lifetime')
  })

  it('must not be before the quarantine that it lifts', () => {
    const since = (ms: number) => ({
      quarantine: { find: () => ({ reason: 'r', sinceMs: NOW + ms }) },
    })
    expect(release({}, since(30_000)).ok).toBe(true)
    expect(release({}, since(30_001))).toRefuse('expired')
    expect(release({}, { quarantine: { find: broken } })).toRefuse('store_unavailable')
  })
})
