// SPDX-License-Identifier: Apache-2.0
/** Proposes the smallest permissions that cover what the jobs of a plugin were seen doing. */
import { openDevSession } from '../authoring/dev-session.ts'
import type { DevRequest } from '../authoring/dev-session.ts'
import type { HandleUse } from '../authoring/handle-use.ts'
import { permissionCode } from '../authoring/permission-code.ts'
import { propose } from '../authoring/propose.ts'
import type { Proposal, ProposedHandle } from '../authoring/propose.ts'
import { recordTests } from '../authoring/record-tests.ts'
import { deriveManifest } from '../bundle/derive-manifest.ts'
import { readPluginFolder } from '../bundle/plugin-folder.ts'
import { safeText } from '../output/safe-text.ts'
import type { Talk } from '../output/talk.ts'
import { waiting } from '../output/waiting.ts'
import { counted } from '../output/words.ts'

/** What to learn from: the tests, or with `job` one run in the sandbox. */
export interface LearnRequest extends DevRequest {
  readonly isJoining: boolean
}

/** What was seen, and where. */
interface Seen {
  readonly from: 'tests' | 'run'
  readonly runs: ReadonlyMap<string, number>
  readonly uses: readonly HandleUse[]
  readonly failedCount: number
}

/** Learns and prints the lines to paste. */
export async function pluginLearn(talk: Talk, request: LearnRequest): Promise<void> {
  const plugin = await readPluginFolder(request.folder)
  const manifest = await waiting(talk, 'reading the plugin', () => deriveManifest(plugin))
  const seen = await waiting(talk, 'running its jobs', () =>
    request.job === undefined ? fromTests(plugin.path, manifest.name) : fromRun(request),
  )
  const proposals = [...seen.runs.keys()].sort().map((job) => {
    const uses = seen.uses.filter((use) => use.job === job)
    const declared = manifest.jobs[job]?.permissions ?? {}
    return propose(job, declared, { uses, isJoining: request.isJoining })
  })
  const notRun = Object.keys(manifest.jobs).filter((job) => !seen.runs.has(job))
  talk.answer(documentOf(manifest.name, seen, { proposals, notRun }), () =>
    [...proposals.map((each) => jobScreen(each, talk)), basis(seen, notRun)].join('\n\n'),
  )
}

async function fromTests(folder: string, plugin: string): Promise<Seen> {
  return { from: 'tests', ...(await recordTests(folder, plugin)) }
}

async function fromRun(request: LearnRequest): Promise<Seen> {
  await using session = await openDevSession(request)
  const silent = { started: () => undefined, progress: () => undefined, line: () => undefined }
  const { job, calls, outcome } = await session.run(new AbortController().signal, silent)
  const failedCount = outcome.state === 'done' ? 0 : 1
  return { from: 'run', runs: new Map([[job, 1]]), uses: calls, failedCount }
}

function documentOf(
  name: string,
  { from, runs, uses, failedCount }: Seen,
  { proposals, notRun }: { proposals: readonly Proposal[]; notRun: readonly string[] },
): object {
  return {
    format: 'sallyport.plugin-learn/1',
    plugin: name,
    learntFrom: { from, runs: Object.fromEntries(runs), useCount: uses.length, failedCount },
    jobs: proposals.map(({ job, handles, unused }) => ({
      job,
      permissions: handles.map(({ handle, permissions, change }) => {
        return { handle, change, lines: permissions.map(permissionCode) }
      }),
      unused,
    })),
    notRun,
  }
}

function jobScreen({ job, handles, unused }: Proposal, { paint }: Talk): string {
  const lines = handles.flatMap((each) => handleLines(each, paint))
  return [
    `${paint.strong(safeText(job))}`,
    '  permissions: {',
    ...lines.map((line) => `    ${line}`),
    '  },',
    ...unused.map((handle) => `  not used: ${safeText(handle)}`),
  ].join('\n')
}

function handleLines(
  { handle, permissions, change }: ProposedHandle,
  paint: Talk['paint'],
): string[] {
  const note = change === 'same' ? '' : paint.dim(`  // ${NOTES[change]}`)
  const split = permissions.length > 1 ? paint.warn('  // one handle each') : ''
  return permissions.map((permission, index) => {
    const name = safeText(index === 0 ? handle : `${handle}${index + 1}`)
    return `${name}: ${safeText(permissionCode(permission))},${note}${split}`
  })
}

const NOTES = {
  narrower: 'narrower than now',
  wider: 'wider than now',
  new: 'not declared yet',
} as const

/** What it was derived from, and what it does not say. */
function basis({ from, runs, uses, failedCount }: Seen, notRun: readonly string[]): string {
  const runCount = [...runs.values()].reduce((sum, count) => sum + count, 0)
  const where = from === 'tests' ? 'in the tests, with nothing refused' : 'in the sandbox'
  const failed = failedCount === 0 ? '' : `; ${failedWords(from, failedCount)}`
  return [
    `From ${counted(runCount, 'run')} and ${counted(uses.length, 'call')} ${where}${failed}.`,
    'It covers those runs and says nothing of others.',
    ...(notRun.length === 0 ? [] : [`Not run: ${notRun.map(safeText).join(', ')}.`]),
  ].join('\n')
}

function failedWords(from: Seen['from'], failedCount: number): string {
  if (from === 'run')
    return 'the run did not end well, so it may need more: paste the lines and learn again'
  return `${counted(failedCount, 'test')} failed, among them those that expect a denial`
}
