// SPDX-License-Identifier: Apache-2.0
/** Every way in which the hub says no: one table of codes and statuses, one shape of answer. */
import type { ErrorBody } from '@sallyport/core/transport'
import { isCodedError } from '@sallyport/sdk'

/** Status of each code that may leave the hub. A code that is not here leaves as ERR_INTERNAL. */
const STATUSES: ReadonlyMap<string, number> = new Map([
  ['ERR_REQUEST_FORM', 400],
  ['ERR_JSON_FORM', 400],
  ['ERR_JSON_DUPLICATE_KEY', 400],
  ['ERR_CURSOR', 400],
  ['ERR_KEY_FORM', 400],
  ['ERR_KEY_WEAK', 400],
  ['ERR_CODE_LIFETIME', 400],
  ['ERR_ENVELOPE_EXPIRED', 400],
  ['ERR_BUNDLE_DIGEST', 400],
  ['ERR_AUDIT_HEAD', 400],
  ['ERR_POSTING_LIFETIME', 400],
  ['ERR_HTTP', 400],
  ['ERR_SESSION', 401],
  ['ERR_SESSION_PROOF', 401],
  ['ERR_DPOP_PROOF', 401],
  ['ERR_DPOP_NONCE', 401],
  ['ERR_ROLE', 403],
  ['ERR_POSSESSION', 403],
  ['ERR_CONFIRM_CODE', 403],
  ['ERR_AGENT_REVOKED', 403],
  ['ERR_AGENT_TWINS', 403],
  ['ERR_ROUTE_UNKNOWN', 404],
  ['ERR_CODE_REFUSED', 404],
  ['ERR_AGENT_UNKNOWN', 404],
  ['ERR_ENVELOPE_UNKNOWN', 404],
  ['ERR_BUNDLE_UNKNOWN', 404],
  ['ERR_REQUEST_TIMEOUT', 408],
  ['ERR_AGENT_EXISTS', 409],
  ['ERR_AGENT_STANDING', 409],
  ['ERR_ENROLMENT_WAITING', 409],
  ['ERR_CODE_CONFLICT', 409],
  ['ERR_ENVELOPE_CONFLICT', 409],
  ['ERR_ALREADY_ANSWERED', 409],
  ['ERR_BUNDLE_QUOTA', 409],
  ['ERR_ROOT_REFUSED', 409],
  ['ERR_ROOT_CONFLICT', 409],
  ['ERR_OPERATOR_KEY', 409],
  ['ERR_POSTING_CONFLICT', 409],
  ['ERR_AUDIT_BEHIND', 409],
  ['ERR_AUDIT_FORK', 409],
  ['ERR_AUDIT_GAP', 409],
  ['ERR_AUDIT_SEGMENT', 409],
  ['ERR_AUDIT_QUOTA', 409],
  ['ERR_JSON_SIZE', 413],
  ['ERR_BODY_SIZE', 413],
  ['ERR_MEDIA_TYPE', 415],
  ['ERR_QUARANTINED', 403],
  ['ERR_QUEUE_FULL', 429],
  ['ERR_RATE_LIMITED', 429],
  ['ERR_LOCKED_OUT', 429],
  ['ERR_TOO_MANY_WAITS', 429],
  ['ERR_POSTING_QUOTA', 429],
  ['ERR_HEADERS_SIZE', 431],
  ['ERR_INTERNAL', 500],
  ['ERR_DRAINING', 503],
  ['ERR_EPOCH_UNCONFIRMED', 503],
  ['ERR_NOT_READY', 503],
  ['ERR_STORE_AWAY', 503],
  ['ERR_DEADLINE', 503],
  ['ERR_BUSY', 503],
])

/** What the HTTP library calls the faults that are the client's. */
const LIBRARY_CODES: ReadonlyMap<string, [code: string, message: string]> = new Map([
  ['FST_ERR_CTP_BODY_TOO_LARGE', ['ERR_BODY_SIZE', 'the request is too large']],
  ['FST_ERR_CTP_INVALID_MEDIA_TYPE', ['ERR_MEDIA_TYPE', 'the media type is not taken here']],
  ['FST_ERR_CTP_INVALID_CONTENT_LENGTH', ['ERR_HTTP', 'the request has not the length it says']],
  ['FST_ERR_BAD_URL', ['ERR_HTTP', 'the path is not a path']],
  ['FST_ERR_MAX_PARAM_LENGTH', ['ERR_HTTP', 'a part of the path is too long']],
  ['FST_ERR_HANDLER_TIMEOUT', ['ERR_DEADLINE', 'the hub did not get to this request in time']],
  ['HPE_HEADER_OVERFLOW', ['ERR_HEADERS_SIZE', 'the headers are too large']],
  ['ERR_HTTP_REQUEST_TIMEOUT', ['ERR_REQUEST_TIMEOUT', 'the request did not come in time']],
])

const MAX_MESSAGE_LENGTH = 1_024
const SECOND_MS = 1_000

/** An error as it leaves the hub. */
export interface ErrorAnswer {
  readonly status: number
  readonly body: ErrorBody
  /** More about it, for the hub's own log. */
  readonly why: string
  /** When the same request may succeed, where that is known. */
  readonly retryAfterSeconds: number | undefined
}

/** Whether the error is one that a client may be told. */
export function isTellable(error: unknown): boolean {
  return tellable(error) !== undefined
}

/** Turns whatever was thrown into an answer that tells nothing but what the table allows. */
export function answerOf(error: unknown, correlationId: string): ErrorAnswer {
  const [code, message] = tellable(error) ?? [
    'ERR_INTERNAL',
    'the hub could not do this; its log has more under the correlation id',
  ]
  const body = { code, correlationId }
  const status = STATUSES.get(code) ?? 500
  return { status, body, why: printable(message), retryAfterSeconds: retryAfterOf(error) }
}

function retryAfterOf(error: unknown): number | undefined {
  const { details } = error as { details?: { retryAfterMs?: unknown } }
  const ms = details?.retryAfterMs
  return typeof ms === 'number' ? Math.max(1, Math.ceil(ms / SECOND_MS)) : undefined
}

function tellable(error: unknown): [code: string, message: string] | undefined {
  if (!isCodedError(error)) return undefined
  const named = LIBRARY_CODES.get(error.code)
  if (named !== undefined) return named
  if (STATUSES.has(error.code)) return [error.code, error.message]
  const isClientFault = error.code.startsWith('HPE_') || error.code.startsWith('FST_ERR_CTP_')
  return isClientFault ? ['ERR_HTTP', 'this is not an HTTP request that the hub takes'] : undefined
}

/** Messages may quote what a client sent. */
function printable(message: string): string {
  return message.replaceAll(/[^\x20-\x7e]/g, '?').slice(0, MAX_MESSAGE_LENGTH)
}
