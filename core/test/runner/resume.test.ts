// SPDX-License-Identifier: Apache-2.0
/** Runs that kept something, over a real journal: after a restart, a stop and a crash, and when they may not be resumed. */
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { CodedError } from '@sallyport/sdk'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { verifyAuditLog } from '../../src/audit/index.ts'
import { digestOf, makeBundle, signDocument } from '../../src/crypto/index.ts'
import type { KeptByRun, RunOutcome, RunRequest } from '../../src/plugins/ports.ts'
import { approvedJobsOf, documents, instantOf, type Result } from '../../src/protocol/index.ts'
import {
  agent,
  labelOf,
  makeApproval,
  makeCancellation,
  makeJob,
  makeRevocation,
  manifest,
  MINUTE,
  NOW,
  operator,
  publicationOf,
  signJob,
} from '../support/site.ts'
import { Bench, ORIGIN } from './bench.ts'

const KEPT = { plan: { from: 'stopped' }, value: { upid: 'UPID:1' } }
const DONE: RunOutcome = { state: 'done', output: { celsius: 41 }, handlesUsed: [] }
const REFUSED: RunOutcome = {
  state: 'refused',
  refusal: { reason: 'sandbox_unavailable', details: {} },
}

let folder: string

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'sallyport-resume-'))
})

afterEach(() => {
  rmSync(folder, { recursive: true, force: true })
})

/** The plugin in a version whose job type can be resumed, or cannot. */
function bundleOf(version: string, hasResume = true) {
  const read = { ...manifest.jobs['read']!, hasPlan: true, hasResume, hasVerify: true }
  const own = { ...manifest, version, jobs: { read } }
  const bytes = makeBundle(own, { 'plugin.mjs': 'export {}', 'licenses.txt': 'none' })
  return { bytes, jobs: approvedJobsOf(own) }
}

/** Approves such a version. */
async function approve(bench: Bench, version = '1.0.0', hasResume = true): Promise<void> {
  const { bytes, jobs } = bundleOf(version, hasResume)
  bench.bundleAtHub = bytes
  const plugin = { name: 'sensors', version, digest: digestOf(bytes) }
  const issuedAt = instantOf(NOW - MINUTE + Number(version.at(-1)))
  const approval = makeApproval({ plugin, jobs, issuedAt, publication: publicationOf(bytes) })
  const label = await bench.deliver(signDocument(documents.approval, approval, operator.signing))
  expect((await bench.answerTo(label)).state).toBe('done')
}

const failed = (code: string, details: Record<string, string> = {}): RunOutcome => {
  const failure = { code, message: 'm', details, retryable: false }
  return { state: 'failed', failure, handlesUsed: [] }
}
const use = (request: RunRequest, target: string): void => {
  const about = { handle: 'pve', kind: 'endpoint', method: 'request', target } as const
  request.onHandle!({ ...about, outcome: 'ok' }, { args: [] })
}

/** A run that keeps what the case says and then is never heard of again, in an agent that was killed. */
async function killedRun(
  kept: readonly KeptByRun[] = [KEPT],
  { hasResume = true } = {},
): Promise<string> {
  using bench = new Bench(folder)
  await approve(bench, '1.0.0', hasResume)
  const begun = Promise.withResolvers<void>()
  bench.outcome = (request) => {
    for (const each of kept) request.onKeep?.(each)
    begun.resolve()
    return new Promise(() => {})
  }
  const job = signJob({ input: { vmid: 101 } })
  void bench.deliver(job)
  await begun.promise
  return labelOf(job)
}

/** The audit log, read beside whoever writes it. */
function eventsNow(): string[] {
  using reader = new Bench(folder)
  return reader.events()
}

/** What the next start makes of it. */
async function restarted(
  label: string,
  outcome: Bench['outcome'] = DONE,
  before: (bench: Bench) => Promise<void> | void = () => {},
): Promise<{ bench: Bench; result: Result }> {
  const bench = new Bench(folder)
  await before(bench)
  bench.outcome = outcome
  bench.runner.recover()
  await bench.runner.resume()
  await bench.runner.flush()
  return { bench, result: await bench.answerTo(label) }
}

