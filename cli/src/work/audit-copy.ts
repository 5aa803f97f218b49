// SPDX-License-Identifier: Apache-2.0
/** Verifies an agent's log from anywhere: by the copy at the hub, which is believed in nothing. */
import type { AuditEntry } from '@sallyport/core/audit'
import { readCopy } from '../audit/read-copy.ts'
import type { ReadCopy } from '../audit/read-copy.ts'
import { findAgent } from '../operator/descriptors.ts'
import type { Operator } from '../operator/operator.ts'
import { learnAgents } from '../operator/roster.ts'
import { EXIT } from '../output/exit-codes.ts'
import type { Paint } from '../output/paint.ts'
import { Problem } from '../output/problem.ts'
import { pairs } from '../output/table.ts'
import type { Talk } from '../output/talk.ts'
import { waiting } from '../output/waiting.ts'
import { count, counted, relative, span } from '../output/words.ts'

/** Verifies the copy of one agent. Throws: ERR_AUDIT_BROKEN, which names who lies, and where it begins. */
export async function auditVerifyCopy(
  operator: Operator,
  talk: Talk,
  agentName: string,
): Promise<void> {
  const startedMs = performance.now()
  const copy = await waiting(talk, 'reading the log', () => copyOf(operator, agentName))
  const elapsedMs = performance.now() - startedMs
  expectWhole(copy)
  talk.answer(copyDocument(copy, elapsedMs), () =>
    copyScreen(copy, { elapsedMs, nowMs: operator.now(), paint: talk.paint }),
  )
}

/** Ends where a copy has a fault. Throws: ERR_AUDIT_BROKEN. */
export function expectWhole(copy: ReadCopy): void {
  if (copy.faults.length > 0) throw broken(copy)
}

/** The copy of an agent by its name. */
export async function copyOf(operator: Operator, agentName: string): Promise<ReadCopy> {
  await learnAgents(operator)
  return readCopy(operator, await findAgent(operator, agentName))
}

/** Jobs that were admitted and of whose end this reader can see nothing. */
export function openJobs(entries: readonly AuditEntry[]): string[] {
  const open = new Set<string>()
  for (const { event, jobId } of entries) {
    if (jobId === undefined) continue
    if (event === 'job.admitted') open.add(jobId)
    else if (/^(run\.(finished|failed|interrupted)|job\.(refused|planned))$/.test(event)) {
      open.delete(jobId)
    }
  }
  return [...open]
}

function copyDocument(copy: ReadCopy, elapsedMs: number): object {
  const { agent, head, entries, missing, behindCount, witnessedAtMs } = copy
  return {
    format: 'sallyport.audit-verify-copy/1',
    agent: { name: agent.name, agentId: agent.agentId },
    isWhole: copy.isWhole,
    entryCount: head?.size ?? 0,
    epoch: head?.epoch ?? 0,
    root: head === undefined ? null : Buffer.from(head.root).toString('base64'),
    readableCount: entries.length,
    since: copy.since ?? null,
    dropped: copy.dropped,
    missing,
    behindCount,
    witnessedAt: witnessedAtMs === undefined ? null : new Date(witnessedAtMs).toISOString(),
    openJobs: openJobs(entries.map(({ entry }) => entry)),
    elapsedMs: Math.round(elapsedMs),
  }
}

function copyScreen(
  copy: ReadCopy,
  { elapsedMs, nowMs, paint }: { elapsedMs: number; nowMs: number; paint: Paint },
): string {
  const { agent, head, entries, missing, behindCount, witnessedAtMs, since } = copy
  const size = head?.size ?? 0
  const hex = head === undefined ? '' : Buffer.from(head.root).toString('hex')
  const open = openJobs(entries.map(({ entry }) => entry))
  const gaps = missing.reduce((sum, [from, to]) => sum + to - from, 0)
  const seen = witnessedAtMs === undefined ? 'not by the hub' : relative(witnessedAtMs, nowMs)
  return [
    size === 0
      ? `${agent.name}   no entries at the hub yet`
      : `${agent.name}   entries 0 – ${count(size - 1)}   head ${hex.slice(0, 4)}…${hex.slice(-2)}`,
    pairs([
      [
        'hashes',
        gaps === 0 ? paint.good('consistent') : paint.warn(`${count(gaps)} not there yet`),
      ],
      ['signature', `by ${agent.name} (the pinned key)`],
      ['witness', `seen by the hub ${seen}; nothing rewritten`],
      [
        'yours',
        since === undefined
          ? 'nothing is given to you'
          : `since entry ${count(since)}, nothing withheld`,
      ],
      ['readable', `${counted(entries.length, 'entry', 'entries')} of ${count(size)} for you`],
      [
        'behind',
        behindCount === 0
          ? 'no answer you have is newer'
          : counted(behindCount, 'entry', 'entries'),
      ],
      [
        'coverage',
        open.length === 0
          ? 'every job that began has its end'
          : `${counted(open.length, 'job')} without an end yet`,
      ],
    ]),
    `verified in ${span(elapsedMs)}`,
  ].join('\n')
}

function broken({ agent, faults }: ReadCopy): Problem {
  const [first] = faults
  const who = first!.liar === 'hub' ? 'the hub' : agent.name
  return new Problem(
    'ERR_AUDIT_BROKEN',
    `${who} lies about the log of ${agent.name}: ${first!.why}`,
    {
      exit: EXIT.failed,
      details: {
        ...(first!.index !== undefined && { 'first entry': first!.index }),
        ...(faults.length > 1 && {
          'further faults': faults
            .slice(1)
            .map(({ why }) => why)
            .join('; '),
        }),
      },
      unharmed:
        first!.liar === 'hub'
          ? 'The log on the host may be whole; what the hub keeps is not.'
          : 'What the hub keeps is what the agent signed.',
      remedy:
        first!.liar === 'hub'
          ? 'Verify on the host, and find out who could write in the database of the hub:'
          : 'Let the agent take no more jobs until you know where its state directory was copied to:',
      commands:
        first!.liar === 'hub'
          ? ['sallyport audit verify']
          : [`sallyport incident isolate ${agent.name} --why "two histories"`],
    },
  )
}
