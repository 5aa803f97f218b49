// SPDX-License-Identifier: Apache-2.0
/** Shows what a command waits for, once it has waited for a second and only on a terminal. */
import type { Talk } from './talk.ts'
import { span } from './words.ts'

const PATIENCE_MS = 1_000
const UPDATE_MS = 1_000

/** Exit codes of a process that a signal ended: 128 plus the signal's number, as shells have it. */
const INTERRUPTED = 130

/** Something that is being waited for; its text may change on the way. */
export interface Wait {
  now(text: string): void
}

/**
 * Runs `task` and, when it takes longer than a second, shows what is being waited for and for how long.
 *
 * Why: nothing is shown where nobody looks: not under `--json` or `--quiet`, not into a file.
 */
export async function waiting<T>(
  talk: Talk,
  text: string,
  task: (wait: Wait) => Promise<T>,
): Promise<T> {
  const { isJson, isQuiet } = talk.manner
  if (isJson || isQuiet || !process.stderr.isTTY) return task({ now: () => undefined })
  const startedMs = performance.now()
  let shown = text
  const over = new AbortController()
  const line = () => `${shown} (${span(performance.now() - startedMs)})`
  const timer = setTimeout(() => void showSpinner(line, over.signal), PATIENCE_MS)
  try {
    return await task({ now: (next) => void (shown = next) })
  } finally {
    clearTimeout(timer)
    over.abort()
  }
}

async function showSpinner(line: () => string, over: AbortSignal): Promise<void> {
  const { default: yoctoSpinner } = await import('yocto-spinner')
  if (over.aborted) return
  const spinner = yoctoSpinner({ text: line(), stream: process.stderr, handleSignals: false })
  const timer = setInterval(() => void (spinner.text = line()), UPDATE_MS)
  const interrupt = () => process.exit(INTERRUPTED)
  const stop = () => {
    clearInterval(timer)
    spinner.stop()
    process.off('exit', stop)
    process.off('SIGINT', interrupt)
  }
  // The cursor is hidden while it turns, so it is stopped on every way out.
  process.once('exit', stop)
  if (process.listenerCount('SIGINT') === 0) process.once('SIGINT', interrupt)
  over.addEventListener('abort', stop, { once: true })
  spinner.start()
}
