// SPDX-License-Identifier: Apache-2.0
/** Shows the entries of an audit log that are meant. */
import type { AuditEntry } from '@sallyport/core/audit'
import { withLog } from '../audit/open-log.ts'
import type { LogPlace, OpenLog } from '../audit/open-log.ts'
import { selectionOf } from '../audit/selection.ts'
import type { Selection, TypedSelection } from '../audit/selection.ts'
import type { Home } from '../home.ts'
import type { Paint } from '../output/paint.ts'
import { safeText } from '../output/safe-text.ts'
import { table } from '../output/table.ts'
import type { Talk } from '../output/talk.ts'
import { count, relative, short } from '../output/words.ts'

const MAX_DETAILS = 90

/** Shows the newest entries that fit, oldest of them first. Throws: ERR_USAGE, ERR_AUDIT_BROKEN, ERR_NOT_ENROLLED. */
export async function auditShow(
  { home, talk }: { home: Home; talk: Talk },
  asked: LogPlace & TypedSelection & { readonly limit: number },
): Promise<void> {
  const fits = selectionOf(asked, Date.now())
  const { limit } = asked
  await withLog({ home, talk, place: asked }, (log) => show(talk, log, { fits, limit }))
}

function show(
  talk: Talk,
  { agent, isVerified, entries }: OpenLog,
  { fits, limit }: { fits: Selection; limit: number },
): void {
  const kept: AuditEntry[] = []
  let fittingCount = 0
  for (const entry of entries) {
    if (!fits(entry)) continue
    fittingCount += 1
    kept.push(entry)
    if (kept.length === 2 * limit) kept.splice(0, limit)
  }
  kept.splice(0, Math.max(0, kept.length - limit))
  const document = {
    format: 'sallyport.audit-show/1',
    agent,
    isVerified,
    fittingCount,
    entries: kept,
  }
  talk.answer(document, () => screenOf(kept, talk.paint))
  if (fittingCount > kept.length) {
    talk.say(`the newest ${count(kept.length)} of ${count(fittingCount)} that fit; see --limit`)
  }
}

function screenOf(entries: readonly AuditEntry[], paint: Paint): string {
  if (entries.length === 0) return 'no entries fit'
  const heads = ['entry', 'when', 'event', 'job', 'details']
  const nowMs = Date.now()
  return table(
    heads.map((head) => ({ head, isNumber: head === 'entry' })),
    entries.map(({ index, at, event, jobId, envelopeId, details }) => [
      count(index),
      relative(Date.parse(at), nowMs),
      eventText(event, paint),
      paint.dim(short(jobId ?? envelopeId ?? '–')),
      detailText(details),
    ]),
    paint,
  )
}

function eventText(event: AuditEntry['event'], paint: Paint): string {
  if (/refused|failed|interrupted|denied|crashed|anomaly|doubted/.test(event))
    return paint.bad(event)
  return event === 'run.finished' ? paint.good(event) : event
}

function detailText(details: AuditEntry['details']): string {
  const text = Object.entries(details)
    .filter(([, value]) => value !== '' && value !== null)
    .map(([name, value]) => `${name}=${typeof value === 'string' ? value : JSON.stringify(value)}`)
    .join(' ')
  const safe = safeText(text)
  return safe.length > MAX_DETAILS ? `${safe.slice(0, MAX_DETAILS)}…` : safe
}
