// SPDX-License-Identifier: Apache-2.0
/** What whoever asked is told when the store cannot be reached. */
import { CodedError, isCodedError } from '@sallyport/sdk'

/** The error, around what was behind it. */
export function storeAway(cause: unknown): CodedError {
  if (isCodedError(cause) && cause.code === 'ERR_STORE_AWAY') return cause as CodedError
  return new CodedError('ERR_STORE_AWAY', 'the store of the hub does not answer', { cause })
}
