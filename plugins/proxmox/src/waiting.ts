// SPDX-License-Identifier: GPL-3.0-or-later
/** Waits for something to be seen, looking now and then. */
import { setTimeout as delay } from 'node:timers/promises'

const FIRST_WAIT_MS = 200
const MAX_WAIT_MS = 5_000

/**
 * Looks until there is something to see, and returns it; undefined when the time is over.
 *
 * Time: looks every 0.2 to 5 seconds.
 * Throws: what `look` throws, and the signal's reason.
 */
export async function until<T>(
  look: () => Promise<T | undefined>,
  within: { readonly withinMs: number; readonly signal: AbortSignal },
): Promise<T | undefined> {
  const endsAtMs = Date.now() + within.withinMs
  for (let waitMs = FIRST_WAIT_MS; ; waitMs = Math.min(waitMs * 1.5, MAX_WAIT_MS)) {
    const seen = await look()
    if (seen !== undefined) return seen
    const leftMs = endsAtMs - Date.now()
    if (leftMs <= 0) return undefined
    await delay(Math.min(waitMs, leftMs), undefined, { signal: within.signal })
  }
}