describe('a run that kept something, after a restart', () => {
  it('is resumed by the same bundle with what was kept last and its plan, and answered', async () => {
    const label = await killedRun([{ ...KEPT, value: { upid: 'before' } }, KEPT])
    const verification = { verdict: 'verified', message: 'guest 101 is running' } as const
    const { bench, result } = await restarted(label, async (request) => {
      expect(eventsNow()).toEqual(['approval.accepted', 'job.admitted', 'run.resumed'])
      use(request, 'GET /x')
      return { ...DONE, verification }
    })
    using _closing = bench
    expect(result).toMatchObject({
      state: 'done',
      output: { celsius: 41 },
      verification,
      handlesUsed: ['pve'],
    })
    expect(bench.runs).toHaveLength(1)
    const { resume, input, plugin, ask, onKeep } = bench.runs[0]!
    expect({ resume, input, ask, onKeep }).toEqual({ resume: KEPT, input: { vmid: 101 } })
    expect(plugin.digest).toBe(digestOf(bundleOf('1.0.0').bytes))
    expect(bench.events()).toEqual([
      'approval.accepted',
      'job.admitted',
      'run.resumed',
      'handle.used',
      'run.finished',
    ])
    expect(verifyAuditLog(bench.store.audit, ORIGIN, agent.signing.publicKey).ok).toBe(true)
    expect(bench.store.runs.find(label)).toMatchObject({ state: 'finished', kept: null })
  })

  it('is resumed once: the next start has nothing left to do', async () => {
    const label = await killedRun()
    const first = await restarted(label)
    first.bench[Symbol.dispose]()
    using second = new Bench(folder)
    expect(second.runner.recover()).toBe(0)
    await second.runner.resume()
    expect(second.runs).toEqual([])
  })

  it('that has no plan gets none', async () => {
    const label = await killedRun([{ plan: undefined, value: 1 }])
    const { bench } = await restarted(label)
    using _closing = bench
    expect(bench.runs[0]!.resume).toEqual({ plan: undefined, value: 1 })
  })

  it.each([
    ['kept nothing', () => killedRun([]), undefined],
    ['cannot be resumed', () => killedRun([KEPT], { hasResume: false }), undefined],
    ['kept it with another bundle', () => killedRun(), (bench: Bench) => approve(bench, '1.0.1')],
    [
      'was revoked in between',
      () => killedRun(),
      async (bench: Bench) => {
        const revocation = makeRevocation({ issuedAt: instantOf(NOW) })
        await bench.deliver(signDocument(documents.revocation, revocation, operator.signing))
      },
    ],
    [
      'was put aside in between',
      () => killedRun(),
      (bench: Bench) => {
        const digest = digestOf(bundleOf('1.0.0').bytes)
        const row = { digest, pluginName: 'sensors', version: '1.0.0', reason: 'r', sinceMs: NOW }
        bench.journal.transaction(() => bench.journal.putQuarantine(row))
      },
    ],
  ])('of a plugin that %s is interrupted and not run', async (_, kill, before) => {
    const { bench, result } = await restarted(await kill(), DONE, before)
    using _closing = bench
    expect(result).toMatchObject({ state: 'interrupted', failure: { code: 'ERR_RUN_INTERRUPTED' } })
    expect(bench.runs).toEqual([])
    expect(bench.events()).toContain('run.interrupted')
  })

  it('says why it could not be resumed', async () => {
    const { bench, result } = await restarted(await killedRun(), DONE, (bench) =>
      approve(bench, '1.0.1'),
    )
    using _closing = bench
    expect(result.failure).toMatchObject({
      message: expect.stringContaining('could not be resumed (digest_mismatch)'),
      details: { reason: 'digest_mismatch' },
    })
  })

  it.each([
    ['throws', failed('ERR_PVE_TASK_LOST'), 'interrupted', 'ERR_PVE_TASK_LOST'],
    ['says that nothing happened', failed('ERR_PVE_X', { effect: 'none' }), 'failed', 'ERR_PVE_X'],
    [
      'says that it failed on the way',
      failed('ERR_PVE_X', { effect: 'partial' }),
      'failed',
      'ERR_PVE_X',
    ],
    ['says anything else', failed('ERR_PVE_X', { effect: 'some' }), 'interrupted', 'ERR_PVE_X'],
    ['crashes', failed('ERR_PLUGIN_CRASHED'), 'interrupted', 'ERR_PLUGIN_CRASHED'],
    ['takes too long', failed('ERR_RUN_TIMEOUT'), 'interrupted', 'ERR_RUN_TIMEOUT'],
    ['may not start', REFUSED, 'interrupted', 'ERR_RUN_INTERRUPTED'],
  ])('whose resumption %s ends so', async (_, outcome, state, code) => {
    const { bench, result } = await restarted(await killedRun(), outcome)
    using _closing = bench
    expect(result).toMatchObject({ state, failure: { code } })
    expect(bench.runs).toHaveLength(1)
  })

  it('is not refused as a replay when the hub delivers it again meanwhile', async () => {
    const job = signJob()
    {
      using first = new Bench(folder)
      await approve(first)
      const begun = Promise.withResolvers<void>()
      first.outcome = (request) => {
        request.onKeep!(KEPT)
        begun.resolve()
        return new Promise(() => {})
      }
      void first.deliver(job)
      await begun.promise
    }
    using bench = new Bench(folder)
    const looked = Promise.withResolvers<void>()
    bench.outcome = async () => {
      await looked.promise
      return DONE
    }
    expect(bench.runner.recover()).toBe(0)
    await bench.deliver(job)
    const resuming = bench.runner.resume()
    await bench.deliver(job)
    expect(bench.sent.size).toBe(0)
    looked.resolve()
    await resuming
    await bench.deliver(job)
    expect(await bench.answerTo(labelOf(job))).toMatchObject({ state: 'done' })
    expect(bench.runs).toHaveLength(1)
    expect(bench.events()).not.toContain('job.refused')
  })

  it('is left for the next start when the agent stops meanwhile, or nothing can be recorded', async () => {
    const label = await killedRun()
    {
      using bench = new Bench(folder)
      bench.runner.recover()
      bench.outcome = async (request) => {
        use(request, 'GET /x')
        bench.runner.abort()
        return failed('ERR_RUN_CANCELLED')
      }
      await bench.runner.resume()
      expect(bench.sent.size).toBe(0)
      expect(bench.events()).toEqual([
        'approval.accepted',
        'job.admitted',
        'run.resumed',
        'handle.used',
      ])
    }
    {
      using bench = new Bench(folder)
      bench.runner.recover()
      bench.runner.rest()
      await bench.runner.resume()
      expect(bench.runs).toEqual([])
    }
    {
      const tried = Promise.withResolvers<void>()
      using bench = new Bench(folder, (journal) => ({
        ...journal,
        audit() {
          tried.resolve()
          throw new CodedError('ERR_STORE_WRITE', 'disk full')
        },
      }))
      bench.runner.recover()
      const resumed = bench.runner.resume()
      await tried.promise
      bench.runner.abort()
      await resumed
      expect(bench.runs).toEqual([])
    }
    const { bench, result } = await restarted(label)
    using _closing = bench
    expect(result.state).toBe('done')
  })
})

