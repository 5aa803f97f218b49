// SPDX-License-Identifier: Apache-2.0
/** The runner over a real journal: one effect at most, one answer always, whatever breaks in between. */
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { CodedError } from '@sallyport/sdk'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { verifyAuditLog } from '../../src/audit/index.ts'
import { digestOf, seal, signDocument } from '../../src/crypto/index.ts'
import type { RunOutcome } from '../../src/plugins/ports.ts'
import { documents } from '../../src/protocol/index.ts'
import {
  agent,
  bundle,
  labelOf,
  makeApproval,
  makeId,
  makeJob,
  operator,
  sealingKeyOf,
  signJob,
  stranger,
} from '../support/site.ts'
import { Bench, ORIGIN } from './bench.ts'

let folder: string

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'sallyport-runner-'))
})

afterEach(() => {
  rmSync(folder, { recursive: true, force: true })
})

describe('a job', () => {
  it('is run once and answered with a result that proves its own audit entry', async () => {
    using bench = new Bench(folder)
    const job = makeJob()
    const label = await bench.deliver(signDocument(documents.job, job, operator.signing))
    const result = await bench.answerTo(label)
    expect(result).toMatchObject({ state: 'done', jobId: job.jobId, output: { celsius: 41 } })
    expect(result.readers).toEqual([sealingKeyOf(operator)])
    const entry = JSON.parse(Buffer.from(result.audit.entry, 'base64url').toString()) as object
    expect(entry).toMatchObject({ event: 'run.finished', jobId: job.jobId })
    expect(bench.events()).toEqual(['job.admitted', 'run.finished'])
    expect(verifyAuditLog(bench.store.audit, ORIGIN, agent.signing.publicKey)).toMatchObject({
      ok: true,
    })
  })

  it('has its intent in the journal before the plugin starts', async () => {
    using bench = new Bench(folder)
    const job = makeJob()
    let seen: unknown
    bench.outcome = async () => {
      seen = bench.journal.findRun(job.jobId)?.state
      return { state: 'done', output: null, handlesUsed: [] }
    }
    await bench.deliver(signDocument(documents.job, job, operator.signing))
    expect(seen).toBe('intent')
  })

  it('is not run when its intent cannot be written, and is not answered either', async () => {
    using bench = new Bench(folder, (journal) => ({
      ...journal,
      addRun() {
        throw new CodedError('ERR_STORE_WRITE', 'disk full')
      },
    }))
    await expect(bench.deliver(signJob())).rejects.toMatchObject({ code: 'ERR_STORE_WRITE' })
    expect(bench.runs).toHaveLength(0)
    expect(bench.sent.size).toBe(0)
    expect(bench.events()).toEqual([])
  })

  it.each([
    [
      'failed with the plugin’s code',
      {
        state: 'failed',
        failure: { code: 'ERR_X', message: 'm', details: {}, retryable: true },
        handlesUsed: [],
      },
      { state: 'failed', failure: { code: 'ERR_X' } },
      'run.failed',
    ],
    [
      'interrupted when the agent is told to stop',
      {
        state: 'failed',
        failure: { code: 'ERR_RUN_CANCELLED', message: 'm', details: {}, retryable: false },
        handlesUsed: [],
      },
      { state: 'interrupted' },
      'run.interrupted',
    ],
    [
      'refused when the walls do not stand',
      { state: 'refused', refusal: { reason: 'sandbox_unavailable', details: {} } },
      { state: 'refused', refusal: { reason: 'sandbox_unavailable' } },
      'job.refused',
    ],
    [
      'failed when its output is no JSON',
      { state: 'done', output: { f: () => 1 }, handlesUsed: [] },
      { state: 'failed', failure: { code: 'ERR_OUTPUT_FORM' } },
      'run.failed',
    ],
    [
      'failed when its output is too large for a result',
      { state: 'done', output: 'x'.repeat(1_100_000), handlesUsed: [] },
      { state: 'failed', failure: { code: 'ERR_OUTPUT_LIMIT' } },
      'run.failed',
    ],
  ])('is answered as %s', async (_what, outcome, expected, event) => {
    using bench = new Bench(folder)
    bench.outcome = outcome as RunOutcome
    const label = await bench.deliver(signJob())
    expect(await bench.answerTo(label)).toMatchObject(expected)
    expect(bench.events()).toEqual(['job.admitted', event])
  })
})

describe('a refusal', () => {
  it('is recorded, answered to the operators, and spends the id of an authentic job', async () => {
    using bench = new Bench(folder)
    const job = makeJob({ jobType: 'sensors/none' })
    const envelope = signDocument(documents.job, job, operator.signing)
    const label = await bench.deliver(envelope)
    const result = await bench.answerTo(label)
    expect(result).toMatchObject({ state: 'refused', refusal: { reason: 'unknown_job_type' } })
    const again = await bench.deliver(envelope, makeId())
    expect(await bench.answerTo(again)).toMatchObject({ refusal: { reason: 'replayed' } })
    expect(bench.events()).toEqual(['job.refused', 'job.refused'])
    expect(bench.runs).toHaveLength(0)
  })

  it('of a stranger’s job names no job id, because nothing vouches for it', async () => {
    using bench = new Bench(folder)
    const label = await bench.deliver(signJob({}, stranger))
    expect(await bench.answerTo(label)).toMatchObject({
      jobId: null,
      jobDigest: null,
      refusal: { reason: 'unknown_key' },
    })
  })

  it('answers what cannot be opened', async () => {
    using bench = new Bench(folder)
    const envelopeId = makeId()
    await bench.runner.receive({ envelopeId, sealed: '{}' })
    expect(await bench.answerTo(envelopeId)).toMatchObject({ refusal: { reason: 'unsealable' } })
  })
})

