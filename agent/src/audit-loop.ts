// SPDX-License-Identifier: Apache-2.0
/** Keeps the hub's witness up to date: its own head first, then what is new, at most once a second, and before the end. */
import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Witnessing } from '@sallyport/core/runner'
import { retryAfterMsOf, type BackOff } from '@sallyport/core/transport'

/** What the loop is made of. */
export interface AuditLoopParts {
  readonly witnessing: Pick<Witnessing, 'checkOwn' | 'show' | 'isBehind'>
  /** Moves old entries out of the database, one file of them; says how many. */
  rotate(): number
  readonly backOff: BackOff
  /** Told of every failed attempt; must not throw. */
  onError(error: unknown): void
  /** Units: milliseconds. */
  readonly everyMs?: number
  /** Time for the last entries when the agent stops. Units: milliseconds. */
  readonly graceMs?: number
}

/** A loop that runs until it is disposed. */
export interface AuditLoop extends AsyncDisposable {
  /** Resolves once the hub's head of this agent is compared with its log; rejects when `signal` ends first. */
  checked(signal: AbortSignal): Promise<void>
}

const EVERY_MS = 1_000
const GRACE_MS = 2_000

/** Starts the loop. Why no job before it has checked: the memory may have been set back, and would take jobs again. */
export function openAuditLoop(parts: AuditLoopParts): AuditLoop {
  const stop = new AbortController()
  const first = new AbortController()
  const running = run(parts, () => first.abort(), stop.signal)
  return {
    async checked(signal) {
      const either = AbortSignal.any([first.signal, signal])
      if (!either.aborted) await once(either, 'abort')
      if (!first.signal.aborted) signal.throwIfAborted()
    },
    async [Symbol.asyncDispose]() {
      stop.abort()
      await running
      await Promise.race([attempt(parts), sleep(parts.graceMs ?? GRACE_MS)])
    },
  }
}

async function run(
  parts: AuditLoopParts,
  onChecked: () => void,
  signal: AbortSignal,
): Promise<void> {
  const { witnessing, backOff, everyMs = EVERY_MS } = parts
  let isChecked = false
  while (!signal.aborted) {
    try {
      if (!isChecked) await witnessing.checkOwn()
      if (!isChecked) onChecked()
      isChecked = true
      if (witnessing.isBehind) await witnessing.show()
      // Why one file at a time: jobs wait while it is written.
      parts.rotate()
      backOff.reset()
      await pause(everyMs, signal)
    } catch (error) {
      parts.onError(error)
      await pause(backOff.nextMs(retryAfterMsOf(error)), signal)
    }
  }
}

/** The last attempt: what it cannot show is shown after the next start. */
async function attempt({ witnessing }: AuditLoopParts): Promise<void> {
  try {
    if (witnessing.isBehind) await witnessing.show()
  } catch {
    // The hub is away, or the database is closed already.
  }
}

async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await sleep(ms, undefined, { signal }).catch(() => {})
}