describe('a run that kept something', () => {
  const keeping =
    (end: (request: RunRequest, bench: Bench) => Promise<RunOutcome> | RunOutcome, bench: Bench) =>
    async (request: RunRequest): Promise<RunOutcome> => {
      if (request.resume === undefined) request.onKeep?.(KEPT)
      return end(request, bench)
    }

  it('is left open when the agent stops in the middle, and resumed by the next one', async () => {
    const job = signJob()
    {
      using bench = new Bench(folder)
      await approve(bench)
      bench.outcome = keeping((request) => {
        use(request, 'POST /x')
        bench.runner.abort()
        return failed('ERR_RUN_CANCELLED')
      }, bench)
      await bench.deliver(job)
      expect(bench.sent.has(labelOf(job))).toBe(false)
      expect(bench.events()).toEqual(['approval.accepted', 'job.admitted', 'handle.used'])
    }
    const { bench, result } = await restarted(labelOf(job))
    using _closing = bench
    expect(result.state).toBe('done')
    expect(bench.runs.map(({ resume }) => resume)).toEqual([KEPT])
  })

  it.each(['ERR_PLUGIN_CRASHED', 'ERR_PLUGIN_MEMORY'])(
    'and whose process ends as %s is resumed at once, and once',
    async (code) => {
      using bench = new Bench(folder)
      await approve(bench)
      bench.outcome = keeping(({ resume }) => (resume === undefined ? failed(code) : DONE), bench)
      const result = await bench.answerTo(await bench.deliver(signJob()))
      expect(result.state).toBe('done')
      expect(bench.runs.map(({ resume }) => resume)).toEqual([undefined, KEPT])
      bench.outcome = keeping(() => failed(code), bench)
      const again = await bench.answerTo(await bench.deliver(signJob()))
      expect(again).toMatchObject({ state: 'interrupted', failure: { code } })
      expect(bench.runs).toHaveLength(4)
      expect(bench.events().filter((event) => event === 'run.resumed')).toHaveLength(2)
    },
  )

  it.each(['ERR_PLUGIN_ABUSE', 'ERR_RUN_TIMEOUT', 'ERR_PLUGIN_REVOKED', 'ERR_JOB_THREW'])(
    'and ends as %s is not resumed',
    async (code) => {
      using bench = new Bench(folder)
      await approve(bench)
      bench.outcome = keeping(() => failed(code), bench)
      expect(await bench.answerTo(await bench.deliver(signJob()))).toMatchObject({
        failure: { code },
      })
      expect(bench.runs).toHaveLength(1)
    },
  )

  it('is not resumed after a crash when its plugin was revoked before that', async () => {
    using bench = new Bench(folder)
    await approve(bench)
    bench.outcome = keeping(() => {
      const revocation = makeRevocation({ issuedAt: instantOf(NOW) })
      bench.journal.transaction(() =>
        bench.journal.putRevocation(revocation, new Uint8Array(1), NOW),
      )
      return failed('ERR_PLUGIN_CRASHED')
    }, bench)
    const result = await bench.answerTo(await bench.deliver(signJob()))
    expect(result).toMatchObject({ state: 'interrupted', failure: { code: 'ERR_PLUGIN_CRASHED' } })
    expect(bench.runs).toHaveLength(1)
  })

  it('has it on disk when the call returns, and hears when it is not', async () => {
    let isFull = false
    using bench = new Bench(folder, (journal) => ({
      ...journal,
      keep(jobId, kept) {
        if (isFull) throw new CodedError('ERR_STORE_WRITE', 'disk full')
        journal.keep(jobId, kept)
      },
    }))
    await approve(bench)
    bench.outcome = async (request) => {
      request.onKeep!(KEPT)
      using other = new Bench(folder)
      expect(other.store.runs.find(request.jobId)?.kept?.digest).toBe(request.plugin.digest)
      isFull = true
      expect(() => request.onKeep!(KEPT)).toThrowCode('ERR_STORE_WRITE')
      return DONE
    }
    expect(await bench.answerTo(await bench.deliver(signJob()))).toMatchObject({ state: 'done' })
    expect(() => bench.runs[0]!.onKeep!(KEPT)).toThrow()
  })
})

describe('a run that kept something and is cancelled', () => {
  it('is ended and answered, not left for the next start', async () => {
    using bench = new Bench(folder)
    await approve(bench)
    const begun = Promise.withResolvers<void>()
    bench.outcome = (request) => {
      request.onKeep?.(KEPT)
      begun.resolve()
      return new Promise((resolve) =>
        request.signal.addEventListener('abort', () => resolve(failed('ERR_RUN_CANCELLED'))),
      )
    }
    const job = makeJob({ input: { vmid: 101 } })
    const running = bench.deliver(signDocument(documents.job, job, operator.signing))
    await begun.promise
    const cancellation = makeCancellation({ jobId: job.jobId })
    await bench.deliver(signDocument(documents.cancellation, cancellation, operator.signing))
    expect(await bench.answerTo(await running)).toMatchObject({
      state: 'interrupted',
      failure: { code: 'ERR_RUN_CANCELLED', message: 'the job was cancelled: a case' },
    })
    expect(bench.journal.openRuns()).toEqual([])
  })
})
