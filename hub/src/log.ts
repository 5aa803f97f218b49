// SPDX-License-Identifier: Apache-2.0
/** The hub's log: one JSON object a line, on stderr. Ids, codes and times; never sealed text, never a token. */
import { token } from '@sallyport/core/wiring'
import { pino } from 'pino'

/** Levels that can be asked for. */
export const LOG_LEVELS = ['debug', 'info', 'warn', 'error', 'silent'] as const
/** One of the levels. */
export type LogLevel = (typeof LOG_LEVELS)[number]

/** Writes what happened: fields first, the event's name second. */
export interface Log {
  debug(fields: object, event: string): void
  info(fields: object, event: string): void
  warn(fields: object, event: string): void
  error(fields: object, event: string): void
}

/** Name of the log in a container. */
export const Log = token<Log>('hub.Log')

/** Opens the log. Errors are written with code, message and stack; nothing else of them. */
export function openLog(level: LogLevel): Log {
  return pino(
    { level, base: null, messageKey: 'event', serializers: { error: describe } },
    pino.destination({ dest: 2, sync: true }),
  )
}

function describe(error: unknown): Record<string, unknown> {
  if (typeof error !== 'object' || error === null) return { message: String(error) }
  const { code, message, stack, cause } = error as Error & { code?: unknown }
  return cause === undefined
    ? { code, message, stack }
    : { code, message, stack, cause: describe(cause) }
}
