// SPDX-License-Identifier: Apache-2.0
/** Whether an agent takes jobs at all, and this one: isolated, set back, cancelled; and orders about it by themselves. */
import { describe, expect, it } from '@jest/globals'
import {
  admitAsked,
  checkIsolation,
  checkStanding,
  verifyCancellation,
  verifyIsolation,
  type AgentStanding,
  type CancellationStore,
} from '../../src/admission/index.ts'
import {
  makeTrustStore,
  makeTrustedKey,
  signDocument,
  type Identity,
} from '../../src/crypto/index.ts'
import { documents, instantOf } from '../../src/protocol/index.ts'
import {
  broken,
  identityOf,
  makeCancellation,
  makeIsolation,
  makeJob,
  makePorts,
  MINUTE,
  NOW,
  operator,
  OTHER_ID,
  publisher,
  sealingKeyOf,
  SITE_ID,
  signJob,
  stranger,
} from '../support/site.ts'

const job = makeJob()

function standing(
  changes: Partial<AgentStanding> = {},
  cancellations: CancellationStore = { find: () => undefined },
) {
  const standing = { isolation: () => undefined, epochMs: () => 0, ...changes }
  return checkStanding(job, { standing, cancellations })
}

describe('the standing of an agent', () => {
  it('passes where nothing was said', () => {
    expect(standing()).toMatchObject({ ok: true })
  })

  it('refuses everything while it is isolated, and says since when and why', () => {
    const isolation = () => ({ why: 'looking into it', sinceMs: NOW })
    const refused = standing({ isolation })
    expect(refused).toRefuse('isolated')
    expect(refused).toMatchObject({
      refusal: { details: { why: 'looking into it', since: instantOf(NOW) } },
    })
  })

  it('keeps a run from asking for further jobs while it is isolated', () => {
    const wantedBy = { principals: [{ kind: 'Operator', name: 'ann' }], signers: [] } as const
    const reach = { effect: 'destroy', resources: new Map(), depth: 0, wantedBy } as const
    const asked = { jobType: 'sensors/read', input: {} }
    expect(admitAsked(asked, reach, makePorts())).toMatchObject({ admitted: true })
    const isolated = { isolation: () => ({ why: 'w', sinceMs: NOW }), epochMs: () => 0 }
    const refused = admitAsked(asked, reach, makePorts({ standing: isolated }))
    expect(refused).toRefuse('isolated')
  })

  it('refuses what was signed before it lost its memory', () => {
    expect(standing({ epochMs: () => NOW })).toMatchObject({ ok: true })
    expect(standing({ epochMs: () => NOW + 1 })).toRefuse('before_epoch')
  })

  it('refuses what was cancelled, and asks by whose wish the job is', () => {
    const asked: unknown[] = []
    const find = (...by: [string, string]) => {
      asked.push(by)
      return { why: 'not today' }
    }
    const refused = standing({}, { find })
    expect(refused).toRefuse('cancelled')
    expect(refused).toMatchObject({ refusal: { details: { why: 'not today' } } })
    expect(asked).toEqual([[job.jobId, operator.signing.keyId]])
  })

  it('refuses when it cannot be read', () => {
    expect(standing({ isolation: broken })).toRefuse('store_unavailable')
    expect(standing({ epochMs: broken })).toRefuse('store_unavailable')
    expect(standing({}, { find: broken })).toRefuse('store_unavailable')
  })
})

const customer = identityOf('shop', 31)
const trust = makeTrustStore(
  SITE_ID,
  [
    makeTrustedKey('operator', operator.name, operator.signing.publicKey),
    makeTrustedKey('customer', customer.name, customer.signing.publicKey),
    makeTrustedKey('publisher', publisher.name, publisher.signing.publicKey),
  ],
  [{ jobTypes: '*', effect: 'read', operators: 0, customers: 0 }],
)

const cancel = (changes = {}, by: Identity = operator, ports = {}) =>
  verifyCancellation(
    signDocument(documents.cancellation, makeCancellation(changes), by.signing),
    makePorts({ trust, ...ports }),
  )
const isolate = (changes = {}, by: Identity = operator, ports = {}) =>
  verifyIsolation(
    signDocument(documents.isolation, makeIsolation(changes), by.signing),
    makePorts({ trust, ...ports }),
  )

describe.each([
  ['a cancellation', cancel],
  ['an isolation', isolate],
])('%s', (_what, verify) => {
  it('passes when it is right in everything', () => {
    expect(verify()).toMatchObject({ ok: true, value: { signerKeyId: operator.signing.keyId } })
  })

  it('counts from whoever may sign it only', () => {
    expect(verify({}, stranger)).toRefuse('unknown_key')
    expect(verify({}, publisher)).toRefuse('wrong_role')
  })

  it('counts for this agent only', () => {
    expect(verify({ siteId: OTHER_ID })).toRefuse('wrong_audience')
    expect(verify({ agentIds: [OTHER_ID] })).toRefuse('wrong_audience')
    expect(verify({ readers: [sealingKeyOf(operator)] })).toRefuse('not_a_reader')
  })

  it('is never too old, and not from the future', () => {
    expect(verify({ issuedAt: '2020-01-01T00:00:00.000Z' })).toMatchObject({ ok: true })
    expect(verify({ issuedAt: instantOf(NOW + MINUTE) })).toRefuse('from_future')
  })

  it('is refused when the time cannot be read', () => {
    const clock = { now: () => NOW, highest: broken }
    expect(verify({}, operator, { clock })).toRefuse('store_unavailable')
  })
})

describe('a customer', () => {
  it('may cancel where the site lets one customer look, and isolates nothing', () => {
    expect(cancel({}, customer)).toMatchObject({ ok: true })
    expect(isolate({}, customer)).toRefuse('wrong_role')
    const strict = makeTrustStore(SITE_ID, [
      makeTrustedKey('customer', customer.name, customer.signing.publicKey),
    ])
    expect(cancel({}, customer, { trust: strict })).toRefuse('signatures_missing')
  })
})

describe('another document', () => {
  it('is neither a cancellation nor an isolation', () => {
    expect(verifyCancellation(signJob(), makePorts())).toRefuse('unsupported_type')
    expect(verifyIsolation(signJob(), makePorts())).toRefuse('unsupported_type')
  })
})

describe('an order held against what was said last', () => {
  const last = { isIsolated: true, why: 'w', issuedAtMs: NOW, sinceMs: NOW }
  const order = (isIsolated: boolean, ms: number) => ({ isIsolated, issuedAt: instantOf(NOW + ms) })

  it('counts where nothing was said', () => {
    expect(checkIsolation(order(true, 0), undefined)).toMatchObject({ ok: true })
  })

  it('counts when it was issued later, not when it was issued before', () => {
    expect(checkIsolation(order(false, 1), last)).toMatchObject({ ok: true })
    expect(checkIsolation(order(false, -1), last)).toRefuse('expired')
    expect(checkIsolation(order(true, -1), { ...last, isIsolated: false })).toRefuse('expired')
  })

  it('isolates where two were issued at once', () => {
    expect(checkIsolation(order(true, 0), { ...last, isIsolated: false })).toMatchObject({
      ok: true,
    })
    expect(checkIsolation(order(false, 0), last)).toRefuse('expired')
  })
})
