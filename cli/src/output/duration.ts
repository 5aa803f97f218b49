// SPDX-License-Identifier: Apache-2.0
/** Spans of time as people type them: `90s`, `10m`, `12h`, `365d`. */
import { EXIT } from './exit-codes.ts'
import { Problem } from './problem.ts'

const UNIT_MS: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
}

/** The milliseconds of a typed span. Throws: ERR_USAGE. */
export function parseDuration(flag: string, text: string): number {
  const [, digits = '', unit = ''] = /^(\d{1,9})(ms|s|m|h|d)$/.exec(text) ?? []
  const ms = Number(digits) * (UNIT_MS[unit] ?? Number.NaN)
  if (Number.isSafeInteger(ms) && ms > 0) return ms
  throw new Problem('ERR_USAGE', `--${flag} ${JSON.stringify(text)} is not a span of time`, {
    exit: EXIT.usage,
    unharmed: 'Nothing was done.',
    remedy: 'Write a number and its unit: 90s, 10m, 12h or 365d.',
  })
}
