// SPDX-License-Identifier: Apache-2.0
/** Thresholds: who counts, how often, and for what; each case on the agent's own trust. */
import { describe, expect, it } from '@jest/globals'
import {
  admit,
  checkSignatures,
  countSignatures,
  openApproval,
  signedAs,
  verifyIsolation,
  verifyRevocation,
} from '../../src/admission/index.ts'
import {
  addSignature,
  makeTrustStore,
  makeTrustedKey,
  signDocument,
  type Identity,
  type TrustedKey,
} from '../../src/crypto/index.ts'
import { documents, parseEnvelope, type Threshold } from '../../src/protocol/index.ts'
import {
  identityOf,
  makeApproval,
  makeIsolation,
  makeJob,
  makePorts,
  makeRevocation,
  operator,
  SITE_ID,
} from '../support/site.ts'

const ben = identityOf('ben', 21)
const second = identityOf('ops-1', 22)
const customer = identityOf('shop', 23)
const twin = identityOf('ops-1', 24)

const trusted = (role: TrustedKey['role'], { name, signing }: Identity): TrustedKey =>
  makeTrustedKey(role, name, signing.publicKey)
const KEYS = [
  trusted('operator', operator),
  trusted('operator', ben),
  trusted('operator', second),
  trusted('customer', customer),
  // A customer who goes by the name of an operator is not that operator.
  trusted('customer', twin),
]
const need = (
  effect: Threshold['effect'],
  operators: number,
  customers = 0,
  jobTypes = '*',
): Threshold => ({ jobTypes, effect, operators, customers })

/** A trust store with these thresholds, without the keys that are named. */
function trustOf(thresholds: readonly Threshold[], without: readonly Identity[] = []) {
  const gone = without.map(({ signing }) => signing.keyId)
  return makeTrustStore(
    SITE_ID,
    KEYS.filter(({ keyId }) => !gone.includes(keyId)),
    thresholds,
  )
}

/** Whether a change by the operator passes when these signed. */
function signedBy(signers: readonly Identity[], thresholds: readonly Threshold[]) {
  const keys = signers.map(({ signing }) => KEYS.find(({ keyId }) => keyId === signing.keyId)!)
  const signed = { jobType: 'sensors/read', effect: 'change', requestedBy: operator.signing.keyId }
  return checkSignatures(signed as never, keys, trustOf(thresholds))
}

describe('the threshold of a job', () => {
  const TWO = [need('change', 2)]

  it('is met by as many distinct holders as it asks for', () => {
    expect(signedBy([operator], [need('change', 1)])).toMatchObject({ ok: true })
    expect(signedBy([operator, ben], TWO)).toMatchObject({ ok: true })
  })

  it('is one operator where nothing is said', () => {
    expect(signedBy([operator], [])).toMatchObject({ ok: true })
    expect(checkSignatures({ jobType: 'p/x', effect: 'read' }, [], trustOf([]))).toRefuse(
      'signatures_missing',
    )
  })

  it('is not met by whoever wants it alone', () => {
    const refused = signedBy([operator], TWO)
    expect(refused).toRefuse('signatures_missing')
    expect(refused).toMatchObject({
      refusal: {
        details: {
          effect: 'change',
          need: { operators: 2, customers: 0 },
          have: { operators: 1, customers: 0 },
        },
      },
    })
  })

  it('counts a holder once, however many keys sign', () => {
    expect(signedBy([operator, second], TWO)).toRefuse('signatures_missing')
    expect(signedBy([operator, second, ben], TWO)).toMatchObject({ ok: true })
  })

  it('counts nobody in a role they do not have', () => {
    expect(signedBy([operator, twin], TWO)).toRefuse('signatures_missing')
    expect(signedBy([operator, customer], TWO)).toRefuse('signatures_missing')
  })

  it('asks for the customer beside the operators', () => {
    const both = [need('change', 1, 1)]
    expect(signedBy([operator], both)).toRefuse('signatures_missing')
    expect(signedBy([operator, ben], both)).toRefuse('signatures_missing')
    expect(signedBy([operator, customer], both)).toMatchObject({ ok: true })
  })

  it('counts customers for what is theirs', () => {
    const concerned = (name: string, ...concerns: string[]): TrustedKey =>
      makeTrustedKey(
        'customer',
        name,
        identityOf(name, 90 + name.length).signing.publicKey,
        concerns,
      )
    const [own, other, whole] = [
      concerned('acme', 'guest/101'),
      concerned('umbrella', 'guest/102'),
      concerned('whole-host', 'agent/pve1'),
    ]
    const have = (signers: TrustedKey[], ...about: string[]): number =>
      countSignatures(signers, ['agent/pve1', ...about]).customers
    expect(have([own], 'guest/101')).toBe(1)
    expect(have([other], 'guest/101')).toBe(0)
    expect(have([whole], 'guest/101')).toBe(1)
    expect(have([own, other], 'guest/101')).toBe(1)
    expect(have([own], 'guest/101', 'guest/102')).toBe(0)
    expect(have([own, other], 'guest/101', 'guest/102')).toBe(1)
    expect(have([own, other])).toBe(0)
    expect(have([whole])).toBe(1)
    expect(countSignatures([own, other]).customers).toBe(2)
  })

  it('needs whoever is named as wanting it among the signers', () => {
    expect(signedBy([ben, customer], TWO)).toRefuse('not_requester')
    expect(signedBy([second, ben], TWO)).toRefuse('not_requester')
  })

  it('is that of the most specific pattern for its effect', () => {
    const patterns = [need('change', 2), need('change', 1, 0, 'sensors/*'), need('destroy', 3)]
    expect(signedBy([operator], patterns)).toMatchObject({ ok: true })
    const exact = [...patterns, need('change', 1, 1, 'sensors/read')]
    expect(signedBy([operator], exact)).toRefuse('signatures_missing')
  })
})

