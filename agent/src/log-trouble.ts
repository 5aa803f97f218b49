// SPDX-License-Identifier: Apache-2.0
/** One line for what a loop met and goes on after. */
import { hubRefusalOf, isStop } from '@sallyport/core/transport'
import { isCodedError } from '@sallyport/sdk'
import type { Logger } from 'pino'

/** Says what went wrong with the hub or the journal. */
export function logTrouble(log: Logger, error: unknown): void {
  if (isStop(error)) return logStop(log, error)
  const code = isCodedError(error) ? error.code : 'ERR_INTERNAL'
  const message = error instanceof Error ? error.message : String(error)
  log.warn(
    { code, message, ...(code === 'ERR_INTERNAL' && { err: error }) },
    'hub or journal trouble',
  )
}

function logStop(log: Logger, error: unknown): void {
  const code = hubRefusalOf(error)?.code
  const remedy =
    code === 'ERR_AGENT_TWINS'
      ? 'another program runs with the identity of this agent: stop one and remove its state directory, then: sallyport agent release <name>'
      : 'an operator sent this agent away: sallyport agent code <name>, then here: sallyport agent enrol <code> --anew'
  log.error({ code, remedy }, 'the hub serves this agent no more')
}
