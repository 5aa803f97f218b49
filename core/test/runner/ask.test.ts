// SPDX-License-Identifier: Apache-2.0
/** Jobs that runs ask for, over a real journal: recorded before they run, bounded, ended with the run that asked. */
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { CodedError, type JobManifest } from '@sallyport/sdk'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { AuditLog, auditOrigin, verifyAuditLog } from '../../src/audit/index.ts'
import { open, seal } from '../../src/crypto/index.ts'
import type { RunOutcome, RunRequest } from '../../src/plugins/ports.ts'
import { documents, parseDocument, parseEnvelope, type Result } from '../../src/protocol/index.ts'
import { Runner, type Journal } from '../../src/runner/index.ts'
import { makeSqliteJournal, openSqliteAgentStore } from '../../src/stores/index.ts'
import { heldPlugin, jobManifest } from '../support/questions.ts'
import {
  agent,
  AGENT_ID,
  labelOf,
  makeId,
  makePorts,
  NOW,
  operator,
  sealingKeyOf,
  signJob,
} from '../support/site.ts'

type Run = (request: RunRequest) => Promise<unknown>

interface Entry {
  readonly event: string
  readonly jobId?: string
  readonly details: Readonly<Record<string, unknown>>
}

const free: Partial<JobManifest> = { resources: {}, effect: 'change' }
const PLUGINS = {
  one: heldPlugin('one', { top: jobManifest(free), guest: jobManifest({ effect: 'change' }) }),
  two: heldPlugin('two', { deep: jobManifest(free), guest: jobManifest() }),
}

let folder: string

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'sallyport-ask-'))
})

afterEach(() => {
  rmSync(folder, { recursive: true, force: true })
})

/** An agent whose job types do what the case says. */
class Bench implements Disposable {
  readonly store = openSqliteAgentStore(join(folder, 'agent.db'), { clock: { now: () => NOW } })
  readonly requests: RunRequest[] = []
  readonly runner: Runner
  readonly #sent = new Map<string, string>()

  constructor(
    runs: Readonly<Record<string, Run>>,
    change: (journal: Journal) => Journal = (j) => j,
  ) {
    const log = new AuditLog(this.store.audit, auditOrigin(AGENT_ID), agent.signing)
    this.runner = new Runner({
      identity: agent,
      readers: { of: () => [sealingKeyOf(operator)], people: () => [] },
      admission: makePorts({
        approvals: { find: (name) => PLUGINS[name as keyof typeof PLUGINS] },
        replay: this.store.runs,
        rate: this.store.runs,
        clock: this.store.clock,
      }),
      journal: change(makeSqliteJournal(this.store, log)),
      host: {
        run: (request) => this.#run(request, runs),
        stop: async () => {},
        forgive: () => {},
        counters: () => ({}),
        [Symbol.asyncDispose]: async () => {},
      },
      channel: {
        answer: async (id, sealed) => void this.#sent.set(id, sealed),
        report: async () => {},
      },
      bundles: { fetch: async () => undefined },
      clock: { now: () => NOW },
      makeId,
      log: { info() {}, warn() {} },
    })
  }

  /** Has the job done and gives the answer. */
  async job(jobType: string, input: Record<string, string | number> = {}): Promise<Result> {
    const envelope = signJob({ jobType, input })
    const envelopeId = labelOf(envelope)
    await this.runner.receive({ envelopeId, sealed: await seal(envelope, [sealingKeyOf(agent)]) })
    const bytes = await open(this.#sent.get(envelopeId)!, operator.sealing, 8_000_000)
    return parseDocument(documents.result, parseEnvelope(bytes, 8_000_000).payload)
  }

  entries(): Entry[] {
    const rows = [...this.store.audit.read(0, 1_000)]
    return rows.map(({ bytes }) => JSON.parse(Buffer.from(bytes).toString()) as Entry)
  }

  events(): string[] {
    return this.entries().map(({ event }) => event)
  }

  [Symbol.dispose](): void {
    this.store[Symbol.dispose]()
  }

  async #run(request: RunRequest, runs: Readonly<Record<string, Run>>): Promise<RunOutcome> {
    this.requests.push(request)
    try {
      const output = await runs[`${request.plugin.name}/${request.jobName}`]!(request)
      return { state: 'done', output: output ?? null, handlesUsed: [] }
    } catch (error) {
      const { code, message } = error as CodedError
      const failure = { code, message, details: {}, retryable: false }
      return { state: 'failed', failure, handlesUsed: [] }
    }
  }
}

