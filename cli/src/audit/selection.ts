// SPDX-License-Identifier: Apache-2.0
/** Which entries of an audit log are meant: how a person says it, and whether an entry fits. */
import { AUDIT_EVENTS } from '@sallyport/core/audit'
import type { AuditEntry } from '@sallyport/core/audit'
import { EXIT } from '../output/exit-codes.ts'
import { Problem } from '../output/problem.ts'
import { momentOf } from './moment.ts'

/** As typed. Kinds add to each other, all else narrows. */
export interface TypedSelection {
  readonly since?: string | undefined
  readonly until?: string | undefined
  readonly job?: string | undefined
  readonly about?: readonly string[] | undefined
  readonly event?: readonly string[] | undefined
  readonly refused?: boolean
  readonly denied?: boolean
  readonly limits?: boolean
  readonly 'ssh-failed'?: boolean
}

/** Whether an entry is meant. */
export type Selection = (entry: AuditEntry) => boolean

/** Reasons and codes that say that a limit was reached. */
const LIMIT_REASONS = new Set(['rate_limited', 'too_large', 'asked_too_deep', 'reports_full'])
const LIMIT_CODES = new Set([
  'ERR_LIMIT',
  'ERR_OUTPUT_LIMIT',
  'ERR_PLUGIN_MEMORY',
  'ERR_RUN_TIMEOUT',
])

/** The kinds that have a flag of their own. */
export const KINDS = {
  refused: ({ event }) => /\.refused(-often)?$/.test(event),
  denied: ({ event, details }) =>
    event === 'handle.denied' ||
    event === 'sandbox.denied' ||
    details['reason'] === 'denied_by_policy',
  limits: ({ event, details: { reason, why, code } }) =>
    event === 'job.refused-often' ||
    LIMIT_REASONS.has(String(reason ?? why)) ||
    LIMIT_CODES.has(String(code)),
  'ssh-failed': ({ event, details: { kind, outcome } }) =>
    event.startsWith('handle.') && kind === 'ssh' && outcome !== 'ok',
} as const satisfies Record<string, Selection>

/** The selection that was typed. Throws: ERR_USAGE. */
export function selectionOf(typed: TypedSelection, nowMs: number): Selection {
  const { since, until, job, about, event } = typed
  const kinds = [
    ...Object.entries(KINDS).flatMap(([name, fits]) =>
      typed[name as keyof typeof KINDS] === true ? [fits] : [],
    ),
    ...(event ?? []).map(eventFilter),
  ]
  const isOfJob = job === undefined ? undefined : jobFilter(job)
  const things = about ?? []
  const sinceMs = since === undefined ? -Infinity : momentOf('since', since, nowMs)
  const untilMs = until === undefined ? Infinity : momentOf('until', until, nowMs)
  return (entry) => {
    const atMs = Date.parse(entry.at)
    if (atMs < sinceMs || atMs > untilMs) return false
    if (isOfJob?.(entry) === false) return false
    if (things.length > 0 && !things.some((thing) => entry.about?.includes(thing))) return false
    return kinds.length === 0 || kinds.some((fits) => fits(entry))
  }
}

/** An event by its name, or all that begin so: `job.refused`, `run.`. */
function eventFilter(typed: string): Selection {
  const isPrefix = typed.endsWith('.')
  const fits = (event: string) => (isPrefix ? event.startsWith(typed) : event === typed)
  if (AUDIT_EVENTS.some(fits)) return ({ event }) => fits(event)
  const family = `${typed.split('.')[0]}.`
  const near = AUDIT_EVENTS.filter((event) => event.startsWith(family))
  throw new Problem('ERR_USAGE', `--event ${JSON.stringify(typed)} is not an event`, {
    exit: EXIT.usage,
    unharmed: 'Nothing was done.',
    remedy:
      near.length > 0
        ? `Write one of ${near.join(', ')}, or all of them as ${family}`
        : 'Write an event as the log has it, like job.refused, or the beginning of several, like run.',
  })
}

/** A job with all that it asked for: its id, or the id of its delivery, whole, its beginning, or as shown. */
function jobFilter(typed: string): Selection {
  const [, head, tail = ''] =
    /^([0-9a-f-]{4,36})(?:(?:…|\.{2,3})([0-9a-f]{1,12}))?$/.exec(typed) ?? []
  if (head === undefined) {
    throw new Problem('ERR_USAGE', `--job ${JSON.stringify(typed)} is not an id`, {
      exit: EXIT.usage,
      unharmed: 'Nothing was done.',
      remedy: 'Write the id of a job, whole, its beginning, or as it is shown.',
    })
  }
  return ({ jobId, envelopeId }) =>
    [jobId, envelopeId].some((id) => id?.startsWith(head) === true && id.endsWith(tail))
}
