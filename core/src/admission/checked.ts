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

/** Reasons that are about this agent and not about what was checked; no other reason may hide them. */
const OWN_REASONS: readonly RefusalReason[] = ['store_unavailable', 'clock_untrusted']

/** Fails a check because another one failed, whose reason becomes the why. */
export function because(
  reason: RefusalReason,
  cause: Refusal,
  details: Readonly<Record<string, unknown>> = {},
): { ok: false; refusal: Refusal } {
  if (OWN_REASONS.includes(cause.reason)) return { ok: false, refusal: cause }
  return refuse(reason, { ...details, why: cause.reason })
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
