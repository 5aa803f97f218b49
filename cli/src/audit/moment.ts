// SPDX-License-Identifier: Apache-2.0
/** A point in time as people type it: so long ago, or a date with or without its time. */
import { parseDuration } from '../output/duration.ts'
import { EXIT } from '../output/exit-codes.ts'
import { Problem } from '../output/problem.ts'

const SPAN = /^\d+(ms|s|m|h|d)$/
const INSTANT = /^\d{4}-\d{2}-\d{2}(T\d{2}:\d{2}(:\d{2}(\.\d{1,9})?)?(Z|[+-]\d{2}:\d{2}))?$/

/** The moment that was typed; a date alone is its first instant in UTC. Units: epoch milliseconds. Throws: ERR_USAGE. */
export function momentOf(flag: string, typed: string, nowMs: number): number {
  if (SPAN.test(typed)) return nowMs - parseDuration(flag, typed)
  const ms = INSTANT.test(typed) ? Date.parse(typed) : Number.NaN
  if (!Number.isNaN(ms)) return ms
  throw new Problem('ERR_USAGE', `--${flag} ${JSON.stringify(typed)} is no time`, {
    exit: EXIT.usage,
    unharmed: 'Nothing was done.',
    remedy: 'Write how long ago, as 1h or 7d, or a time as 2026-11-22T08:00:00Z.',
  })
}
