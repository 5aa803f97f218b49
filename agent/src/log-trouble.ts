// SPDX-License-Identifier: Apache-2.0
/** One line for what a loop met and goes on after. */
import { hubRefusalOf, isStop } from '@sallyport/core/transport'
import { isCodedError } from '@sallyport/sdk'
import type { Logger } from 'pino'
import type { HubStop } from './hub-stop.ts'

/** Says what went wrong with the hub or the journal; `stop` is told too. */
export function logTrouble(log: Logger, error: unknown, stop?: HubStop): void {
  if (isStop(error)) return logStop(log, error, stop)
  const code = isCodedError(error) ? error.code : 'ERR_INTERNAL'
  const message = error instanceof Error ? error.message : String(error)
  log.warn(
    { code, message, ...(code === 'ERR_INTERNAL' && { err: error }) },
    'hub or journal trouble',
  )
}

function logStop(log: Logger, error: unknown, stop: HubStop | undefined): void {
  noteSafely(log, () => stop?.hear(error))
  const code = hubRefusalOf(error)?.code
  const remedy =
    code === 'ERR_AGENT_TWINS'
      ? 'another program runs with the identity of this agent, and neither runs its schedules: stop one and remove its state directory, then: sallyport agent release <name>'
      : 'the hub says that an operator sent this agent away. Its schedules go on until it is stopped here; to come back: sallyport agent code <name>, then here: sallyport agent enrol <code> --anew'
  log.error({ code, remedy }, 'the hub serves this agent no more')
}

/** Does what writes to the log of the agent; a journal that does not take it is trouble of its own. */
export function noteSafely(log: Logger, write: () => void): void {
  try {
    write()
  } catch (error) {
    logTrouble(log, error)
  }
}
