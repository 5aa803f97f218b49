// SPDX-License-Identifier: Apache-2.0
/** Which entries a person gets who asks for some. */
import type { AuditEntry } from '@sallyport/core/audit'
import { describe, expect, it } from '@jest/globals'
import { selectionOf } from '../../src/audit/selection.ts'
import type { TypedSelection } from '../../src/audit/selection.ts'
import { unusualIn } from '../../src/audit/unusual.ts'

const NOW_MS = Date.parse('2026-11-22T12:00:00.000Z')
const JOB = '0193f2ab-1111-7000-8000-0000000000aa'
const ASKED = '0193f2ab-2222-7000-8000-0000000000ab'
const OTHER = '0193f2ac-3333-7000-8000-0000000000ac'

const entry = (index: number, hour: number, rest: Partial<AuditEntry>): AuditEntry => ({
  index,
  at: new Date(NOW_MS - (12 - hour) * 3_600_000).toISOString(),
  event: 'agent.started',
  details: {},
  ...rest,
})

const LOG: AuditEntry[] = [
  entry(0, 1, {}),
  entry(1, 8, {
    event: 'job.admitted',
    jobId: JOB,
    envelopeId: JOB,
    about: ['guest/101'],
    details: { signer: 'k1', jobType: 'a/b' },
  }),
  entry(2, 8, {
    event: 'handle.used',
    jobId: JOB,
    envelopeId: JOB,
    about: ['guest/101'],
    details: { kind: 'ssh', outcome: 'failed', plugin: 'a', handle: 'nas', targets: ['nas:22'] },
  }),
  entry(3, 8, {
    event: 'handle.denied',
    jobId: ASKED,
    envelopeId: JOB,
    details: { kind: 'ssh', outcome: 'denied' },
  }),
  entry(4, 9, { event: 'run.finished', jobId: JOB, envelopeId: JOB, about: ['guest/101'] }),
  entry(5, 10, { event: 'job.refused', envelopeId: OTHER, details: { reason: 'rate_limited' } }),
  entry(6, 10, {
    event: 'job.refused',
    envelopeId: OTHER,
    details: { reason: 'denied_by_policy' },
  }),
  entry(7, 11.5, { event: 'job.refused-often', details: { counts: { malformed: 900 } } }),
  entry(8, 11.5, {
    event: 'run.failed',
    jobId: OTHER,
    envelopeId: OTHER,
    details: { code: 'ERR_RUN_TIMEOUT' },
  }),
  entry(9, 11.5, {
    event: 'job.admitted',
    jobId: OTHER,
    envelopeId: OTHER,
    details: { signer: 'k2', jobType: 'a/b' },
  }),
]

const found = (typed: TypedSelection): number[] =>
  LOG.filter(selectionOf(typed, NOW_MS)).map(({ index }) => index)

describe('asking for entries', () => {
  it.each<[string, TypedSelection, number[]]>([
    ['all without a word', {}, LOG.map(({ index }) => index)],
    ['those of the last hour', { since: '1h' }, [7, 8, 9]],
    ['those after an instant', { since: '2026-11-22T11:00:00Z' }, [7, 8, 9]],
    ['those until a time', { until: '2026-11-22T08:30:00+00:00' }, [0, 1, 2, 3]],
    ['those of a day', { since: '2026-11-22', until: '3h' }, [0, 1, 2, 3, 4]],
    ['those of a job and of what it asked for', { job: JOB }, [1, 2, 3, 4]],
    ['those of a job by its short form', { job: '0193f2ab…0aa' }, [1, 2, 3, 4]],
    ['those of a job that a run asked for', { job: ASKED }, [3]],
    ['those about a guest', { about: ['guest/101'] }, [1, 2, 4]],
    ['those of an event', { event: ['job.refused'] }, [5, 6]],
    ['those of several events', { event: ['run.', 'job.admitted'] }, [1, 4, 8, 9]],
    ['refusals', { refused: true }, [5, 6, 7]],
    ['denials', { denied: true }, [3, 6]],
    ['limits', { limits: true }, [5, 7, 8]],
    ['SSH that failed', { 'ssh-failed': true }, [2, 3]],
    ['kinds together, narrowed by time', { limits: true, denied: true, since: '2h' }, [5, 6, 7, 8]],
  ])('finds %s', (_, typed, indices) => {
    expect(found(typed)).toEqual(indices)
  })

  it.each<[TypedSelection]>([
    [{ since: 'yesterday' }],
    [{ until: '1 hour' }],
    [{ since: '2026-13-01' }],
    [{ event: ['job.refuse'] }],
    [{ event: ['job.admitted', 'rum.'] }],
    [{ job: '*' }],
  ])('says what is wrong with %j', (typed) => {
    expect(() => found(typed)).toThrow(expect.objectContaining({ code: 'ERR_USAGE' }))
  })
})

describe('what is unusual', () => {
  const found = unusualIn(LOG.slice(0, 5), LOG.slice(5))

  it('is counted, most first, with its times', () => {
    expect(found.refusals).toMatchObject([
      { what: 'job.refused rate_limited', count: 1, firstAt: LOG[5]!.at },
      { what: 'job.refused denied_by_policy', count: 1 },
      { what: 'job.refused-often', count: 1 },
    ])
    expect(found.limits.map(({ what }) => what)).toContain('run.failed ERR_RUN_TIMEOUT')
    expect(unusualIn([], LOG).sshFailed[0]).toMatchObject({ what: 'a nas failed nas:22' })
  })

  it('is whoever signed for the first time', () => {
    expect(found.signers).toMatchObject([{ what: 'key k2', isNew: true }])
    expect(found.firstSeen.map(({ what }) => what)).toEqual(['key k2'])
  })
})
