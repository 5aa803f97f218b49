// SPDX-License-Identifier: Apache-2.0
/** Hub, agent and command line as real processes, the way a person runs them. */
import { spawn, type ChildProcess } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { compiledProgram } from './compiled-programs.ts'

export const ROOT = resolve(import.meta.dirname, '../..')
/** Those of the launcher, but for the system's certificates: to read them takes a fifth of a start, and tests bring their own. */
const FLAGS = ['--conditions=@sallyport/source', '--disable-warning=ExperimentalWarning']
/** Long, for machines on which much else runs. */
const READY_MS = 60_000
const MAX_OUTPUT = 1_000_000

/** A finished command. */
export interface Finished {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

/** A program that goes on running until it is stopped. */
export interface Running extends AsyncDisposable {
  readonly pid: number
  readonly child: ChildProcess
  /** The first line on its standard output, parsed. */
  readonly ready: Readonly<Record<string, unknown>>
  output(): { stdout: string; stderr: string }
  /** Sends the signal and resolves when the process is gone. */
  end(signal?: NodeJS.Signals): Promise<void>
}

/** A temporary folder that goes away with its scope. */
export async function temporaryFolder(): Promise<AsyncDisposable & { path: string }> {
  const path = await mkdtemp(join(tmpdir(), 'sallyport-test-'))
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) }
}

/** What Node is given to run `sallyport …`, as the launcher does it. */
export async function commandLine(args: readonly string[]): Promise<string[]> {
  return [...FLAGS, await compiledProgram('sallyport'), ...args]
}

/** Runs `sallyport …` to its end. */
export async function sallyport(
  args: readonly string[],
  options: { home: string; input?: string; env?: Record<string, string>; timeoutMs?: number },
): Promise<Finished> {
  const child = spawn(process.execPath, await commandLine(args), {
    env: environment(options.home, options.env),
    stdio: ['pipe', 'pipe', 'pipe'],
  })
  child.stdin.end(options.input ?? '')
  const output = collect(child)
  const timer = setTimeout(() => child.kill('SIGKILL'), options.timeoutMs ?? 60_000)
  const code = await new Promise<number | null>((done) => child.on('close', done))
  clearTimeout(timer)
  return { code, ...output() }
}

/** Runs `sallyport … --json`, expects success and returns the one document it printed. */
export async function sallyportJson<T = Record<string, unknown>>(
  args: readonly string[],
  options: Parameters<typeof sallyport>[1],
): Promise<T> {
  const finished = await sallyport([...args, '--json'], options)
  if (finished.code !== 0) {
    throw new Error(
      `sallyport ${args.join(' ')} ended with ${finished.code}\n${finished.stdout}\n${finished.stderr}`,
    )
  }
  return JSON.parse(finished.stdout) as T
}

/** Starts `sallyport hub start` or `sallyport agent start` and waits for its first line. */
export async function start(args: readonly string[], options: StartOptions): Promise<Running> {
  return startProgram(process.execPath, await commandLine(args), options)
}

/** Starts the program of a package by its main file, as `sallyport … start` does in the end. */
export async function startMain(
  program: 'hub' | 'agent',
  args: readonly string[],
  options: StartOptions,
): Promise<Running> {
  const { imports } = options
  const main = imports ? join(ROOT, program, 'src/main.ts') : await compiledProgram(program)
  const flags = ['--disable-sigusr1', ...FLAGS, ...(imports ?? []).map((url) => `--import=${url}`)]
  return startProgram(process.execPath, [...flags, main, ...args], options)
}

interface StartOptions {
  readonly home: string
  readonly env?: Record<string, string>
  /** A program to run it under, with its arguments: `['faketime', '-f', '-2h']`. */
  readonly under?: readonly string[]
  /** Modules that are loaded before it, where it is started by its main file; then it runs from its sources. */
  readonly imports?: readonly string[]
}

async function startProgram(
  program: string,
  args: readonly string[],
  options: StartOptions,
): Promise<Running> {
  const [file, ...rest] = [...(options.under ?? []), program, ...args]
  const child = spawn(file!, rest, {
    env: environment(options.home, options.env),
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const output = collect(child)
  const gone = new Promise<void>((done) => child.on('exit', () => done()))
  const end = async (signal: NodeJS.Signals = 'SIGTERM'): Promise<void> => {
    if (child.exitCode === null && child.signalCode === null) child.kill(signal)
    await gone
  }
  const ready = await firstLine(child, output)
  return { pid: child.pid!, child, ready, output, end, [Symbol.asyncDispose]: () => end('SIGKILL') }
}

/** Why a cache: each home is a new one, and to compile everything anew takes longer than most commands. */
function environment(home: string, extra: Record<string, string> = {}): Record<string, string> {
  const { PATH = '', NODE_COMPILE_CACHE = '' } = process.env
  const cache = { NODE_COMPILE_CACHE, XDG_CACHE_HOME: dirname(NODE_COMPILE_CACHE) }
  return { PATH, HOME: home, SALLYPORT_HOME: home, ...cache, ...extra }
}

function collect(child: ChildProcess): () => { stdout: string; stderr: string } {
  let stdout = ''
  let stderr = ''
  child.stdout!.setEncoding('utf8').on('data', (text: string) => {
    stdout = (stdout + text).slice(-MAX_OUTPUT)
  })
  child.stderr!.setEncoding('utf8').on('data', (text: string) => {
    stderr = (stderr + text).slice(-MAX_OUTPUT)
  })
  return () => ({ stdout, stderr })
}

async function firstLine(
  child: ChildProcess,
  output: () => { stdout: string; stderr: string },
): Promise<Record<string, unknown>> {
  const deadline = Date.now() + READY_MS
  while (Date.now() < deadline) {
    const end = output().stdout.indexOf('\n')
    if (end >= 0) return JSON.parse(output().stdout.slice(0, end)) as Record<string, unknown>
    if (child.exitCode !== null) break
    await new Promise((done) => setTimeout(done, 10))
  }
  child.kill('SIGKILL')
  throw new Error(`the program did not become ready:\n${output().stdout}\n${output().stderr}`)
}
