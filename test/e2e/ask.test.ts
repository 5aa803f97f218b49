// SPDX-License-Identifier: Apache-2.0
/** One plugin asks another for jobs, as real processes: never wider than the job that an operator signed. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import type { Result } from '@sallyport/core/protocol'
import { auditEvents } from '../support/audit.ts'
import { buildBundle } from '../support/build.ts'
import { Field } from '../support/field.ts'
import type { KnownAgent } from '../support/operator.ts'
import { patient } from '../support/patience.ts'

let field: Field
let agent: KnownAgent

beforeAll(async () => {
  field = await Field.open()
  agent = await field.addAgent('pve1')
  for (const name of ['asker', 'teller']) {
    const bundle = await buildBundle(`e2e/plugins/${name}.ts`)
    expect(await field.operator.approve(agent, bundle)).toMatchObject({ state: 'done' })
  }
})

afterAll(() => field[Symbol.asyncDispose]())

/** A job of the asker on guest 101 that asks for this. */
const asking = (
  job: 'look' | 'change',
  jobType: string,
  asked: Record<string, string | number | number[]>,
): Promise<Result> =>
  field.operator.run(agent, { jobType: `asker/${job}`, input: { vmid: 101, jobType, asked } })

/** What the audit log says of a job and of what it asked for, oldest first. */
function entriesOf(jobId: string | null) {
  return auditEvents(field.stateDir('pve1')).filter(
    (entry) => entry.jobId === jobId || entry.details['askedBy'] === jobId,
  )
}

describe('a run that asks', () => {
  it('gets the answer of a job on its own guest, and both are on record', async () => {
    const result = await asking('change', 'teller/stop', { vmid: 101 })
    expect(result).toMatchObject({ state: 'done', output: { answer: { count: 1 } } })
    expect(result.handlesUsed).toEqual(['others'])
    const entries = entriesOf(result.jobId)
    expect(entries.map(({ event }) => event)).toEqual([
      'job.admitted',
      'ask.admitted',
      'ask.finished',
      'handle.used',
      'run.finished',
    ])
    const childId = entries[1]!.jobId
    const own = auditEvents(field.stateDir('pve1')).filter(({ jobId }) => jobId === childId)
    expect(own.map(({ event }) => event)).toEqual([
      'ask.admitted',
      'handle.used',
      'handle.used',
      'ask.finished',
    ])
  })

  it.each<[string, 'look' | 'change', string, Record<string, string | number | number[]>, string]>([
    ['a worse effect', 'look', 'teller/stop', { vmid: 101 }, 'wider_than_asked'],
    ['another guest', 'change', 'teller/stop', { vmid: 102 }, 'wider_than_asked'],
    [
      'another guest beside its own',
      'change',
      'teller/stop',
      { vmid: [101, 102] },
      'wider_than_asked',
    ],
    ['a resource it has none of', 'look', 'teller/node', { node: 'pve1' }, 'wider_than_asked'],
    ['a plugin nobody approved', 'look', 'stranger/show', { vmid: 101 }, 'not_approved'],
    ['an input of another form', 'look', 'teller/show', { vm: 101 }, 'bad_input'],
  ])('is refused %s', async (_, job, jobType, asked, reason) => {
    const result = await asking(job, jobType, asked)
    expect(result).toMatchObject({ state: 'failed', failure: { code: 'ERR_ASK_REFUSED' } })
    expect(result.failure?.message).toContain(reason)
    const refused = entriesOf(result.jobId).filter(({ event }) => event === 'ask.refused')
    expect(refused).toMatchObject([{ details: { jobType, reason } }])
  })

  it('is denied what its permission does not name', async () => {
    const result = await asking('look', 'counter/add', { key: 'k' })
    expect(result).toMatchObject({ state: 'failed', failure: { code: 'ERR_HANDLE_DENIED' } })
    expect(entriesOf(result.jobId).map(({ event }) => event)).not.toContain('ask.refused')
  })

  it('cannot go round in a circle', async () => {
    const result = await field.operator.run(agent, { jobType: 'asker/circle', input: {} })
    expect(result).toMatchObject({ state: 'failed' })
    expect(result.failure?.message).toContain('asked_too_deep')
    const newest = auditEvents(field.stateDir('pve1')).slice(-12)
    const events = newest.map(({ event }) => event).filter((event) => event.startsWith('ask.'))
    expect(events.filter((event) => event === 'ask.admitted')).toHaveLength(3)
    expect(events.filter((event) => event === 'ask.refused')).toHaveLength(1)
  })

  it('takes what it asked for with it when its time is up', async () => {
    const before = Date.now()
    const result = await asking('look', 'teller/slow', { vmid: 101 })
    expect(result).toMatchObject({ state: 'failed', failure: { code: 'ERR_RUN_TIMEOUT' } })
    expect(Date.now() - before).toBeLessThan(patient(10_000))
    const entries = entriesOf(result.jobId)
    expect(entries.map(({ event }) => event)).toEqual([
      'job.admitted',
      'ask.admitted',
      'ask.finished',
      'handle.used',
      'run.failed',
    ])
    expect(entries[2]).toMatchObject({ details: { code: 'ERR_RUN_CANCELLED' } })
    const next = await asking('look', 'teller/show', { vmid: 101 })
    expect(next).toMatchObject({ state: 'done', output: { answer: { shown: 101 } } })
  })
})