describe('a job', () => {
  const job = (...signers: Identity[]) => {
    const [first, ...others] = signers
    const given = makeJob()
    const signed = signDocument(documents.job, given, first!.signing)
    const bytes = others.reduce(
      (envelope, { signing }) => addSignature(parseEnvelope(envelope, 200_000), signing),
      signed,
    )
    return { envelopeId: given.jobId, bytes }
  }
  const reason = (delivery: ReturnType<typeof job>, trust: ReturnType<typeof trustOf>) => {
    const decision = admit(delivery, makePorts({ trust }))
    return decision.admitted ? 'admitted' : decision.refusal.reason
  }

  it('is counted by the signatures in its envelope that hold', () => {
    const trust = trustOf([need('read', 2)])
    expect(reason(job(operator, ben), trust)).toBe('admitted')
    expect(reason(job(operator), trust)).toBe('signatures_missing')
    expect(reason(job(operator, second), trust)).toBe('signatures_missing')
  })

  it('that only plans counts as one that looks, whatever its type could do', () => {
    const given = makeJob({ step: 'plan' })
    const bytes = signDocument(documents.job, given, operator.signing)
    const trust = trustOf([need('read', 2), need('change', 1), need('destroy', 1)])
    const decision = admit({ envelopeId: given.jobId, bytes }, makePorts({ trust }))
    expect(decision).toRefuse('signatures_missing')
  })

  it('loses a signature when its key is removed from the trust root', () => {
    const thresholds = [need('read', 2)]
    const signed = job(operator, ben)
    expect(reason(signed, trustOf(thresholds))).toBe('admitted')
    expect(reason(signed, trustOf(thresholds, [ben]))).toBe('signatures_missing')
    // The approval of the plugin was by that key alone, so it is void too.
    expect(reason(signed, trustOf(thresholds, [operator]))).toBe('not_approved')
  })
})

describe('a document that is no job', () => {
  const ports = (thresholds: readonly Threshold[], without: readonly Identity[] = []) =>
    makePorts({ trust: trustOf(thresholds, without) })
  const approval = signDocument(documents.approval, makeApproval(), operator.signing)
  const isolation = (isIsolated: boolean) =>
    signDocument(documents.isolation, makeIsolation({ isIsolated }), operator.signing)

  it('goes by sallyport/<kind>, as a change', () => {
    expect(openApproval(approval, ports([need('change', 1)]))).toMatchObject({ ok: true })
    const two = ports([need('change', 1), need('change', 2, 0, 'sallyport/approval')])
    expect(openApproval(approval, two)).toRefuse('signatures_missing')
    const both = addSignature(parseEnvelope(approval, 200_000), ben.signing)
    expect(openApproval(both, two)).toMatchObject({
      ok: true,
      value: { signers: [{ name: 'ops-1' }, { name: 'ben' }] },
    })
  })

  it('that only forbids needs no more than looking does', () => {
    const strict = ports([need('read', 1), need('change', 2), need('destroy', 3)])
    const revocation = signDocument(documents.revocation, makeRevocation(), operator.signing)
    expect(verifyRevocation(revocation, strict)).toMatchObject({ ok: true })
    expect(verifyIsolation(isolation(true), strict)).toMatchObject({ ok: true })
    expect(verifyIsolation(isolation(false), strict)).toRefuse('signatures_missing')
  })

  it('that is held is void when the key under it is removed', () => {
    expect(openApproval(approval, ports([], [operator]))).toRefuse('unknown_key')
    const two = [need('change', 2)]
    const both = addSignature(parseEnvelope(approval, 200_000), ben.signing)
    expect(openApproval(both, ports(two))).toMatchObject({ ok: true })
    expect(openApproval(both, ports(two, [ben]))).toRefuse('signatures_missing')
  })

  it('has the effect of what it says', () => {
    const effects = (
      [
        ['revocation', {}],
        ['cancellation', {}],
        ['isolation', { isIsolated: true }],
        ['isolation', { isIsolated: false }],
        ['approval', {}],
        ['scheduleOrder', {}],
      ] as const
    ).map(([name, document]) => signedAs(documents[name], document))
    expect(effects).toEqual([
      { jobType: 'sallyport/revocation', effect: 'read' },
      { jobType: 'sallyport/cancellation', effect: 'read' },
      { jobType: 'sallyport/isolation', effect: 'read' },
      { jobType: 'sallyport/isolation', effect: 'change' },
      { jobType: 'sallyport/approval', effect: 'change' },
      { jobType: 'sallyport/schedule-order', effect: 'change' },
    ])
  })
})
