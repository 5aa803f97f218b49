// SPDX-License-Identifier: Apache-2.0
/** One line for what a loop met and goes on after. */
import { isCodedError } from '@sallyport/sdk'
import type { Logger } from 'pino'

/** Says what went wrong with the hub or the journal. */
export function logTrouble(log: Logger, error: unknown): void {
  const code = isCodedError(error) ? error.code : 'ERR_INTERNAL'
  const message = error instanceof Error ? error.message : String(error)
  log.warn(
    { code, message, ...(code === 'ERR_INTERNAL' && { err: error }) },
    'hub or journal trouble',
  )
}
