// SPDX-License-Identifier: Apache-2.0
/** Jobs that are cancelled, before they begin, while they run and after; and agents that are isolated. */
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { CodedError } from '@sallyport/sdk'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  makeTrustStore,
  makeTrustedKey,
  signDocument,
  type Identity,
} from '../../src/crypto/index.ts'
import type { RunOutcome, RunRequest } from '../../src/plugins/ports.ts'
import { documents, instantOf, type Isolation, type Job } from '../../src/protocol/index.ts'
import {
  identityOf,
  makeCancellation,
  makeId,
  makeIsolation,
  makeJob,
  makePorts,
  NOW,
  operator,
  SITE_ID,
  signJob,
} from '../support/site.ts'
import { Bench } from './bench.ts'
import { until } from '../../../test/support/until.ts'

let folder: string

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'sallyport-cancel-'))
})

afterEach(() => {
  rmSync(folder, { recursive: true, force: true })
})

const sign = (job: Job, by: Identity = operator) => signDocument(documents.job, job, by.signing)
const cancel = (jobId: string, by: Identity = operator, changes = {}) =>
  signDocument(documents.cancellation, makeCancellation({ jobId, ...changes }), by.signing)
const order = (changes: Partial<Isolation> = {}) =>
  signDocument(documents.isolation, makeIsolation(changes), operator.signing)

async function ask(bench: Bench, envelope: Uint8Array) {
  return bench.answerTo(await bench.deliver(envelope))
}

/** A plugin that works until it is told to end. */
function untilEnded({ signal }: RunRequest): Promise<RunOutcome> {
  const failure = { code: 'ERR_RUN_CANCELLED', message: 'm', details: {}, retryable: false }
  return new Promise((resolve) => {
    const end = () => resolve({ state: 'failed', failure, handlesUsed: [] })
    signal.addEventListener('abort', end)
    if (signal.aborted) end()
  })
}

