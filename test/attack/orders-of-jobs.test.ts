// SPDX-License-Identifier: Apache-2.0
/** When things come: keys that leave the root before a job or during it, orders turned round, cancellations that race. */
import { randomBytes, randomUUIDv7 } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { makeIdentity, signDocument, type Identity } from '@sallyport/core/crypto'
import {
  documents,
  encodeBase64url,
  encodeJson,
  instantOf,
  type Job,
  type Result,
} from '@sallyport/core/protocol'
import { auditEvents, untilLogged } from '../support/audit.ts'
import { SiteRoot, keyOf, person } from '../support/site-root.ts'
import { Target } from '../support/target.ts'

let target: Target
let site: SiteRoot
beforeAll(async () => {
  target = await Target.open()
  site = new SiteRoot(target.operator)
})
afterAll(async () => target[Symbol.asyncDispose]())

const freshKey = (): string => `k-${randomUUIDv7()}`
const countOf = (key: string): Promise<number> => target.field.countOf(target.agent, key)

function adding(key: string, input: Job['input'] = {}, changes: Partial<Job> = {}): Job {
  return target.adding({ input: { key, ...input }, ...changes })
}

/** Submits a job and leaves its answer to be waited for. */
async function begin(job: Job, by?: Identity): Promise<() => Promise<Result>> {
  const bytes = target.operator.sign(job, by)
  const label = await target.operator.submit(target.agent, bytes, job.jobId)
  return () => target.operator.answerTo(target.agent, label)
}

const ran = async (job: Job, by?: Identity): Promise<Result> => (await begin(job, by))()

/** Waits until the log of the agent has the intent of a job. */
const begun = (jobId: string): Promise<void> =>
  untilLogged(target.field.stateDir('pve1'), 'job.admitted', jobId)

describe('a key that leaves the trust root', () => {
  const ben = person('ben')
  const byBen = (key: string, input: Job['input'] = {}): Job =>
    adding(key, input, { requestedBy: ben.signing.keyId })

  it('between signing and delivery lets nothing run; while its job runs, lets that end and no other begin', async () => {
    const before = site.root.keys
    await site.change([target.agent], { keys: [...before, keyOf(ben, 'operator')] })
    const [early, running, next] = [
      byBen(freshKey()),
      byBen(freshKey(), { beforeMs: 6_000 }),
      byBen(freshKey()),
    ]
    const signedEarly = target.operator.sign(early, ben)
    const answer = await begin(running, ben)
    await begun(running.jobId)
    await site.change([target.agent], { keys: before })

    expect(await ran(next, ben)).toMatchObject({ refusal: { reason: 'unknown_key' } })
    expect(await target.reasons([{ bytes: signedEarly }])).toEqual(['unknown_key'])
    expect(await answer()).toMatchObject({ state: 'done', output: { count: 1 } })
    const counts = [early, running, next].map(({ input }) => countOf(String(input['key'])))
    expect(await Promise.all(counts)).toEqual([0, 1, 0])
    // The log has in one line of time that the key had left before the job of it ended.
    const events = auditEvents(target.field.stateDir('pve1'))
    const at = (event: string) => events.findLastIndex((entry) => entry.event === event)
    const end = events.findIndex(
      ({ event, jobId }) => event === 'run.finished' && jobId === running.jobId,
    )
    expect(at('trust.accepted')).toBeLessThan(end)
    await target.expectUnharmed()
  })
})

describe('jobs in another order than they were signed in', () => {
  it('run in the order in which the hub delivers them: nothing orders those that were signed apart', async () => {
    const key = freshKey()
    const early = instantOf(Date.now() - 10_000)
    const older = adding(key, {}, { issuedAt: early, notBefore: early })
    const newer = adding(key)
    expect(await ran(newer)).toMatchObject({ state: 'done', output: { count: 1 } })
    expect(await ran(older)).toMatchObject({ state: 'done', output: { count: 2 } })
  })

  it('do not run where their plan was signed: the older one finds another state than it was signed for', async () => {
    const key = freshKey()
    const job: Partial<Job> = { jobType: 'counter/add.in-steps', input: { key } }
    const planned = await target.operator.plan(target.agent, job)
    const plan = planned.output as Job['plan']
    const [older, newer] = [target.adding({ ...job, plan }), target.adding({ ...job, plan })]
    expect(await ran(newer)).toMatchObject({ state: 'done', output: { count: 1 } })
    expect(await ran(older)).toMatchObject({
      state: 'refused',
      refusal: { reason: 'plan_drifted' },
    })
    expect(await countOf(key)).toBe(1)
  })
})

