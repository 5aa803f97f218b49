// SPDX-License-Identifier: Apache-2.0
/** A job that a run asks for is checked as a signed one, and reaches no further than the run. */
import { describe, expect, it } from '@jest/globals'
import { admitAsked } from '../../src/admission/admit-asked.ts'
import type { Reach } from '../../src/admission/check-asked.ts'
import type { AdmissionPorts, PolicyDecision, PolicyRequest } from '../../src/admission/index.ts'
import { heldPlugin, jobManifest } from '../support/questions.ts'
import { broken, makePorts, NOW } from '../support/site.ts'

const HELD = heldPlugin(
  'guests',
  {
    show: jobManifest(),
    stop: jobManifest({ effect: 'change' }),
    destroy: jobManifest({ effect: 'destroy' }),
    everywhere: jobManifest({ resources: {} }),
    sweep: jobManifest({ effect: 'change', resources: {} }),
    strict: jobManifest({
      input: { type: 'object', properties: { vmid: { type: 'integer' } }, required: ['vmid'] },
    }),
    secret: jobManifest(),
  },
  ['show', 'stop', 'destroy', 'everywhere', 'sweep', 'strict'],
)

const ASKING: Reach = {
  effect: 'change',
  resources: new Map([['vmid', ['101', '102']]]),
  depth: 0,
  wantedBy: { principals: [{ kind: 'Operator', name: 'ann' }], signers: [] },
}

function decide(
  asked: { jobType: string; input?: Record<string, unknown> },
  changes: Partial<Reach> = {},
  ports: Partial<AdmissionPorts> = {},
): string {
  const { jobType, input = {} } = asked
  const find = (name: string) => (name === 'guests' ? HELD : undefined)
  const all = makePorts({ approvals: { find }, ...ports })
  const decision = admitAsked({ jobType, input }, { ...ASKING, ...changes }, all)
  return decision.admitted ? 'admitted' : decision.refusal.reason
}

describe('an asked job', () => {
  it('is admitted within effect and resources, and may reach no more than they', () => {
    const input = { vmid: 101 }
    const find = () => HELD
    const decision = admitAsked(
      { jobType: 'guests/show', input },
      ASKING,
      makePorts({ approvals: { find } }),
    )
    expect(decision).toMatchObject({
      admitted: true,
      jobName: 'show',
      plugin: { name: 'guests' },
      nowMs: NOW,
      reach: { effect: 'read', depth: 1 },
    })
    expect(decision.admitted && [...decision.reach.resources]).toEqual([['vmid', ['101']]])
  })

  it.each([
    ['none of its own', 'show', {}],
    ['one of them as text', 'show', { vmid: '102' }],
    ['several of them', 'stop', { vmid: [101, 102] }],
    ['none, when it has no resource', 'everywhere', {}],
  ])('is admitted with these resources: %s', (_, job, input) => {
    expect(decide({ jobType: `guests/${job}`, input })).toBe('admitted')
  })

  it.each([
    ['another value', { vmid: 103 }],
    ['one other value among its own', { vmid: [101, 103] }],
    ['a value in another spelling', { vmid: '0101' }],
    ['a value that cannot be compared', { vmid: { id: 101 } }],
    ['such a value in a list', { vmid: [101, [102]] }],
    ['nothing, said aloud', { vmid: null }],
    ['more values than are compared', { vmid: Array.from({ length: 257 }, () => 101) }],
  ])('is refused with %s', (_, input) => {
    expect(decide({ jobType: 'guests/show', input })).toBe('wider_than_asked')
  })

  it('is refused when the asking job has no such resource, whatever the input', () => {
    const resources = new Map([['node', ['pve1']]])
    for (const input of [{}, { vmid: 101 }]) {
      expect(decide({ jobType: 'guests/show', input }, { resources })).toBe('wider_than_asked')
    }
    expect(decide({ jobType: 'guests/everywhere' }, { resources })).toBe('admitted')
  })

  it.each([
    ['read', 'stop', 'wider_than_asked'],
    ['read', 'show', 'admitted'],
    ['change', 'destroy', 'wider_than_asked'],
    ['change', 'stop', 'admitted'],
    ['destroy', 'destroy', 'admitted'],
  ] as const)('of a job that may %s, guests/%s is %s', (effect, job, expected) => {
    expect(decide({ jobType: `guests/${job}` }, { effect })).toBe(expected)
  })

  it('is refused when it changes something and names no resource, unless the asking job names none either', () => {
    const jobType = 'guests/sweep'
    expect(decide({ jobType })).toBe('wider_than_asked')
    expect(decide({ jobType }, { resources: new Map() })).toBe('admitted')
    expect(decide({ jobType: 'guests/everywhere' })).toBe('admitted')
  })

  it('is refused three levels down', () => {
    expect(decide({ jobType: 'guests/show' }, { depth: 2 })).toBe('admitted')
    expect(decide({ jobType: 'guests/show' }, { depth: 3 })).toBe('asked_too_deep')
  })

  it.each([
    ['of a plugin nobody approved', { jobType: 'others/show' }, 'not_approved'],
    ['that the approval does not list', { jobType: 'guests/secret' }, 'not_approved'],
    ['that there is not', { jobType: 'guests/none' }, 'unknown_job_type'],
    ['without a name', { jobType: 'guests' }, 'unknown_job_type'],
    ['with an input of another form', { jobType: 'guests/strict', input: {} }, 'bad_input'],
  ])('%s is refused', (_, asked, reason) => {
    expect(decide(asked)).toBe(reason)
  })

  it('counts against the rate of its job type', () => {
    const rate = { admittedSince: () => 5 }
    expect(decide({ jobType: 'guests/show' }, {}, { rate })).toBe('rate_limited')
  })

  it.each(['revoked', 'quarantined'] as const)('of a plugin that is %s is refused', (reason) => {
    const revocations = { newest: () => ({ issuedAtMs: NOW, envelope: new Uint8Array() }) as never }
    const quarantine = { find: () => ({ reason: 'crashes', sinceMs: NOW }) as never }
    const ports = reason === 'revoked' ? { revocations } : { quarantine }
    expect(decide({ jobType: 'guests/show' }, {}, ports)).not.toBe('admitted')
  })

  it.each(['approvals', 'rate', 'clock', 'policy'] as const)(
    'is refused when %s cannot be read',
    (port) => {
      const unreadable = {
        approvals: { find: broken },
        rate: { admittedSince: broken },
        clock: { now: () => NOW, highest: broken },
        policy: { decide: broken },
      }
      const ports = { [port]: unreadable[port] }
      expect(decide({ jobType: 'guests/show' }, {}, ports)).toBe('store_unavailable')
    },
  )

  it('is refused when the policy does not permit it to whoever wants the job at the top', () => {
    const asked: unknown[] = []
    const deny = (request: PolicyRequest): PolicyDecision => {
      asked.push([request.principal, request.jobType, request.input, request.step, request.signers])
      return { allowed: false, why: 'denied', rules: [], errors: [] }
    }
    const ann = { kind: 'Operator', name: 'ann' } as const
    const wantedBy = { principals: [ann], signers: [{ name: 'ann', role: 'operator' }] }
    const input = { vmid: 101 }
    const policy = { decide: deny }
    const decided = decide({ jobType: 'guests/show', input }, { wantedBy }, { policy })
    expect(decided).toBe('denied_by_policy')
    expect(asked).toEqual([[ann, 'guests/show', input, 'run', wantedBy.signers]])
  })
})