describe('a job that is cancelled', () => {
  it('before it came is refused when it comes, also after a restart', async () => {
    const job = makeJob()
    using first = new Bench(folder)
    expect(await ask(first, cancel(job.jobId))).toMatchObject({
      state: 'done',
      output: { jobId: job.jobId, found: 'not-begun' },
    })
    first.store[Symbol.dispose]()
    using second = new Bench(folder)
    expect(await ask(second, sign(job))).toMatchObject({
      refusal: { reason: 'cancelled', details: { why: 'a case' } },
    })
    expect(second.runs).toHaveLength(0)
    expect(second.events()).toEqual(['cancellation.accepted', 'job.refused'])
  })

  it('while it runs is ended and answered as interrupted, with the words of whoever did it', async () => {
    using bench = new Bench(folder)
    bench.outcome = untilEnded
    const [job, other] = [makeJob(), makeJob()]
    const running = bench.deliver(sign(job))
    const going = bench.deliver(sign(other))
    await until(() => bench.runs.length === 2)
    expect(await ask(bench, cancel(job.jobId, operator, { why: 'wrong guest' }))).toMatchObject({
      output: { found: 'running' },
    })
    expect(await bench.answerTo(await running)).toMatchObject({
      state: 'interrupted',
      failure: { code: 'ERR_RUN_CANCELLED', message: 'the job was cancelled: wrong guest' },
    })
    // The two were checked at once, so either may have begun first.
    const aborted = bench.runs.filter(({ signal }) => signal.aborted)
    expect(aborted.map(({ jobId }) => jobId)).toEqual([job.jobId])
    bench.runner.abort()
    expect(await bench.answerTo(await going)).toMatchObject({
      failure: { code: 'ERR_RUN_CANCELLED', message: 'm' },
    })
  })

  it('while it waits for a slot does not begin', async () => {
    using bench = new Bench(folder, undefined, { maxConcurrentJobs: 1 })
    bench.outcome = untilEnded
    const first = makeJob()
    const [running, waiting] = [bench.deliver(sign(first)), makeJob()]
    await until(() => bench.runs.length === 1)
    const queued = bench.deliver(sign(waiting))
    expect(await ask(bench, cancel(waiting.jobId))).toMatchObject({
      output: { found: 'not-begun' },
    })
    await ask(bench, cancel(first.jobId))
    await running
    expect(await bench.answerTo(await queued)).toMatchObject({ refusal: { reason: 'cancelled' } })
    expect(bench.runs).toHaveLength(1)
  })

  it('after its end keeps its answer', async () => {
    using bench = new Bench(folder)
    const job = makeJob()
    const label = await bench.deliver(sign(job))
    expect(await ask(bench, cancel(job.jobId))).toMatchObject({ output: { found: 'ended' } })
    expect(await bench.answerTo(label)).toMatchObject({ state: 'done' })
  })

  it('at the moment it begins has one outcome, whichever comes first', async () => {
    const outcomes = new Set<string>()
    using bench = new Bench(folder)
    bench.outcome = untilEnded
    for (let round = 0; round < 18; round += 1) {
      // The rate of the job type counts within a minute.
      bench.nowMs = NOW + round * 31_000
      const job = makeJob()
      const both = [sign(job), cancel(job.jobId)]
      if (round % 2 === 1) both.reverse()
      const labels = await Promise.all(both.map((envelope) => bench.deliver(envelope)))
      const [ofJob, ofCancel] = round % 2 === 1 ? labels.toReversed() : labels
      const answer = await bench.answerTo(ofJob!)
      const { found } = (await bench.answerTo(ofCancel!)).output as { found: string }
      const reason = answer.refusal?.reason ?? answer.failure?.code
      outcomes.add(`${answer.state} ${reason} ${found}`)
    }
    const possible = ['refused cancelled not-begun', 'interrupted ERR_RUN_CANCELLED running']
    expect(possible).toEqual(expect.arrayContaining([...outcomes]))
    expect(outcomes.size).toBeGreaterThan(0)
  })

  it('is not cancelled when that cannot be recorded', async () => {
    using bench = new Bench(folder, (journal) => ({
      ...journal,
      putCancellation() {
        throw new CodedError('ERR_STORE_WRITE', 'disk full')
      },
    }))
    bench.outcome = untilEnded
    const job = makeJob()
    const running = bench.deliver(sign(job))
    await until(() => bench.runs.length === 1)
    await expect(bench.deliver(cancel(job.jobId))).rejects.toMatchObject({
      code: 'ERR_STORE_WRITE',
    })
    expect(bench.runs[0]!.signal.aborted).toBe(false)
    bench.runner.abort()
    await running
  })

  it('under another label than its own is not cancelled', async () => {
    using bench = new Bench(folder)
    const job = makeJob()
    const answer = await bench.answerTo(await bench.deliver(cancel(job.jobId), makeId()))
    expect(answer).toMatchObject({ refusal: { reason: 'relabelled' } })
    expect(await ask(bench, sign(job))).toMatchObject({ state: 'done' })
  })
})

