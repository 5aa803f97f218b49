// SPDX-License-Identifier: Apache-2.0
/** How long a plugin takes on this host: to start, to run when it is there, and to be answered. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { CodedError, DEFAULT_LIMITS, type PluginManifest } from '@sallyport/sdk'
import { makeBundle } from '../crypto/bundle.ts'
import { digestOf } from '../crypto/digest.ts'
import { openPluginHost } from './plugin-host.ts'
import type { PluginHost, RunOutcome, RunRequest } from './ports.ts'

/** One line of the report. Units: milliseconds. */
export interface Measurement {
  readonly name: string
  readonly tryCount: number
  readonly p50Ms: number
  readonly p95Ms: number
}

/** Source: proc_uptime(5): a file that every host has and that costs nothing to read. */
const READ = '/proc/uptime'
const CALLS_PER_TRY = 50

const job = {
  summary: 'measured',
  effect: 'read',
  input: {},
  output: {},
  resources: {},
  policyInputs: [],
} as const

const MANIFEST: PluginManifest = {
  name: 'measured',
  version: '0.0.0',
  summary: 'measured',
  jobs: {
    nothing: {
      ...job,
      permissions: {},
      limits: DEFAULT_LIMITS,
      hasPlan: false,
      hasResume: false,
      hasVerify: false,
    },
    calls: {
      ...job,
      permissions: { file: { kind: 'files.read', paths: [READ] } },
      limits: DEFAULT_LIMITS,
      hasPlan: false,
      hasResume: false,
      hasVerify: false,
    },
  },
}

const TEXT = `const any = { '~standard': { version: 1, vendor: 'measured', validate: (value) => ({ value }),
  jsonSchema: { input: () => ({}), output: () => ({}) } } }
const { jobs } = ${JSON.stringify(MANIFEST)}
const made = ({ input, output, hasPlan, hasResume, hasVerify, ...job }, run) => ({ ...job, input: any, output: any, run })
export const plugin = { name: 'measured', summary: 'measured', jobs: {
  nothing: made(jobs.nothing, async () => 0),
  calls: made(jobs.calls, async ({ use }) => {
    const times = []
    for (let n = 0; n < ${CALLS_PER_TRY}; n += 1) {
      const started = performance.now()
      await use.file.text('${READ}')
      times.push(performance.now() - started)
    }
    return times
  }),
} }
`

/**
 * Starts a plugin of its own in the real sandbox again and again: the time to a ready plugin, of the first run on it,
 * and of one call of a handle as the plugin sees it.
 *
 * Throws: ERR_SANDBOX_UNAVAILABLE and the codes of failures when a try does not come to its end.
 */
export async function measurePlugins(tryCount: number): Promise<Measurement[]> {
  const folder = await mkdtemp(join(tmpdir(), 'sallyport-measure-'))
  const [cold, warm, calls]: [number[], number[], number[]] = [[], [], []]
  try {
    for (let n = 0; n < tryCount; n += 1) {
      await using measured = openMeasured(folder)
      cold.push(await measured.startMs())
      warm.push(await timed(() => measured.run('nothing')))
      calls.push(...((await measured.run('calls')) as number[]))
    }
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
  return [
    measurement('cold start to a ready plugin', cold),
    measurement('first run on a running process', warm),
    measurement('one call of a handle', calls),
  ]
}

/** The middle, and what one in twenty exceeds, of a list that is not empty. */
export function measurement(name: string, timesMs: readonly number[]): Measurement {
  const sorted = timesMs.toSorted((a, b) => a - b)
  const at = (share: number): number => sorted[Math.ceil(sorted.length * share) - 1]!
  return { name, tryCount: sorted.length, p50Ms: at(0.5), p95Ms: at(0.95) }
}

interface Measured extends AsyncDisposable {
  /** Runs a job, which starts the process; gives the time until the plugin was ready. */
  startMs(): Promise<number>
  run(jobName: string): Promise<unknown>
}

function openMeasured(stateDirectory: string): Measured {
  let readyAtMs = 0
  const host = openPluginHost({
    stateDirectory,
    onEvent: ({ event }) => {
      if (event === 'plugin.started') readyAtMs = performance.now()
    },
  })
  const run = (jobName: string): Promise<unknown> => outputOf(host, jobName)
  return {
    run,
    async startMs() {
      const startedMs = performance.now()
      await run('nothing')
      return readyAtMs - startedMs
    },
    [Symbol.asyncDispose]: () => host[Symbol.asyncDispose](),
  }
}

async function outputOf(host: PluginHost, jobName: string): Promise<unknown> {
  const bundle = makeBundle(MANIFEST, { 'plugin.mjs': TEXT, 'licenses.txt': 'none' })
  const { name, version } = MANIFEST
  const plugin = { name, version, digest: digestOf(bundle), manifest: MANIFEST, bundle }
  const { signal } = new AbortController()
  const request: RunRequest = { jobId: 'measured', plugin, jobName, input: {}, signal }
  return expectDone(await host.run(request))
}

function expectDone(outcome: RunOutcome): unknown {
  if (outcome.state === 'done') return outcome.output
  if (outcome.state === 'failed') {
    throw new CodedError(outcome.failure.code, outcome.failure.message)
  }
  const why = outcome.refusal.details?.['why']
  throw new CodedError('ERR_SANDBOX_UNAVAILABLE', String(why ?? outcome.refusal.reason))
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const startedMs = performance.now()
  await work()
  return performance.now() - startedMs
}
