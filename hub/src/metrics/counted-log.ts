// SPDX-License-Identifier: Apache-2.0
/** A log whose lines are counted, written or not: what happens is in the log, so the log is what is counted. */
import type { Log } from '../log.ts'
import type { HubMetrics } from './hub-metrics.ts'

/** Counts lines from level info on. Why: events are words in the code, so there are few of them. */
export function countedLog(log: Log, metrics: HubMetrics): Log {
  const counted = (level: 'info' | 'warn' | 'error') => (fields: object, event: string) => {
    metrics.logged(event)
    log[level](fields, event)
  }
  return {
    debug: (fields, event) => log.debug(fields, event),
    info: counted('info'),
    warn: counted('warn'),
    error: counted('error'),
  }
}
