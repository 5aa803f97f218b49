// SPDX-License-Identifier: Apache-2.0
/** Due times of a schedule that are refused one after the other for one reason: the first is on record, the rest are counted. */
import type { RefusalReason } from '../protocol/index.ts'
import type { RefusedTimes } from './ports.ts'

/** So often a refusal that goes on is on record, and reported, again. */
export const REPEATS_RECORDED_EVERY_MS = 3_600_000

/**
 * What is kept of one more refusal that is only counted; undefined for one that goes on record.
 *
 * Time: a clock that went back before the last one on record puts this one on record.
 */
export function countedRefusal(
  held: RefusedTimes | null,
  reason: RefusalReason,
  nowMs: number,
): RefusedTimes | undefined {
  if (held?.reason !== reason) return undefined
  const sinceMs = nowMs - held.recordedAtMs
  const isSoon = sinceMs >= 0 && sinceMs < REPEATS_RECORDED_EVERY_MS
  return isSoon ? { ...held, count: held.count + 1 } : undefined
}
