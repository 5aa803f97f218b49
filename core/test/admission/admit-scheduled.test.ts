// SPDX-License-Identifier: Apache-2.0
/** A schedule is judged when it is accepted and anew at each due time: signatures, policy, plugin, input, time, standing. */
import { describe, expect, it } from '@jest/globals'
import {
  admitScheduled,
  verifySchedule,
  verifyScheduleOrder,
  type AdmissionPorts,
  type PolicyRequest,
} from '../../src/admission/index.ts'
import { makeTrustedKey, makeTrustStore, signDocument } from '../../src/crypto/index.ts'
import { documents, instantOf, type Schedule } from '../../src/protocol/index.ts'
import { runIdOf } from '../../src/schedules/index.ts'
import { heldPlugin, jobManifest } from '../support/questions.ts'
import {
  AGENT_ID,
  broken,
  identityOf,
  makeId,
  makeOrder,
  makePorts,
  makeSchedule,
  MINUTE,
  NOW,
  operator,
  OTHER_ID,
  publisher,
  signSchedule,
  stranger,
} from '../support/site.ts'

const DUE = NOW + 10 * MINUTE
const HELD = heldPlugin('guests', {
  show: jobManifest(),
  stop: jobManifest({ effect: 'change' }),
  destroy: jobManifest({ effect: 'destroy' }),
})

interface Case {
  readonly name: string
  readonly changes?: Partial<Schedule>
  readonly by?: typeof operator
  readonly ports?: Partial<AdmissionPorts>
  readonly reason: string
}

const customer = identityOf('ann', 7)
const keys = (...more: ReturnType<typeof makeTrustedKey>[]) => [
  makeTrustedKey('operator', operator.name, operator.signing.publicKey),
  makeTrustedKey('publisher', publisher.name, publisher.signing.publicKey),
  ...more,
]
const site = makePorts().trust.siteId
const twoForChange = makeTrustStore(site, keys(), [
  { jobTypes: 'guests/*', effect: 'change', operators: 2, customers: 0 },
])
const denied = (kind: string): AdmissionPorts['policy'] => ({
  decide: ({ principal }: PolicyRequest) =>
    principal.kind === kind
      ? { allowed: false, why: 'denied', rules: [], errors: [] }
      : { allowed: true, rules: [principal.kind] },
})
const guests: Partial<AdmissionPorts> = { approvals: { find: () => HELD } }

const CASES: readonly Case[] = [
  { name: 'by a stranger', by: stranger, reason: 'unknown_key' },
  { name: 'by a publisher', by: publisher, reason: 'wrong_role' },
  { name: 'for another agent', changes: { agentIds: [OTHER_ID] }, reason: 'wrong_audience' },
  { name: 'sealed anew', changes: { readers: ['A'.repeat(43)] }, reason: 'not_a_reader' },
  {
    name: 'valid for longer than 400 days',
    changes: { expiresAt: instantOf(NOW + 401 * 24 * 60 * MINUTE) },
    reason: 'lifetime',
  },
  {
    name: 'that has ended',
    ports: { clock: { now: () => NOW + 40 * 24 * 60 * MINUTE, highest: () => NOW } },
    reason: 'expired',
  },
  {
    name: 'with a clock that went back',
    ports: { clock: { now: () => NOW, highest: () => NOW + 5 * MINUTE } },
    reason: 'clock_untrusted',
  },
  { name: 'that cannot be read', changes: { cron: '61 * * * *' }, reason: 'not_schedulable' },
  { name: 'denser than a minute', changes: { cron: '* * * * * *' }, reason: 'not_schedulable' },
  { name: 'in no time zone', changes: { timeZone: 'Moon/Base' }, reason: 'not_schedulable' },
  { name: 'that is never due', changes: { cron: '0 0 30 2 *' }, reason: 'not_schedulable' },
  {
    name: 'of a job that destroys',
    changes: { jobType: 'guests/destroy', input: { vmid: 101 } },
    ports: guests,
    reason: 'not_schedulable',
  },
  { name: 'of no approved plugin', changes: { jobType: 'other/read' }, reason: 'not_approved' },
  { name: 'of no job type', changes: { jobType: 'sensors/none' }, reason: 'unknown_job_type' },
  { name: 'with a wrong input', changes: { input: { vmid: 'x' } }, reason: 'bad_input' },
  {
    name: 'with too few signatures for the effect',
    changes: { jobType: 'guests/stop', input: { vmid: 101 } },
    ports: { ...guests, trust: twoForChange },
    reason: 'signatures_missing',
  },
  {
    name: 'wanted by someone who did not sign',
    changes: { requestedBy: stranger.signing.keyId },
    reason: 'not_requester',
  },
  {
    name: 'that the policy denies to schedules',
    ports: { policy: denied('Schedule') },
    reason: 'denied_by_policy',
  },
  {
    name: 'that the policy denies to whoever wants it',
    ports: { policy: denied('Operator') },
    reason: 'denied_by_policy',
  },
  {
    name: 'without an answer of the policy',
    ports: { policy: { decide: broken } },
    reason: 'store_unavailable',
  },
  {
    name: 'on an isolated agent',
    ports: { standing: { isolation: () => ({ why: 'a case', sinceMs: NOW }), epochMs: () => 0 } },
    reason: 'isolated',
  },
  {
    name: 'from before the agent lost its memory',
    ports: { standing: { isolation: () => undefined, epochMs: () => NOW + 1 } },
    reason: 'before_epoch',
  },
  {
    name: 'with an unreadable store',
    ports: { approvals: { find: broken } },
    reason: 'store_unavailable',
  },
]