describe('a cancellation', () => {
  const cancelling = (jobId: string) => ({
    cancellationId: randomUUIDv7(),
    siteId: target.operator.siteId,
    agentIds: [target.agent.agentId],
    jobId,
    why: 'a test',
    issuedAt: instantOf(Date.now()),
    readers: [target.agent.sealingKey, encodeBase64url(target.operator.identity.sealing.publicKey)],
  })
  const cancel = (jobId: string, by: Identity = target.operator.identity): Uint8Array =>
    signDocument(documents.cancellation, cancelling(jobId), by.signing)
  const answerTo = async (bytes: Uint8Array): Promise<Result> =>
    (await target.answers([{ bytes, label: labelOf(bytes) }]))[0]!
  /** A cancellation is delivered under its own id. */
  function labelOf(bytes: Uint8Array): string {
    const { payload } = JSON.parse(new TextDecoder().decode(bytes)) as { payload: string }
    const document = JSON.parse(Buffer.from(payload, 'base64url').toString()) as Record<
      string,
      string
    >
    return document['cancellationId']!
  }

  it('that is forged, unsigned, or for another agent ends nothing', async () => {
    const job = adding(freshKey(), { beforeMs: 1_500 })
    const answer = await begin(job)
    await begun(job.jobId)
    const eve = makeIdentity('eve', randomBytes(64))
    const { publisher, identity } = target.operator
    const elsewhere = { ...cancelling(job.jobId), agentIds: [randomUUIDv7()] }
    const signed = JSON.parse(new TextDecoder().decode(cancel(job.jobId))) as Record<
      string,
      unknown
    >
    const forged: [string, Uint8Array][] = [
      ['unknown_key', cancel(job.jobId, eve)],
      ['unknown_key', cancel(job.jobId, publisher)],
      ['wrong_audience', signDocument(documents.cancellation, elsewhere, identity.signing)],
      ['malformed', encodeJson({ ...signed, signatures: [] })],
      ['malformed', encodeJson(cancelling(job.jobId))],
    ]
    for (const [reason, bytes] of forged) {
      const [found] = await target.reasons([{ bytes, label: randomUUIDv7() }])
      expect(found).toBe(reason)
    }
    const relabelled = await target.reasons([{ bytes: cancel(job.jobId), label: randomUUIDv7() }])
    expect(relabelled).toEqual(['relabelled'])
    expect(await answer()).toMatchObject({ state: 'done', output: { count: 1 } })
  })

  it('of a job that is done changes neither its answer nor its effect', async () => {
    const key = freshKey()
    const job = adding(key)
    const answer = await begin(job)
    const first = await answer()
    expect(await answerTo(cancel(job.jobId))).toMatchObject({ output: { found: 'ended' } })
    expect(await answer()).toEqual(first)
    expect(await countOf(key)).toBe(1)
  })

  it('that comes before its job is never outrun by it', async () => {
    const key = freshKey()
    const job = adding(key)
    expect(await answerTo(cancel(job.jobId))).toMatchObject({ output: { found: 'not-begun' } })
    expect(await ran(job)).toMatchObject({ state: 'refused', refusal: { reason: 'cancelled' } })
    expect(await countOf(key)).toBe(0)
  })

  it('that races the start of its job has exactly one outcome each time', async () => {
    const races = Array.from({ length: 12 }, async (_, n) => {
      const job = adding(freshKey(), { beforeMs: 200 })
      const racers = [async () => ran(job), async () => answerTo(cancel(job.jobId))]
      const ordered = n % 2 === 0 ? racers : racers.toReversed()
      const [first, second] = await Promise.all(ordered.map((racer) => racer()))
      const [ended, cancelled] = n % 2 === 0 ? [first!, second!] : [second!, first!]
      return { job, ended, found: (cancelled.output as { found: string }).found }
    })
    for (const { job, ended, found } of await Promise.all(races)) {
      const outcome = `${found} ${ended.state} ${ended.refusal?.reason ?? ended.failure?.code ?? ''}`
      expect([
        'not-begun refused cancelled',
        'running interrupted ERR_RUN_CANCELLED',
        'ended done ',
      ]).toContain(outcome)
      if (found === 'not-begun') expect(await countOf(String(job.input['key']))).toBe(0)
    }
    await target.expectUnharmed()
  })
})

describe('the log', () => {
  it('has every one of these refusals once', async () => {
    await target.expectOnRecord()
  })
})
