// SPDX-License-Identifier: Apache-2.0
/** Runs the tests of a plugin with a listener to its handles, and reads what was heard. */
import { spawn } from 'node:child_process'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { z } from 'zod'
import { parseJson } from '@sallyport/core/protocol'
import { EXIT } from '../output/exit-codes.ts'
import { Problem } from '../output/problem.ts'
import { IS_SOURCE } from '../program.ts'
import type { HandleUse } from './handle-use.ts'

const MAX_LINE_BYTES = 4_194_304
const DEADLINE_MS = 300_000

const Line = z.union([
  z.object({ started: z.object({ plugin: z.string(), job: z.string() }) }),
  z.object({
    used: z.object({
      plugin: z.string(),
      job: z.string(),
      handle: z.string(),
      kind: z.string(),
      method: z.string(),
      args: z.array(z.unknown()),
      leadsTo: z.string().optional(),
      resources: z.record(z.string(), z.array(z.string())),
    }),
  }),
])

/** What the tests showed. */
export interface RecordedTests {
  /** Runs by job type. */
  readonly runs: ReadonlyMap<string, number>
  readonly uses: readonly HandleUse[]
  /** Tests that failed. While they are recorded nothing is refused, so one that expects a refusal is among them. */
  readonly failedCount: number
}

/** Runs `test/**` of the folder on Node's test runner. Throws: ERR_NOTHING_RECORDED. */
export async function recordTests(folder: string, plugin: string): Promise<RecordedTests> {
  const scratch = await mkdtemp(join(tmpdir(), 'sallyport-learn-'))
  try {
    const report = join(scratch, 'report.jsonl')
    await writeFile(report, '')
    const printed = await runTests(folder, report)
    const lines = readLines(await readFile(report)).filter((line) => pluginOf(line) === plugin)
    const uses = lines.flatMap((line) => ('used' in line ? [line.used] : []))
    const jobs = lines.flatMap((line) => ('started' in line ? [line.started.job] : []))
    if (jobs.length === 0) throw nothingRecorded(folder, printed)
    const runs = new Map(
      [...Map.groupBy(jobs, (job) => job)].map(([job, each]) => [job, each.length]),
    )
    return { runs, uses, failedCount: failedIn(printed) }
  } finally {
    await rm(scratch, { recursive: true, force: true })
  }
}

async function runTests(folder: string, report: string): Promise<string> {
  const recorder = pathToFileURL(
    join(import.meta.dirname, `test-recorder.${IS_SOURCE ? 'ts' : 'js'}`),
  )
  recorder.searchParams.set('report', report)
  const flags = ['--disable-warning=ExperimentalWarning', '--import', recorder.href]
  const args = [...flags, '--test', '--test-reporter=tap', 'test/**/*.test.ts']
  const child = spawn(process.execPath, args, {
    cwd: folder,
    env: {},
    stdio: ['ignore', 'pipe', 'ignore'],
    timeout: DEADLINE_MS,
    killSignal: 'SIGKILL',
  })
  let printed = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    printed = (printed + text).slice(-MAX_LINE_BYTES)
  })
  return new Promise((resolve, reject) => {
    child.on('error', reject)
    child.on('close', () => resolve(printed))
  })
}

function readLines(bytes: Uint8Array): z.infer<typeof Line>[] {
  const texts = Buffer.from(bytes).toString('utf8').split('\n')
  return texts
    .filter((text) => text !== '')
    .map((text) => Line.parse(parseJson(Buffer.from(text), MAX_LINE_BYTES)))
}

function pluginOf(line: z.infer<typeof Line>): string {
  return 'used' in line ? line.used.plugin : line.started.plugin
}

/** The closing lines of the report, as TAP has them: `# fail 1`. */
function failedIn(printed: string): number {
  return Number(/^# fail ([0-9]+)$/m.exec(printed)?.[1] ?? 0)
}

function nothingRecorded(folder: string, printed: string): Problem {
  const complaint = /^\s*error: (.*)$/m.exec(printed)?.[1]
  return new Problem('ERR_NOTHING_RECORDED', `the tests in ${folder} ran no job`, {
    exit: EXIT.failed,
    details: { said: complaint },
    unharmed: 'Nothing was written.',
    remedy:
      'Write tests that call runJob and that run under `node --test`, or run a job with --job.',
  })
}
