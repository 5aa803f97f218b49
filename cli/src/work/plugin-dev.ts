// SPDX-License-Identifier: Apache-2.0
/** Runs a plugin for its author, once or after every change, and says what it did and what it was denied. */
import { resolve } from 'node:path'
import { openDevSession } from '../authoring/dev-session.ts'
import type {
  DevCall,
  DevListener,
  DevRequest,
  DevRun,
  DevSession,
} from '../authoring/dev-session.ts'
import { watchFolder } from '../authoring/watch-folder.ts'
import { EXIT } from '../output/exit-codes.ts'
import type { ExitCode } from '../output/exit-codes.ts'
import { problemOf } from '../output/known-problems.ts'
import { present } from '../output/present.ts'
import { problemScreen } from '../output/problem-screen.ts'
import { problemJson } from '../output/problem.ts'
import { safeText } from '../output/safe-text.ts'
import type { Talk } from '../output/talk.ts'
import { verdictLine } from '../output/verdict.ts'
import { span } from '../output/words.ts'

/** How it is run. */
export interface DevOptions extends DevRequest {
  readonly isOnce: boolean
}

/** Runs, and returns the exit code: of the one run, or 0 when the author leaves. */
export async function pluginDev(talk: Talk, options: DevOptions): Promise<ExitCode> {
  await using session = await openDevSession(options)
  if (options.isOnce) {
    const run = await session.run(new AbortController().signal, listenerOf(talk))
    talk.answer(documentOf(run), () => screenOf(run, talk))
    return exitOf(run)
  }
  // Awaited here: the session must last as long as it is used.
  return await runAgainAndAgain(talk, session, resolve(options.folder))
}

async function runAgainAndAgain(
  talk: Talk,
  session: DevSession,
  folder: string,
): Promise<ExitCode> {
  const keyboard = process.stdin.isTTY ? process.stdin : undefined
  using wishes = watchFolder(folder, keyboard)
  const hint = keyboard === undefined ? '' : '; r runs it again, q quits'
  for (;;) {
    const leaving = new AbortController()
    const run = runAndShow(talk, session, leaving.signal)
    const wish = wishes.next()
    const first = await Promise.race([wish, run])
    if (first === undefined) talk.say(talk.aside.dim(`waiting for a change in src${hint}`))
    else leaving.abort()
    await run
    if ((await wish) === 'quit') return EXIT.done
  }
}

/** Whatever goes wrong is shown, and the next change is another try. */
async function runAndShow(
  talk: Talk,
  session: DevSession,
  signal: AbortSignal,
): Promise<undefined> {
  try {
    const run = await session.run(signal, listenerOf(talk))
    if (!signal.aborted) talk.event(documentOf(run), () => screenOf(run, talk))
  } catch (error) {
    const problem = problemOf(error)
    const document = { format: 'sallyport.plugin-dev/1', error: problemJson(problem) }
    if (talk.manner.isJson) talk.event(document, () => '')
    else process.stderr.write(`${problemScreen(problem, talk.aside)}\n`)
  }
}

function listenerOf(talk: Talk): DevListener {
  return {
    started: ({ name, version }, job) => {
      const what = [name, version].map(safeText).join(' ')
      talk.say(`${what} · ${safeText(job)} · development: no keys, no hub`)
    },
    progress: (text) => talk.say(`  ${safeText(text)}`),
    line: (text) => talk.say(talk.aside.dim(`  log  ${safeText(text)}`)),
  }
}

function documentOf({ manifest, digest, job, outcome, calls, ms }: DevRun): object {
  const { name, version } = manifest
  return {
    format: 'sallyport.plugin-dev/1',
    plugin: { name, version, digest },
    job,
    state: outcome.state,
    output: outcome.state === 'done' ? outcome.output : undefined,
    verification: outcome.state === 'done' ? outcome.verification : undefined,
    failure: outcome.state === 'failed' ? outcome.failure : undefined,
    refusal: outcome.state === 'refused' ? outcome.refusal : undefined,
    handles: calls.map(({ handle, kind, method, target, outcome: ended, message }) => {
      return { handle, kind, method, target, outcome: ended, message }
    }),
    ms,
  }
}

function screenOf(run: DevRun, talk: Talk): string {
  const { outcome, calls, ms } = run
  const { paint } = talk
  const state = outcome.state === 'done' ? paint.good('done') : paint.bad(outcome.state)
  return [
    ...callLines(calls, talk),
    `${state} in ${span(ms)}`,
    ...(outcome.state === 'done' ? ['', present(outcome.output, paint)] : []),
    ...(outcome.state === 'done' && outcome.verification !== undefined
      ? ['', verdictLine(outcome.verification, paint)]
      : []),
    ...(outcome.state === 'failed' ? [failureLine(outcome.failure, calls, paint)] : []),
    ...(outcome.state === 'refused'
      ? [`  ${outcome.refusal.reason}  ${safeText(JSON.stringify(outcome.refusal.details))}`]
      : []),
  ].join('\n')
}

/** What the job failed with; a denial that it died of is not written twice. */
function failureLine(
  { code, message }: { readonly code: string; readonly message: string },
  calls: readonly DevCall[],
  paint: Talk['paint'],
): string {
  const isShown = calls.some((call) => call.message === message)
  return `  ${isShown ? '' : `${safeText(message)}  `}${paint.dim(`(${safeText(code)})`)}`
}

/** A line for each thing that was touched, however often, and for what was denied also why. */
function callLines(calls: readonly DevCall[], { paint }: Talk): string[] {
  const lines = new Map<string, number>()
  for (const { handle, method, target, outcome, message } of calls) {
    const word = outcome === 'ok' ? 'used  ' : paint.bad(outcome.padEnd(6))
    const why = outcome === 'ok' || message === undefined ? '' : `\n          ${safeText(message)}`
    const line = `  ${word}  ${safeText(handle)}.${safeText(method)} ${safeText(target)}${why}`
    lines.set(line, (lines.get(line) ?? 0) + 1)
  }
  return [...lines].map(([line, times]) => (times === 1 ? line : `${line}  ×${times}`))
}

function exitOf({ outcome }: DevRun): ExitCode {
  if (outcome.state === 'refused') return EXIT.refused
  const isDone = outcome.state === 'done' && outcome.verification?.verdict !== 'contradicted'
  return isDone ? EXIT.done : EXIT.failed
}
