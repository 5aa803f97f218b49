// SPDX-License-Identifier: Apache-2.0
/** What can go wrong between a program and its hub, as codes. */
import { CodedError, isCodedError } from '@sallyport/sdk'

/** Codes of the client half. */
export type TransportErrorCode =
  | 'ERR_HUB_ADDRESS'
  | 'ERR_HUB_UNREACHABLE'
  | 'ERR_HUB_TIMEOUT'
  | 'ERR_HUB_ANSWER_SIZE'
  | 'ERR_HUB_ANSWER_FORM'
  | 'ERR_HUB_REFUSED'

/**
 * The hub said no.
 *
 * Shape: `details` has `status`, `code` and `correlationId`, in which the hub's log is searched.
 */
export interface HubRefusal {
  readonly status: number
  readonly code: string
  readonly correlationId: string
  /** How long the hub wants to be left alone, if it said so. */
  readonly retryAfterMs?: number | undefined
}

/** A hub that is not believed keeps nobody away for longer. */
const LONGEST_RETRY_AFTER_MS = 300_000

/** The refusal in an ERR_HUB_REFUSED, or undefined for any other error. */
export function hubRefusalOf(error: unknown): HubRefusal | undefined {
  if (!isCodedError(error) || error.code !== 'ERR_HUB_REFUSED') return undefined
  return (error as unknown as { details: HubRefusal }).details
}

/** How long a hub that said no wants to be left alone; 0 when it did not say, five minutes at most. */
export function retryAfterMsOf(error: unknown): number {
  return Math.min(hubRefusalOf(error)?.retryAfterMs ?? 0, LONGEST_RETRY_AFTER_MS)
}

/** Whether the same request may succeed a little later without anyone doing anything. */
export function isPassing(error: unknown): boolean {
  if (!isCodedError(error)) return false
  if (error.code === 'ERR_HUB_UNREACHABLE' || error.code === 'ERR_HUB_TIMEOUT') return true
  const status = hubRefusalOf(error)?.status ?? 0
  return status === 408 || status === 429 || status >= 500
}

/** Turns what the HTTP library threw into one of our codes. */
export function faultOf(error: unknown, deadlinePassed: boolean): CodedError<TransportErrorCode> {
  if (deadlinePassed) {
    return new CodedError('ERR_HUB_TIMEOUT', 'the hub did not answer in time', { cause: error })
  }
  if (isCodedError(error) && error.code.startsWith('ERR_HUB_')) {
    return error as CodedError<TransportErrorCode>
  }
  const reason = codeOf(error)
  const [code, message] = kindOf(reason)
  return new CodedError(code, message, { details: { reason }, cause: error })
}

function kindOf(reason: string): [TransportErrorCode, string] {
  if (reason === 'UND_ERR_HEADERS_OVERFLOW') {
    return ['ERR_HUB_ANSWER_SIZE', 'the headers of the hub are too large']
  }
  if (reason.startsWith('HPE_') || reason === 'UND_ERR_RES_CONTENT_LENGTH_MISMATCH') {
    return ['ERR_HUB_ANSWER_FORM', 'the answer of the hub is not HTTP']
  }
  if (reason === 'UND_ERR_CONNECT_TIMEOUT')
    return ['ERR_HUB_TIMEOUT', 'the hub cannot be reached in time']
  return ['ERR_HUB_UNREACHABLE', `the hub cannot be reached (${reason})`]
}

/** The first code in the chain of causes. Several addresses tried at once give an aggregate. */
function codeOf(error: unknown): string {
  for (let at = error, depth = 0; typeof at === 'object' && at !== null && depth < 5; depth += 1) {
    if ('code' in at && typeof at.code === 'string' && at.code !== '') return at.code
    if ('errors' in at && Array.isArray(at.errors)) at = at.errors[0]
    else at = 'cause' in at ? at.cause : undefined
  }
  return 'unknown'
}
