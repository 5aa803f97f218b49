// SPDX-License-Identifier: Apache-2.0
/** The answer of one check: a value, or the refusal. */
import { isCodedError } from '@sallyport/sdk'
import type { Refusal, RefusalReason } from '../protocol/index.ts'

/** What a check returns. */
export type Checked<T> = { ok: true; value: T } | { ok: false; refusal: Refusal }

/** Passes a check. */
export function pass<T>(value: T): Checked<T> {
  return { ok: true, value }
}

/** Fails a check with its reason. */
export function refuse(
  reason: RefusalReason,
  details: Readonly<Record<string, unknown>> = {},
): { ok: false; refusal: Refusal } {
  return { ok: false, refusal: { reason, details } }
}

/**
 * Asks a port. A port that cannot answer is a refusal: nothing runs on an unreadable store.
 *
 * Trust: fails closed.
 */
export function ask<T>(question: () => T): Checked<T> {
  try {
    return pass(question())
  } catch (error) {
    return refuse('store_unavailable', { code: isCodedError(error) ? error.code : 'unknown' })
  }
}
