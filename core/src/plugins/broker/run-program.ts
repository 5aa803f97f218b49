// SPDX-License-Identifier: Apache-2.0
/** Runs one program in a process group of its own, within a time and an amount of output. */
import { spawn, type ChildProcess } from 'node:child_process'
import { closeSync, openSync } from 'node:fs'
import { CodedError, type ProgramResult } from '@sallyport/sdk'
import { withoutInherited } from '../descriptors.ts'

/** All a program finds in its environment. */
const ENVIRONMENT = { LC_ALL: 'C', PATH: '/usr/sbin:/usr/bin:/sbin:/bin' }

/** Time for output to arrive after the program has ended. */
const LINGER_MS = 200

/** A program to run. */
export interface ProgramRun {
  /** Resolved absolute path. */
  readonly program: string
  readonly args: readonly string[]
  readonly timeoutMs: number
  /** Bound of standard output and of standard error, each. */
  readonly maxOutputBytes: number
  readonly signal: AbortSignal
}

/**
 * Runs the program to its end.
 *
 * Trust: no shell, no input, no environment of this process. When it is over, or takes too long, prints too much or
 * is no longer wanted, the whole process group is killed.
 * Throws: ERR_PROGRAM_NOT_FOUND, ERR_LIMIT, and the reason of `signal`.
 */
export function runProgram(run: ProgramRun): Promise<ProgramResult> {
  const child = start(run)
  const outputs = [child.stdout!, child.stderr!].map((stream) => ({
    stream,
    chunks: [] as Buffer[],
    size: 0,
  }))
  return new Promise((resolve, reject) => {
    const stop = (error: Error): void => {
      finish()
      reject(error)
    }
    const onAbort = (): void => stop(run.signal.reason as Error)
    const timer = setTimeout(() => stop(limitError(run, `${run.timeoutMs} ms`)), run.timeoutMs)
    const finish = (): void => {
      clearTimeout(timer)
      run.signal.removeEventListener('abort', onAbort)
      killGroup(child)
      for (const { stream } of outputs) stream.destroy()
    }
    for (const output of outputs) {
      output.stream.on('error', () => undefined)
      output.stream.on('data', (chunk: Buffer) => {
        output.size += chunk.length
        if (output.size > run.maxOutputBytes) stop(limitError(run, `${run.maxOutputBytes} bytes`))
        else output.chunks.push(chunk)
      })
    }
    child.on('error', (error) => stop(startError(run, error)))
    child.on('exit', (exitCode, signal) => {
      const [stdout, stderr] = outputs
      const done = (): void => {
        finish()
        resolve({
          exitCode,
          signal,
          stdout: textOf(stdout!.chunks),
          stderr: textOf(stderr!.chunks),
        })
      }
      const linger = setTimeout(done, LINGER_MS)
      child.on('close', () => {
        clearTimeout(linger)
        done()
      })
    })
    run.signal.addEventListener('abort', onAbort, { once: true })
    if (run.signal.aborted) onAbort()
  })
}

function start({ program, args }: ProgramRun): ChildProcess {
  const blank = openSync('/dev/null', 'r+')
  try {
    const stdio = withoutInherited(['ignore', 'pipe', 'pipe'], blank)
    return spawn(program, args, { cwd: '/', env: ENVIRONMENT, detached: true, stdio })
  } finally {
    closeSync(blank)
  }
}

/** `detached` made the program the leader of its group, so the group has its number. */
function killGroup(child: ChildProcess): void {
  if (child.pid === undefined) return
  try {
    process.kill(-child.pid, 'SIGKILL')
  } catch {
    // Nobody is left in it.
  }
}

function textOf(chunks: readonly Buffer[]): string {
  return new TextDecoder().decode(Buffer.concat(chunks))
}

function limitError(run: ProgramRun, limit: string): CodedError {
  return new CodedError('ERR_LIMIT', `${run.program} went over ${limit}`)
}

function startError(run: ProgramRun, cause: Error): CodedError {
  const message = `${run.program} does not start: ${(cause as { code?: string }).code ?? 'unknown'}`
  return new CodedError('ERR_PROGRAM_NOT_FOUND', message, { cause })
}
