// SPDX-License-Identifier: Apache-2.0
/** Times every statement to the database by what it does. */
import type { LogEvent } from 'kysely'
import type { HubMetrics } from './hub-metrics.ts'

const OPERATIONS: ReadonlyMap<string, string> = new Map([
  ['SelectQueryNode', 'select'],
  ['InsertQueryNode', 'insert'],
  ['UpdateQueryNode', 'update'],
  ['DeleteQueryNode', 'delete'],
])

/** What a database tells of each statement, taken into the metrics. */
export function countStatements(metrics: HubMetrics): (event: LogEvent) => void {
  return ({ query, queryDurationMillis }) => {
    metrics.asked(operationOf(query), queryDurationMillis / 1_000)
  }
}

function operationOf({ query: { kind }, sql }: LogEvent['query']): string {
  return OPERATIONS.get(kind) ?? (sql === 'commit' ? 'commit' : 'other')
}
