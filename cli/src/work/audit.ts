// SPDX-License-Identifier: Apache-2.0
/** Shows the audit log of an agent, and that it holds. */
import { resolve } from 'node:path'
import type { AgentAudit } from '@sallyport/agent'
import { parseAuditEntry } from '@sallyport/core/audit'
import type { AuditEntry } from '@sallyport/core/audit'
import type { Home } from '../home.ts'
import { verifyAgentAudit } from '../operator/agent-audit.ts'
import type { VerifiedAudit } from '../operator/agent-audit.ts'
import type { Paint } from '../output/paint.ts'
import { safeText } from '../output/safe-text.ts'
import { pairs, table } from '../output/table.ts'
import type { Talk } from '../output/talk.ts'
import { waiting } from '../output/waiting.ts'
import { count, counted, relative, short, span } from '../output/words.ts'

/** Which entries are shown. */
export interface EntryFilter {
  readonly limit: number
  readonly job?: string | undefined
  readonly event?: string | undefined
}

const MAX_DETAILS = 90

/** Verifies the whole log. Throws: ERR_AUDIT_BROKEN with the first bad index. */
export async function auditVerify(home: Home, talk: Talk, stateDir: string): Promise<void> {
  const audit = await waiting(talk, 'verifying', () => verifyAgentAudit(home, stateDir))
  talk.answer(auditDocument(audit), () => auditScreen(audit, talk.paint))
}

/** A verified log as `--json` shows it. */
export function auditDocument(audit: VerifiedAudit): object {
  return {
    format: 'sallyport.audit-verify/1',
    agent: { name: audit.agentName, agentId: audit.agentId },
    entryCount: audit.size,
    checkpointCount: audit.checkpointCount,
    root: Buffer.from(audit.root).toString('base64'),
    keyIsPinned: audit.keyIsPinned,
    holdsKnownHead: audit.holdsKnownHead,
    elapsedMs: Math.round(audit.elapsedMs),
  }
}

/** A verified log for people. */
export function auditScreen(audit: VerifiedAudit, paint: Paint): string {
  const { agentName, size, checkpointCount, keyIsPinned, holdsKnownHead, elapsedMs } = audit
  const hex = Buffer.from(audit.root).toString('hex')
  const range = size === 0 ? 'no entries' : `entries 0 – ${count(size - 1)}`
  const key = keyIsPinned ? 'the pinned key' : 'the key beside the log'
  return [
    `${agentName}   ${range}   head ${hex.slice(0, 4)}…${hex.slice(-2)}`,
    pairs([
      ['hashes', paint.good('consistent')],
      ['signatures', `${counted(checkpointCount, 'checkpoint')}, all by ${agentName} (${key})`],
      [
        'cut back',
        holdsKnownHead
          ? 'not behind the newest head this operator has seen'
          : 'no head from elsewhere to compare with',
      ],
    ]),
    `verified in ${span(elapsedMs)}`,
  ].join('\n')
}

/** Shows the newest entries that fit, oldest of them first. */
export async function auditShow(talk: Talk, stateDir: string, filter: EntryFilter): Promise<void> {
  const { openAgentAudit } = await import('@sallyport/agent')
  using audit = openAgentAudit(resolve(stateDir))
  const entries = newestEntries(audit, filter)
  const document = {
    format: 'sallyport.audit-show/1',
    agent: { name: audit.agentName, agentId: audit.agentId },
    entries,
  }
  talk.answer(document, () =>
    entries.length === 0 ? 'no entries fit' : entryTable(entries, talk.paint),
  )
}

function newestEntries(audit: AgentAudit, { limit, job, event }: EntryFilter): AuditEntry[] {
  const kept: AuditEntry[] = []
  for (const { bytes } of audit.reader.read(0, Number.MAX_SAFE_INTEGER)) {
    const entry = parseAuditEntry(bytes)
    if (job !== undefined && entry.jobId?.startsWith(job) !== true) continue
    if (event !== undefined && entry.event !== event) continue
    kept.push(entry)
    if (kept.length > limit) kept.shift()
  }
  return kept
}

function entryTable(entries: readonly AuditEntry[], paint: Paint): string {
  const heads = ['entry', 'when', 'event', 'job', 'details']
  const nowMs = Date.now()
  return table(
    heads.map((head) => ({ head, isNumber: head === 'entry' })),
    entries.map(({ index, at, event, jobId, details }) => [
      count(index),
      relative(Date.parse(at), nowMs),
      eventText(event, paint),
      paint.dim(jobId === undefined ? '–' : short(jobId)),
      detailText(details),
    ]),
    paint,
  )
}

function eventText(event: AuditEntry['event'], paint: Paint): string {
  if (/refused|failed|interrupted|denied|crashed|anomaly/.test(event)) return paint.bad(event)
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