describe('a delivery that comes again', () => {
  it('under the same label gets the same answer and no second run', async () => {
    using bench = new Bench(folder)
    const envelope = signJob()
    const label = await bench.deliver(envelope)
    await bench.deliver(envelope, label)
    expect(bench.runs).toHaveLength(1)
    const [first, second] = bench.sent.get(label)!
    expect(second).toBe(first)
  })

  it('while it is in work is left alone', async () => {
    using bench = new Bench(folder)
    const gate = Promise.withResolvers<RunOutcome>()
    bench.outcome = () => gate.promise
    const envelope = signJob()
    const label = labelOf(envelope)
    const delivery = { envelopeId: label, sealed: await seal(envelope, [sealingKeyOf(agent)]) }
    const first = bench.runner.receive(delivery)
    await bench.runner.receive(delivery)
    expect(bench.sent.size).toBe(0)
    gate.resolve({ state: 'done', output: 1, handlesUsed: [] })
    await first
    expect(bench.sent.get(label)).toHaveLength(1)
  })

  it('a hundred times at once under as many labels is run once', async () => {
    using bench = new Bench(folder)
    const envelope = signJob()
    const all = [labelOf(envelope), ...Array.from({ length: 99 }, makeId)]
    const labels = await Promise.all(all.map((label) => bench.deliver(envelope, label)))
    const states = await Promise.all(labels.map(async (id) => (await bench.answerTo(id)).state))
    expect(states.filter((state) => state === 'done')).toHaveLength(1)
    expect(bench.runs).toHaveLength(1)
  })
})

describe('after a crash', () => {
  it('an intent without an outcome is answered as interrupted and never run again', async () => {
    const envelope = signJob()
    const label = labelOf(envelope)
    using first = new Bench(folder)
    first.outcome = () => new Promise(() => {})
    void first.deliver(envelope, label)
    while (first.runs.length === 0) await new Promise((done) => setTimeout(done, 1))
    first.store[Symbol.dispose]()

    using second = new Bench(folder)
    expect(second.runner.recover()).toBe(1)
    await second.runner.flush()
    expect(await second.answerTo(label)).toMatchObject({ state: 'interrupted' })
    await second.deliver(envelope, label)
    expect(second.runs).toHaveLength(0)
    expect(second.runner.recover()).toBe(0)
    expect(second.events()).toEqual(['job.admitted', 'run.interrupted'])
  })

  it('a finished answer the hub never got is sent, as it was', async () => {
    using first = new Bench(folder)
    first.isHubAway = true
    const label = await first.deliver(signJob())
    expect(first.sent.size).toBe(0)
    const kept = first.journal.findOutbox(label)!.sealed
    first.store[Symbol.dispose]()

    using second = new Bench(folder)
    await second.runner.flush()
    expect(second.sent.get(label)).toEqual([kept])
    expect(second.journal.outbox()).toEqual([])
    expect(second.runs).toHaveLength(0)
  })
})

describe('an approval', () => {
  const deliver = (bench: Bench, changes = {}) => {
    const approval = makeApproval(changes)
    return bench.deliver(signDocument(documents.approval, approval, operator.signing))
  }

  it('is kept with the bundle it names', async () => {
    using bench = new Bench(folder)
    const label = await deliver(bench)
    expect(await bench.answerTo(label)).toMatchObject({ state: 'done' })
    expect(bench.store.approvals.find('sensors')?.bundle).toEqual(bundle)
    expect(bench.events()).toEqual(['approval.accepted'])
  })

  it('is refused when the hub has another bundle, or none', async () => {
    using bench = new Bench(folder)
    for (const bytes of [new Uint8Array([1]), undefined]) {
      bench.bundleAtHub = bytes
      const label = await deliver(bench)
      expect(await bench.answerTo(label)).toMatchObject({ refusal: { reason: 'digest_mismatch' } })
    }
    expect(bench.journal.hasBundle(digestOf(bundle))).toBe(false)
    expect(bench.events()).toEqual(['approval.refused', 'approval.refused'])
  })

  it('is refused under another label than its id, and so is a job', async () => {
    using bench = new Bench(folder)
    const approval = signDocument(documents.approval, makeApproval(), operator.signing)
    for (const envelope of [approval, signJob()]) {
      const label = await bench.deliver(envelope, makeId())
      expect(await bench.answerTo(label)).toMatchObject({ refusal: { reason: 'relabelled' } })
    }
    expect(bench.events()).toEqual(['approval.refused', 'job.refused'])
  })

  it('is refused when it is for another agent', async () => {
    using bench = new Bench(folder)
    const label = await deliver(bench, { agentIds: [makeId()] })
    expect(await bench.answerTo(label)).toMatchObject({ refusal: { reason: 'wrong_audience' } })
  })
})