describe('a customer who cancels', () => {
  const [shop, other] = [identityOf('shop', 41), identityOf('other', 42)]
  const trust = makeTrustStore(
    SITE_ID,
    [
      makeTrustedKey('operator', operator.name, operator.signing.publicKey),
      makeTrustedKey('customer', shop.name, shop.signing.publicKey),
      makeTrustedKey('customer', other.name, other.signing.publicKey),
    ],
    [{ jobTypes: '*', effect: 'read', operators: 0, customers: 0 }],
  )

  function benchFor(): Bench {
    const bench: Bench = new Bench(folder, undefined, {
      admission: makePorts({
        trust,
        replay: { has: (jobId) => bench.store.runs.has(jobId) },
        cancellations: { find: (...by) => bench.store.cancellations.find(...by) },
      }),
    })
    return bench
  }

  it('stops what they asked for themselves', async () => {
    using bench = benchFor()
    bench.outcome = untilEnded
    const job = makeJob({ requestedBy: shop.signing.keyId })
    const running = bench.deliver(sign(job, shop))
    await until(() => bench.runs.length === 1)
    await bench.deliver(cancel(job.jobId, shop))
    expect(await bench.answerTo(await running)).toMatchObject({ state: 'interrupted' })
  })

  it('stops neither an operator nor another customer', async () => {
    using bench = benchFor()
    bench.outcome = untilEnded
    const [running, coming] = [makeJob({ requestedBy: other.signing.keyId }), makeJob()]
    const label = bench.deliver(sign(running, other))
    await until(() => bench.runs.length === 1)
    for (const { jobId } of [running, coming]) await bench.deliver(cancel(jobId, shop))
    expect(bench.runs[0]!.signal.aborted).toBe(false)
    bench.outcome = { state: 'done', output: 1, handlesUsed: [] }
    expect(await ask(bench, sign(coming))).toMatchObject({ state: 'done' })
    bench.runner.abort()
    await label
  })

  it('does not keep an operator from cancelling it too', async () => {
    using bench = benchFor()
    const job = makeJob()
    await bench.deliver(cancel(job.jobId, shop))
    await bench.deliver(cancel(job.jobId))
    expect(await ask(bench, sign(job))).toMatchObject({ refusal: { reason: 'cancelled' } })
  })
})

describe('an agent that is isolated', () => {
  it('takes no job, takes orders, and takes jobs again when that is lifted', async () => {
    using bench = new Bench(folder)
    expect(await ask(bench, order())).toMatchObject({
      state: 'done',
      output: { isIsolated: true, wasIsolated: false },
    })
    expect(await ask(bench, signJob())).toMatchObject({
      refusal: { reason: 'isolated', details: { why: 'a case', since: instantOf(NOW) } },
    })
    expect(await ask(bench, cancel(makeId()))).toMatchObject({ state: 'done' })
    const lift = order({ isIsolated: false, issuedAt: instantOf(NOW + 1) })
    expect(await ask(bench, lift)).toMatchObject({ output: { wasIsolated: true } })
    expect(await ask(bench, signJob())).toMatchObject({ state: 'done' })
    expect(bench.runs).toHaveLength(1)
  })

  it('stays so over a restart', async () => {
    using first = new Bench(folder)
    await first.deliver(order())
    first.store[Symbol.dispose]()
    using second = new Bench(folder)
    expect(await ask(second, signJob())).toMatchObject({ refusal: { reason: 'isolated' } })
  })

  it('is not freed by a lift that was issued before, whenever the hub brings it', async () => {
    using bench = new Bench(folder)
    const old = order({ isIsolated: false, issuedAt: instantOf(NOW - 1) })
    await bench.deliver(order())
    expect(await ask(bench, old)).toMatchObject({ refusal: { reason: 'expired' } })
    expect(await ask(bench, signJob())).toMatchObject({ refusal: { reason: 'isolated' } })
    expect(bench.events()).toEqual(['isolation.accepted', 'isolation.refused', 'job.refused'])
  })

  it('lets what runs go on', async () => {
    using bench = new Bench(folder)
    const gate = Promise.withResolvers<RunOutcome>()
    bench.outcome = () => gate.promise
    const label = bench.deliver(signJob())
    await until(() => bench.runs.length === 1)
    await bench.deliver(order())
    gate.resolve({ state: 'done', output: 1, handlesUsed: [] })
    expect(await bench.answerTo(await label)).toMatchObject({ state: 'done' })
  })

  it('is isolated under its own label only', async () => {
    using bench = new Bench(folder)
    const answer = await bench.answerTo(await bench.deliver(order(), makeId()))
    expect(answer).toMatchObject({ refusal: { reason: 'relabelled' } })
    expect(await ask(bench, signJob())).toMatchObject({ state: 'done' })
  })
})
