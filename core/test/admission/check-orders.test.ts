// SPDX-License-Identifier: Apache-2.0
/** Revocations, releases and pins by themselves: who may sign them, for whom, and when they count. */
import { describe, expect, it } from '@jest/globals'
import {
  checkPin,
  verifyPin,
  verifyRelease,
  verifyRevocation,
  type AdmissionPorts,
  type StandingPin,
} from '../../src/admission/index.ts'
import { signDocument, type Identity } from '../../src/crypto/index.ts'
import { documents, instantOf } from '../../src/protocol/index.ts'
import {
  broken,
  makePin,
  makePorts,
  makeRelease,
  makeRevocation,
  MINUTE,
  NOW,
  operator,
  OTHER_ID,
  PINNED,
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

function pin(changes: object = {}, ports: Partial<AdmissionPorts> = {}, by: Identity = operator) {
  return verifyPin(signDocument(documents.pin, makePin(changes), by.signing), makePorts(ports))
}

describe.each([
  ['a revocation', revoke],
  ['a release', release],
  ['a pin', pin],
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
  it('is neither a revocation nor a release nor a pin', () => {
    expect(verifyPin(signJob(), makePorts())).toRefuse('unsupported_type')
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

describe('a pin held against what stands', () => {
  const standing: StandingPin = {
    pinned: 'cd'.repeat(32),
    sinceMs: Number.NEGATIVE_INFINITY,
    pinIssuedAtMs: Number.NEGATIVE_INFINITY,
    isLocked: false,
  }
  const held = (changes: Partial<StandingPin>, given = {}) =>
    checkPin(makePin(given), { ...standing, ...changes })

  it('counts for a day at most, and not when it is over', () => {
    expect(pin({ expiresAt: instantOf(NOW + DAY) })).toMatchObject({ ok: true })
    expect(pin({ expiresAt: instantOf(NOW + DAY + 1) })).toRefuse('lifetime')
    const over = { issuedAt: instantOf(NOW - 20 * MINUTE), expiresAt: instantOf(NOW - MINUTE) }
    expect(pin(over)).toRefuse('expired')
  })

  it('passes where nothing newer stands, locked or not', () => {
    expect(held({})).toMatchObject({ ok: true, value: standing })
    expect(held({ isLocked: true, sinceMs: NOW })).toMatchObject({ ok: true })
    expect(held({ pinIssuedAtMs: NOW - 1 })).toMatchObject({ ok: true })
  })

  it('names a binding that there is', () => {
    expect(checkPin(makePin(), undefined)).toRefuse('not_bound')
  })

  it('does not override one that was issued later, or at the same time', () => {
    expect(held({ pinIssuedAtMs: NOW + 1 })).toRefuse('expired')
    expect(held({ pinIssuedAtMs: NOW })).toRefuse('expired')
  })

  it('passes again when it is the one that stands', () => {
    expect(held({ pinIssuedAtMs: NOW, pinned: PINNED })).toMatchObject({ ok: true })
    expect(held({ pinIssuedAtMs: NOW + 1, pinned: PINNED })).toRefuse('expired')
  })

  it('does not undo a binding or a lock that is newer, as far as two clocks can tell', () => {
    expect(held({ sinceMs: NOW + 30_000 })).toMatchObject({ ok: true })
    expect(held({ sinceMs: NOW + 30_001, isLocked: true })).toRefuse('expired')
  })
})
