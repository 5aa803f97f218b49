// SPDX-License-Identifier: Apache-2.0
/** Whoever wants a job must be permitted it by the policy, and whatever the policy cannot say is a refusal. */
import { describe, expect, it } from '@jest/globals'
import { makeTrustedKey } from '../../src/crypto/index.ts'
import { askPolicyForAll, checkPolicy } from '../../src/admission/check-policy.ts'
import type { PolicyDecision, PolicyRequest } from '../../src/admission/index.ts'
import { NOW, broken, identityOf, makeJob, manifest } from '../support/site.ts'

const ann = makeTrustedKey('operator', 'ann', identityOf('ann', 21).signing.publicKey)
const ben = makeTrustedKey('operator', 'ben', identityOf('ben', 22).signing.publicKey)
const bakery = makeTrustedKey('customer', 'bakery', identityOf('bakery', 23).signing.publicKey)
const known = { job: manifest.jobs['read']!, nowMs: NOW }

/** A policy that notes what it is asked. */
function fakePolicy(decision: PolicyDecision = { allowed: true, rules: ['first'] }) {
  const asked: PolicyRequest[] = []
  return { asked, decide: (request: PolicyRequest) => (asked.push(request), decision) }
}

const jobOf = (requestedBy: string) => ({ ...makeJob(), requestedBy })

describe('checkPolicy', () => {
  it('asks about whoever wants the job, with what was signed', () => {
    const policy = fakePolicy()
    const job = { ...jobOf(ben.keyId), input: { vmid: 101 }, step: 'plan' as const }
    const signers = [ann, ben]
    const wantedBy = { principals: [{ kind: 'Operator', name: 'ben' }], signers }
    expect(checkPolicy({ job, signers }, known, policy)).toEqual({
      ok: true,
      value: { rules: ['first'], wantedBy },
    })
    expect(policy.asked).toEqual([
      {
        principal: { kind: 'Operator', name: 'ben' },
        jobType: 'sensors/read',
        input: { vmid: 101 },
        step: 'plan',
        signers,
        ...known,
      },
    ])
  })

  it('asks about a customer as a customer', () => {
    const policy = fakePolicy()
    checkPolicy({ job: jobOf(bakery.keyId), signers: [ann, bakery] }, known, policy)
    expect(policy.asked[0]!.principal).toEqual({ kind: 'Customer', name: 'bakery' })
  })

  it('refuses when whoever wants it did not sign, and asks nothing', () => {
    const policy = fakePolicy()
    const checked = checkPolicy({ job: jobOf(ben.keyId), signers: [ann] }, known, policy)
    expect(checked).toRefuse('not_requester')
    expect(policy.asked).toEqual([])
  })

  it.each([
    ['missing', 'policy_missing'],
    ['broken', 'policy_broken'],
    ['denied', 'denied_by_policy'],
  ] as const)('refuses when the policy is or says %s', (why, reason) => {
    const rules = Array.from({ length: 9 }, (_, at) => `rule ${at}`)
    const policy = fakePolicy({ allowed: false, why, rules, errors: rules, about: 'guest 101' })
    const checked = checkPolicy({ job: jobOf(ann.keyId), signers: [ann] }, known, policy)
    expect(checked).toRefuse(reason)
    expect(checked).toMatchObject({
      refusal: {
        details: {
          principal: { kind: 'Operator', name: 'ann' },
          rules: rules.slice(0, 8),
          errors: rules.slice(0, 8),
          about: 'guest 101',
        },
      },
    })
  })

  it('refuses when the policy cannot be asked', () => {
    const checked = checkPolicy({ job: jobOf(ann.keyId), signers: [ann] }, known, {
      decide: broken,
    })
    expect(checked).toRefuse('store_unavailable')
  })
})

describe('askPolicyForAll', () => {
  const asked = { jobType: 'sensors/read', input: {}, step: 'run', ...known } as const
  const nightly = { kind: 'Schedule', name: 'nightly' } as const
  const person = { kind: 'Operator', name: 'ann' } as const

  it('permits when everyone who wants it is permitted, by each rule once', () => {
    const policy = fakePolicy()
    const wantedBy = { principals: [nightly, person], signers: [ann] }
    const checked = askPolicyForAll(asked, wantedBy, policy)
    expect(checked).toEqual({ ok: true, value: { rules: ['first'], wantedBy } })
    expect(policy.asked.map(({ principal }) => principal)).toEqual([nightly, person])
  })

  it.each([
    ['the schedule', 'Schedule'],
    ['the person', 'Operator'],
  ])('refuses when %s is not permitted', (_, denied) => {
    const decide = ({ principal }: PolicyRequest): PolicyDecision =>
      principal.kind === denied
        ? { allowed: false, why: 'denied', rules: [], errors: [] }
        : { allowed: true, rules: [] }
    const wantedBy = { principals: [nightly, person], signers: [ann] }
    expect(askPolicyForAll(asked, wantedBy, { decide })).toRefuse('denied_by_policy')
  })

  it('refuses when nobody wants it', () => {
    const wantedBy = { principals: [], signers: [ann] }
    expect(askPolicyForAll(asked, wantedBy, fakePolicy())).toRefuse('denied_by_policy')
  })
})
