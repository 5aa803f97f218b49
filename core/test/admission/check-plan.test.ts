// SPDX-License-Identifier: Apache-2.0
/** What destroys runs by a signed plan; what was signed with a plan can be planned. */
import { describe, expect, it } from '@jest/globals'
import { admit } from '../../src/admission/index.ts'
import { checkPlanSigned } from '../../src/admission/check-plan.ts'
import { digestOf, makeBundle } from '../../src/crypto/index.ts'
import {
  approvedJobsOf,
  encodeBase64url,
  encodeJson,
  parseJson,
  type Job,
} from '../../src/protocol/index.ts'
import {
  labelOf,
  makePorts,
  manifest,
  publicationOf,
  signApproval,
  signJob,
} from '../support/site.ts'

const PLAN = { changes: [{ op: 'remove' as const, what: 'guest 102' }], state: { vmid: 102 } }

describe('a job that destroys', () => {
  const destroys = { effect: 'destroy', hasPlan: true } as const

  it.each<[string, Pick<Job, 'step' | 'plan'>, string]>([
    ['runs by a signed plan', { step: 'run', plan: PLAN }, 'passes'],
    ['does not run without one', { step: 'run', plan: null }, 'plan_missing'],
    ['can be planned without one', { step: 'plan', plan: null }, 'passes'],
  ])('%s', (_, job, outcome) => {
    const checked = checkPlanSigned(job, destroys)
    expect(checked.ok ? 'passes' : checked.refusal.reason).toBe(outcome)
  })

  it('does not run at all when its type cannot say what it would do', () => {
    const unplannable = { effect: 'destroy', hasPlan: false } as const
    const checked = checkPlanSigned({ step: 'run', plan: null }, unplannable)
    expect(checked).toMatchObject({
      refusal: { reason: 'plan_missing', details: { hasPlan: false } },
    })
  })
})

describe.each(['read', 'change'] as const)('a job of effect %s', (effect) => {
  it.each<[string, Pick<Job, 'step' | 'plan'>, boolean, string]>([
    ['runs without a plan', { step: 'run', plan: null }, false, 'passes'],
    ['runs without the plan it could have', { step: 'run', plan: null }, true, 'passes'],
    ['runs by a signed plan', { step: 'run', plan: PLAN }, true, 'passes'],
    ['is not planned when it has no plan', { step: 'plan', plan: null }, false, 'no_plan'],
    ['does not run by a plan it cannot make', { step: 'run', plan: PLAN }, false, 'no_plan'],
  ])('%s', (_, job, hasPlan, outcome) => {
    const checked = checkPlanSigned(job, { effect, hasPlan })
    expect(checked.ok ? 'passes' : checked.refusal.reason).toBe(outcome)
  })
})

describe('admission', () => {
  const jobs = {
    read: { ...manifest.jobs['read']!, effect: 'destroy' as const, hasPlan: true, hasVerify: true },
  }
  const own = { ...manifest, jobs }
  const bytes = makeBundle(own, { 'plugin.mjs': 'export {}', 'licenses.txt': 'none' })
  const { name, version } = own
  const approval = signApproval({
    plugin: { name, version, digest: digestOf(bytes) },
    jobs: approvedJobsOf(own),
    publication: publicationOf(bytes),
  })
  const ports = makePorts({ approvals: { find: () => ({ approval, bundle: bytes }) } })
  const decisionOn = (envelope: Uint8Array) =>
    admit({ envelopeId: labelOf(envelope), bytes: envelope }, ports)

  it('refuses what destroys without a plan, and takes it with one', () => {
    expect(decisionOn(signJob())).toMatchObject({ refusal: { reason: 'plan_missing' } })
    expect(decisionOn(signJob({ plan: PLAN }))).toMatchObject({ admitted: true })
    expect(decisionOn(signJob({ step: 'plan' }))).toMatchObject({ admitted: true })
  })

  it('refuses a plan that was changed after it was signed', () => {
    const envelope = parseJson(signJob({ plan: PLAN }), 200_000) as { payload: string }
    const text = Buffer.from(envelope.payload, 'base64url').toString()
    const payload = encodeBase64url(Buffer.from(text.replaceAll('102', '103')))
    const edited = encodeJson({ ...envelope, payload })
    expect(decisionOn(edited)).toMatchObject({ refusal: { reason: 'bad_signature' } })
  })
})
