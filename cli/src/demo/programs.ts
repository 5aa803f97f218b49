// SPDX-License-Identifier: Apache-2.0
/** Hub and agent as real processes, started as `sallyport hub start` and `sallyport agent start` start them. */
import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { openSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { launchOf } from '../launch/become-program.ts'
import type { ProgramName } from '../launch/become-program.ts'
import { EXIT } from '../output/exit-codes.ts'
import { Problem } from '../output/problem.ts'

const START_DEADLINE_MS = 15_000
const STOP_DEADLINE_MS = 5_000
const LOOK_EVERY_MS = 20

/** A program that said it has started. */
export interface RunningProgram {
  readonly name: string
  readonly pid: number
  /** File with everything it printed. */
  readonly log: string
  /** The line with which it said so. */
  readonly started: Readonly<Record<string, unknown>>
  /** Asks it to stop and waits; ends it by force when it does not. */
  stop(): Promise<void>
  /** Lets this process end while the program goes on. */
  release(): void
  /** Ends it at once. For the way out of a process that cannot wait. */
  kill(): void
}

/** What is started. */
export interface ProgramRequest {
  readonly name: string
  readonly program: ProgramName
  readonly args: readonly string[]
  /** Folder for its log. */
  readonly folder: string
  /** Event with which it says that it has started. */
  readonly event: string
}

/**
 * Starts a program and waits until it says so.
 *
 * Why: its output goes to a file, so that it can outlive this process, and in a group of its own, so that Ctrl-C
 * reaches this process alone, which then stops it in order.
 * Throws: ERR_PROGRAM_START with its last words.
 */
export async function startProgram(request: ProgramRequest): Promise<RunningProgram> {
  const { name, program, args, folder } = request
  const log = join(folder, `${name}.log`)
  const output = openSync(log, 'a', 0o600)
  const skipped = (await readFile(log)).length
  const launch = launchOf(program, args)
  const child = spawn(launch.file, launch.args, {
    env: launch.env,
    stdio: ['ignore', output, output],
    detached: true,
  })
  const running = {
    name,
    pid: child.pid ?? 0,
    log,
    stop: () => stop(child),
    release: () => child.unref(),
    kill: () => kill(child),
  }
  const started = await waitForEvent(child, { ...request, log, skipped }).catch(
    (error: unknown) => {
      kill(child)
      throw error
    },
  )
  return { ...running, started }
}

async function waitForEvent(
  child: ChildProcess,
  { log, event, name, skipped }: ProgramRequest & { log: string; skipped: number },
): Promise<Readonly<Record<string, unknown>>> {
  const untilMs = performance.now() + START_DEADLINE_MS
  for (;;) {
    const isOver = child.exitCode !== null || performance.now() > untilMs
    const lines = (await readFile(log)).subarray(skipped).toString('utf8').split('\n')
    const said = lines.find((line) => line.startsWith(`{"event":"${event}"`))
    if (said !== undefined) return parsed(said)
    if (isOver) throw notStarted(name, log, lines)
    await sleep(LOOK_EVERY_MS)
  }
}

/** The programs print one flat object; a regular expression is enough, and nothing of it is believed. */
function parsed(line: string): Readonly<Record<string, unknown>> {
  return Object.fromEntries(
    [...line.matchAll(/"(\w+)":"([^"\\]*)"/g)].map(([, key, value]) => [key!, value]),
  )
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const ended = new Promise((resolve) => child.once('exit', resolve))
  child.kill('SIGTERM')
  const force = setTimeout(() => child.kill('SIGKILL'), STOP_DEADLINE_MS)
  await ended
  clearTimeout(force)
}

function kill(child: ChildProcess): void {
  if (child.exitCode === null && child.signalCode === null) child.kill('SIGKILL')
}

function notStarted(name: string, log: string, lines: readonly string[]): Problem {
  const said = lines.filter((line) => line !== '').at(-1)
  return new Problem('ERR_PROGRAM_START', `the ${name} did not start`, {
    exit: EXIT.failed,
    details: { log, said },
    unharmed: 'Everything that was started has been stopped.',
    remedy: 'See what is wrong on this machine:',
    commands: ['sallyport doctor'],
  })
}