describe('a schedule', () => {
  it('is taken with its due times, and may name a customer as whoever wants it', () => {
    const schedule = makeSchedule()
    const envelope = signDocument(documents.schedule, schedule, operator.signing)
    const taken = verifySchedule(envelope, schedule.scheduleId, makePorts())
    expect(taken).toMatchObject({ ok: true, value: { schedule, rules: ['a case'] } })

    const trust = makeTrustStore(
      site,
      keys(makeTrustedKey('customer', customer.name, customer.signing.publicKey, ['agent/pve1'])),
      [{ jobTypes: '*', effect: 'read', operators: 0, customers: 1 }],
    )
    const own = { scheduleId: makeId(), requestedBy: customer.signing.keyId }
    const asked: PolicyRequest['principal'][] = []
    const decide = ({ principal }: PolicyRequest) => {
      asked.push(principal)
      return { allowed: true as const, rules: [principal.kind] }
    }
    const byCustomer = verifySchedule(signSchedule(own, customer), own.scheduleId, {
      ...makePorts(),
      trust,
      policy: { decide },
    })
    // The approval of the plugin is an operator's, whose key is still there.
    expect(byCustomer).toMatchObject({ ok: true, value: { rules: ['Schedule', 'Customer'] } })
    expect(asked).toEqual([
      { kind: 'Schedule', name: 'readings' },
      { kind: 'Customer', name: 'ann' },
    ])
  })

  it('is refused under another label than its own id', () => {
    const refused = verifySchedule(signSchedule(), OTHER_ID, makePorts())
    expect(refused).toMatchObject({ ok: false, refusal: { reason: 'relabelled' } })
  })

  it.each(CASES)('$name is refused when it comes, and at its due time', (each) => {
    const scheduleId = makeId()
    const envelope = signSchedule({ scheduleId, ...each.changes }, each.by)
    const ports = makePorts(each.ports)
    const refusal = { reason: each.reason }
    expect(verifySchedule(envelope, scheduleId, ports)).toMatchObject({ ok: false, refusal })
    const due = admitScheduled({ envelope, dueAtMs: DUE }, ports)
    expect(due).toMatchObject({ admitted: false, refusal })
  })

  it('of no form is refused', () => {
    const ports = makePorts()
    const bytes = new TextEncoder().encode('{}')
    const reason = 'malformed'
    expect(verifySchedule(bytes, OTHER_ID, ports)).toMatchObject({ refusal: { reason } })
    const wrong = { ...makeSchedule(), jitterSeconds: -1 }
    expect(() => signDocument(documents.schedule, wrong, operator.signing)).toThrow()
  })
})

describe('a due time', () => {
  const envelope = signSchedule({ scheduleId: OTHER_ID })

  it('is admitted as the job it stands for, under its own id, with the digest of the schedule', () => {
    const decision = admitScheduled({ envelope, dueAtMs: DUE }, makePorts())
    if (!decision.admitted) throw new Error(decision.refusal.reason)
    const { job, digest } = decision.authentic
    expect(job).toMatchObject({
      jobId: runIdOf(OTHER_ID, AGENT_ID, DUE),
      jobType: 'sensors/read',
      step: 'run',
      plan: null,
      notBefore: instantOf(DUE),
    })
    const taken = verifySchedule(envelope, OTHER_ID, makePorts())
    expect(taken).toMatchObject({ ok: true, value: { digest } })
    expect(decision.checksPassedCount).toBe(16)
  })

  it.each<{ name: string; dueAtMs?: number; ports: Partial<AdmissionPorts>; reason: string }>([
    { name: 'that is none', dueAtMs: DUE + 1, ports: {}, reason: 'not_schedulable' },
    { name: 'that had its run', ports: { replay: { has: () => true } }, reason: 'replayed' },
    {
      name: 'beyond the rate',
      ports: { rate: { admittedSince: () => 2 } },
      reason: 'rate_limited',
    },
    {
      name: 'that was cancelled',
      ports: { cancellations: { find: () => ({ why: 'a case' }) } },
      reason: 'cancelled',
    },
    {
      name: 'with unreadable runs',
      ports: { replay: { has: broken } },
      reason: 'store_unavailable',
    },
  ])('$name is refused', ({ dueAtMs = DUE, ports, reason }) => {
    const decision = admitScheduled({ envelope, dueAtMs }, makePorts(ports))
    expect(decision).toMatchObject({ admitted: false, refusal: { reason } })
  })
})

describe('an order about a schedule', () => {
  const sign = (changes = {}, by = operator) =>
    signDocument(documents.scheduleOrder, makeOrder(changes), by.signing)

  it('is believed by an operator of the site, however old', () => {
    const old = sign({ issuedAt: instantOf(NOW - 500 * 24 * 60 * MINUTE) })
    expect(verifyScheduleOrder(old, makePorts())).toMatchObject({ ok: true })
  })

  it('is refused by a stranger, for another agent, and from the future', () => {
    const reasonOf = (envelope: Uint8Array) => {
      const verified = verifyScheduleOrder(envelope, makePorts())
      return verified.ok ? 'taken' : verified.refusal.reason
    }
    expect(reasonOf(sign({}, stranger))).toBe('unknown_key')
    expect(reasonOf(sign({ agentIds: [OTHER_ID] }))).toBe('wrong_audience')
    expect(reasonOf(sign({ issuedAt: instantOf(NOW + 5 * MINUTE) }))).toBe('from_future')
  })
})
