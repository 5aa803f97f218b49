// SPDX-License-Identifier: Apache-2.0
/** An answer that is no success, as an error. */
import { CodedError } from './errors.ts'

const MAX_REASON_LENGTH = 500

/** Says which request was answered how; `said` is what the service wrote about it. */
export function statusError(
  request: { readonly method: string; readonly path: string },
  answer: { readonly status: number; readonly statusText: string },
  said: unknown = undefined,
): CodedError<'ERR_ENDPOINT_STATUS'> {
  const { status, statusText } = answer
  const reason = statusText === '' ? '' : ` ${statusText.slice(0, MAX_REASON_LENGTH)}`
  return new CodedError(
    'ERR_ENDPOINT_STATUS',
    `${request.method} ${request.path} was answered ${status}${reason}`,
    { details: { status, ...(said !== undefined && { said }) } },
  )
}
