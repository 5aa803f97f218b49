// SPDX-License-Identifier: Apache-2.0
/** What of some days of an audit log somebody should look at first. Says what stands there, and judges nothing. */
import type { AuditEntry } from '@sallyport/core/audit'
import { KINDS } from './selection.ts'

/** A thing that was counted. Times are those of the agent's clock. */
export interface Counted {
  readonly what: string
  readonly count: number
  readonly firstAt: string
  readonly lastAt: string
}

/** What was found. */
export interface Unusual {
  readonly refusals: readonly Counted[]
  readonly denied: readonly Counted[]
  readonly limits: readonly Counted[]
  readonly sshFailed: readonly Counted[]
  /** About the log, the clock, the hub and the agent itself. */
  readonly warnings: readonly Counted[]
  /** Keys that signed admitted jobs. */
  readonly signers: readonly (Counted & { readonly isNew: boolean })[]
  /** Job types, keys and plugins of these days that no entry before them names. */
  readonly firstSeen: readonly Counted[]
}

const WARNINGS =
  /^(audit\.(set-back|torn)|binding\.locked|bindings\.changed|clock\.anomaly|epoch\.begun|hub\.(believed|doubted)|isolation\.accepted|plugin\.(crashed|quarantined)|run\.interrupted|trust\.accepted|policy\.accepted)$/

/** Looks through the entries of the days, with what the entries before them knew. */
export function unusualIn(before: readonly AuditEntry[], days: readonly AuditEntry[]): Unusual {
  const known = new Set(before.flatMap(namesIn))
  const names = days.flatMap((entry) => namesIn(entry).map((what) => ({ what, at: entry.at })))
  const signing = days.flatMap(({ event, at, details }) =>
    event === 'job.admitted' ? [{ what: `key ${text(details['signer'])}`, at }] : [],
  )
  return {
    refusals: tally(days, KINDS.refused, ({ event, details }) => [event, details['reason']]),
    denied: tally(days, KINDS.denied, ({ event, details: d }) =>
      d['reason'] === undefined
        ? [event, d['plugin'], d['handle'], d['method'], first(d['targets'])]
        : [event, d['reason']],
    ),
    limits: tally(days, KINDS.limits, ({ event, details: { reason, why, code } }) => [
      event,
      reason ?? why ?? code,
    ]),
    sshFailed: tally(days, KINDS['ssh-failed'], ({ details: d }) => [
      d['plugin'],
      d['handle'],
      d['outcome'],
      first(d['targets']),
    ]),
    warnings: tally(
      days,
      ({ event }) => WARNINGS.test(event),
      ({ event }) => [event],
    ),
    signers: count(signing).map((each) => ({ ...each, isNew: !known.has(each.what) })),
    firstSeen: count(names.filter(({ what }) => !known.has(what))),
  }
}

function namesIn({ event, details }: AuditEntry): string[] {
  if (event === 'plugin.started') return [`plugin ${text(details['plugin'] ?? details['name'])}`]
  if (event !== 'job.admitted') return []
  return [`key ${text(details['signer'])}`, `job type ${text(details['jobType'])}`]
}

function tally(
  entries: readonly AuditEntry[],
  fits: (entry: AuditEntry) => boolean,
  words: (entry: AuditEntry) => readonly unknown[],
): Counted[] {
  return count(
    entries.filter(fits).map((entry) => ({
      what: words(entry)
        .filter((word) => word !== undefined)
        .map(text)
        .join(' '),
      at: entry.at,
    })),
  )
}

function count(seen: readonly { readonly what: string; readonly at: string }[]): Counted[] {
  return [...Map.groupBy(seen, ({ what }) => what)]
    .map(([what, each]) => ({
      what,
      count: each.length,
      firstAt: each[0]!.at,
      lastAt: each.at(-1)!.at,
    }))
    .toSorted((a, b) => b.count - a.count)
}

function first(values: unknown): unknown {
  return Array.isArray(values) ? values[0] : undefined
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value ?? null)
}
