// SPDX-License-Identifier: Apache-2.0
/** Starts `sallyport hub start` or `sallyport agent start` and waits for the line with which it says so. */
import { spawn } from 'node:child_process'
import { tmpdir } from 'node:os'
import { commandLine } from '../../../test/support/programs.ts'

/** A program in the background. */
export interface Background extends AsyncDisposable {
  readonly pid: number
  readonly started: Record<string, string>
}

const DEADLINE_MS = 30_000

/** Starts it. Throws with everything it printed when it does not come up. */
export async function startInBackground(
  args: readonly string[],
  env: Readonly<Record<string, string>>,
): Promise<Background> {
  const { PATH = '', HOME = '' } = process.env
  const child = spawn(process.execPath, await commandLine(args), {
    cwd: tmpdir(),
    env: { PATH, HOME, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const ended = new Promise<void>((done) => child.once('exit', () => done()))
  const started = await new Promise<Record<string, string>>((done, fail) => {
    let printed = ''
    const timer = setTimeout(() => fail(new Error(`it did not start: ${printed}`)), DEADLINE_MS)
    const hear = (text: string) => {
      printed += text
      const line = printed.split('\n').find((each) => /^\{"event":"\w+\.started"/.test(each))
      if (line === undefined) return
      clearTimeout(timer)
      done(JSON.parse(line) as Record<string, string>)
    }
    child.stdout.setEncoding('utf8').on('data', hear)
    child.stderr.setEncoding('utf8').on('data', hear)
    child.once('exit', () => fail(new Error(`it ended: ${printed}`)))
  })
  return {
    pid: child.pid!,
    started,
    async [Symbol.asyncDispose]() {
      child.kill('SIGTERM')
      await ended
    },
  }
}