const { signal } = new AbortController()
const ask = async (
  request: RunRequest,
  jobType: string,
  input: Record<string, unknown> = {},
): Promise<string> => {
  const outcome = await request.ask!({ jobType, input }, signal)
  return outcome.state === 'refused' ? outcome.refusal.reason : outcome.state
}

describe('an asked job', () => {
  it('is on record before it runs, under an id of its own, with its handles and its end', async () => {
    let seen: unknown
    using bench = new Bench({
      'one/top': (request) => ask(request, 'two/deep'),
      'two/deep': async (request) => {
        seen = { events: bench.events(), state: bench.store.runs.find(request.jobId)?.state }
        const used = { handle: 'own', kind: 'state', method: 'get', target: 'k' }
        request.onHandle!({ ...used, outcome: 'ok' }, { args: [] })
      },
    })
    const result = await bench.job('one/top')
    expect(result).toMatchObject({ state: 'done', output: 'done', handlesUsed: [] })
    expect(seen).toEqual({ events: ['job.admitted', 'ask.admitted'], state: 'intent' })
    const [, admitted, used, finished, last] = bench.entries()
    const childId = bench.requests[1]!.jobId
    expect(childId).not.toBe(result.jobId)
    const plugin = bench.requests[1]!.plugin.digest
    const about = { askedBy: result.jobId, jobType: 'two/deep' }
    expect(admitted).toMatchObject({
      event: 'ask.admitted',
      jobId: childId,
      details: { ...about, plugin, effect: 'change', depth: 1 },
    })
    expect(used).toMatchObject({ event: 'handle.used', jobId: childId })
    expect(finished).toMatchObject({
      event: 'ask.finished',
      jobId: childId,
      details: { ...about, state: 'done' },
    })
    expect(last).toMatchObject({ event: 'run.finished', jobId: result.jobId })
    expect(
      verifyAuditLog(bench.store.audit, auditOrigin(AGENT_ID), agent.signing.publicKey),
    ).toMatchObject({ ok: true })
  })

  it('does not run when its admission cannot be recorded', async () => {
    using bench = new Bench({ 'one/top': (request) => ask(request, 'two/deep') }, (journal) => ({
      ...journal,
      addRun(row) {
        if (row.jobType === 'two/deep') throw new CodedError('ERR_STORE_WRITE', 'disk full')
        journal.addRun(row)
      },
    }))
    expect(await bench.job('one/top')).toMatchObject({ failure: { code: 'ERR_STORE_WRITE' } })
    expect(bench.requests).toHaveLength(1)
    expect(bench.events()).toEqual(['job.admitted', 'run.failed'])
  })

  it('that fails is recorded with its code, and the run goes on', async () => {
    using bench = new Bench({
      'one/top': (request) => ask(request, 'two/deep'),
      'two/deep': () => Promise.reject(new CodedError('ERR_X', 'no')),
    })
    expect(await bench.job('one/top')).toMatchObject({ state: 'done', output: 'failed' })
    const finished = bench.entries().find(({ event }) => event === 'ask.finished')
    expect(finished?.details).toMatchObject({ state: 'failed', code: 'ERR_X' })
  })

  it('that is refused is recorded and nothing runs', async () => {
    using bench = new Bench({ 'one/guest': (request) => ask(request, 'two/guest', { vmid: 102 }) })
    expect(await bench.job('one/guest', { vmid: 101 })).toMatchObject({
      output: 'wider_than_asked',
    })
    expect(bench.requests).toHaveLength(1)
    const { details } = bench.entries()[1]!
    expect(details).toMatchObject({
      reason: 'wider_than_asked',
      details: { resource: 'vmid', values: ['102'] },
    })
    expect(bench.events()).toEqual(['job.admitted', 'ask.refused', 'run.finished'])
  })

  it('reaches what the signed job named, also one level further down', async () => {
    const reached: string[] = []
    using bench = new Bench({
      'one/guest': (request) => ask(request, 'two/guest', { vmid: 101 }),
      'two/guest': async (request) => {
        for (const vmid of [101, 102]) reached.push(await ask(request, 'two/guest', { vmid }))
        reached.push(await ask(request, 'one/guest', { vmid: 101 }))
      },
    })
    await bench.job('one/guest', { vmid: 101 })
    expect(reached.slice(-3)).toEqual(['done', 'wider_than_asked', 'wider_than_asked'])
  })

  it('cannot ask in a circle for ever', async () => {
    const answers: string[] = []
    using bench = new Bench({
      'one/top': async (request) => void answers.push(await ask(request, 'two/deep')),
      'two/deep': async (request) => void answers.push(await ask(request, 'one/top')),
    })
    await bench.job('one/top')
    expect(answers).toEqual(['asked_too_deep', 'done', 'done', 'done'])
    expect(bench.requests).toHaveLength(4)
  })

  it('counts against the rate of its job type, as signed jobs do', async () => {
    const answers: string[] = []
    using bench = new Bench({
      'one/top': async (request) => {
        for (let count = 0; count < 6; count += 1) answers.push(await ask(request, 'two/deep'))
      },
      'two/deep': async () => null,
    })
    await bench.job('one/top')
    expect(answers).toEqual([...Array<string>(5).fill('done'), 'rate_limited'])
    const result = await bench.job('two/deep')
    expect(result).toMatchObject({ state: 'refused', refusal: { reason: 'rate_limited' } })
  })

  it('is one of four at a time, and sixteen refusals are enough for one run', async () => {
    const codes: string[] = []
    const codeOf = (error: unknown) => (error as CodedError).code
    const gate = Promise.withResolvers<void>()
    using bench = new Bench({
      'one/top': async (request) => {
        const asked = Array.from({ length: 5 }, () => ask(request, 'two/deep').catch(codeOf))
        codes.push(await asked[4]!)
        gate.resolve()
        codes.push(...(await Promise.all(asked.slice(0, 4))))
        for (let count = 0; count < 17; count += 1) {
          codes.push(await ask(request, 'none/at-all').catch(codeOf))
        }
      },
      'two/deep': () => gate.promise,
    })
    await bench.job('one/top')
    expect(codes.slice(0, 5)).toEqual(['ERR_LIMIT', 'done', 'done', 'done', 'done'])
    expect(codes.slice(5)).toEqual([...Array<string>(16).fill('not_approved'), 'ERR_LIMIT'])
    expect(bench.events().filter((event) => event === 'ask.refused')).toHaveLength(16)
  })

  it('has ended and is on record before the run that asked is', async () => {
    using bench = new Bench({
      'one/top': async (request) => {
        void ask(request, 'two/deep')
      },
      'two/deep': () => new Promise((done) => setTimeout(done, 50)),
    })
    await bench.job('one/top')
    expect(bench.events()).toEqual(['job.admitted', 'ask.admitted', 'ask.finished', 'run.finished'])
  })

  it('is not begun once the run is over, and is told when it is', async () => {
    const over = new AbortController()
    let seen: AbortSignal | undefined
    using bench = new Bench({
      'one/top': async (request) => {
        await request.ask!({ jobType: 'two/deep', input: {} }, over.signal)
        expect(seen?.aborted).toBe(false)
        over.abort(new CodedError('ERR_RUN_OVER', 'over'))
        expect(seen?.aborted).toBe(true)
        await request.ask!({ jobType: 'two/deep', input: {} }, over.signal)
      },
      'two/deep': async (request) => {
        seen = request.signal
      },
    })
    expect(await bench.job('one/top')).toMatchObject({ failure: { code: 'ERR_RUN_OVER' } })
    expect(bench.requests).toHaveLength(2)
  })

  it('that a crash cut off is recorded as interrupted, once, and its asker answered', async () => {
    const first = new Bench({
      'one/top': (request) => ask(request, 'two/deep'),
      'two/deep': () => new Promise(() => {}),
    })
    void first.job('one/top').catch(() => {})
    while (first.requests.length < 2) await new Promise((done) => setTimeout(done, 1))
    first[Symbol.dispose]()
    using second = new Bench({})
    expect(second.runner.recover()).toBe(2)
    expect(second.events()).toEqual([
      'job.admitted',
      'ask.admitted',
      'run.interrupted',
      'ask.finished',
    ])
    expect(second.entries().at(-1)?.details).toMatchObject({ state: 'interrupted' })
    expect(second.runner.recover()).toBe(0)
  })
})
