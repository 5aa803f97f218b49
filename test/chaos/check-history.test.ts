// SPDX-License-Identifier: Apache-2.0
/** The judge of chaos, with histories that break each of its rules. */
import { describe, expect, it } from '@jest/globals'
import { checkHistory } from './check-history.ts'
import type { Happening } from './history.ts'
import type { Order } from './cast.ts'

const JOB = 'job-1'
const ORDER: Order = {
  atMs: 0,
  number: 0,
  agent: 0,
  jobType: 'tally/add',
  beforeMs: 0,
  afterMs: 0,
  lifeMs: 1_000,
}

const ordered: Happening = { kind: 'ordered', jobId: JOB, order: ORDER }
const accepted = submitted('accepted')

function submitted(outcome: 'accepted' | 'refused'): Happening {
  return { kind: 'submitted', jobId: JOB, outcome, attemptCount: 1, why: null }
}

function seen(state: string, answer: string | null = null, deliveryCount = 0): Happening {
  return { kind: 'seen', jobId: JOB, state, answer, deliveryCount }
}

function answered(state: 'done' | 'refused' | 'interrupted', why = 'expired'): Happening {
  return { kind: 'answered', jobId: JOB, state, reason: state === 'refused' ? why : null }
}

function counted(effectCount: number): Happening {
  return { kind: 'counted', jobId: JOB, effectCount }
}

function rulesOf(...history: Happening[]): string[] {
  return checkHistory([ordered, ...history]).map(({ rule }) => rule)
}

const right = [accepted, seen('queued'), seen('delivered'), seen('answered', 'a')]

describe('a history that is right', () => {
  it('of a job that ran once', () => {
    expect(rulesOf(...right, answered('done'), counted(1))).toEqual([])
  })

  it.each([0, 1])('of a job that was cut off, with %i effects', (effectCount) => {
    expect(rulesOf(...right, answered('interrupted'), counted(effectCount))).toEqual([])
  })

  it('of a job that was never delivered in its time', () => {
    expect(rulesOf(accepted, seen('queued'), seen('expired'), counted(0))).toEqual([])
  })

  it('of a submission that came too late', () => {
    expect(rulesOf(submitted('refused'), seen('unknown'), counted(0))).toEqual([])
  })

  it('of a job that goes on, until it is over', () => {
    const history = [ordered, accepted, seen('queued')]
    expect(checkHistory(history, false)).toEqual([])
    expect(checkHistory(history)).toEqual([{ about: JOB, rule: 'accepted, so it ends' }])
  })
})

describe('a history that is wrong names the rule', () => {
  it.each<[string, Happening[]]>([
    ['effects at most one', [...right, answered('interrupted'), counted(2)]],
    ['accepted, so it ends', [accepted, seen('queued'), seen('delivered')]],
    ['accepted, so it ends', [accepted]],
    ['one answer, the same for ever', [...right, seen('answered', 'b'), answered('interrupted')]],
    ['one terminal state', [...right, answered('interrupted'), answered('refused')]],
    ['answered, so it can be verified', [...right, counted(1)]],
    ['nothing after the end', [accepted, seen('expired'), seen('delivered'), seen('expired')]],
    ['states in order', [accepted, seen('delivered'), seen('queued'), seen('expired')]],
    ['known for ever', [accepted, seen('unknown'), seen('expired')]],
    ['done, so it took effect', [...right, answered('done'), counted(0)]],
    ['refused for nothing but its time', [...right, answered('refused', 'replayed')]],
    ['refused, so it did not', [...right, answered('refused'), counted(1)]],
    ['expired, so it did not', [accepted, seen('expired'), counted(1)]],
    ['delivered, so it does not expire', [accepted, seen('expired', null, 1)]],
    [
      'deliveries are never undone',
      [accepted, seen('delivered', null, 2), seen('answered', 'a', 1), answered('interrupted')],
    ],
    ['never taken by the hub, so it is not there', [submitted('refused'), counted(1)]],
    ['never taken by the hub, so it is not there', [submitted('refused'), seen('expired')]],
    ['mended, so it answers', [{ kind: 'silent', who: 'agent-0', why: 'a reason' }]],
  ])('%s', (rule, history) => {
    expect(rulesOf(...history)).toEqual([rule])
  })
})
