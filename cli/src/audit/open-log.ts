// SPDX-License-Identifier: Apache-2.0
/** The entries of an audit log, from a state directory or from the copy at the hub, for whatever is to be done with them. */
import { resolve } from 'node:path'
import { parseAuditEntry } from '@sallyport/core/audit'
import type { AuditEntry } from '@sallyport/core/audit'
import type { Home } from '../home.ts'
import { withOperator } from '../operator-flags.ts'
import type { OperatorFlags } from '../operator-flags.ts'
import type { Talk } from '../output/talk.ts'
import { waiting } from '../output/waiting.ts'
import { counted } from '../output/words.ts'

/** A log that is open. */
export interface OpenLog {
  readonly agent: { readonly name: string; readonly agentId: string }
  /** Whether the entries are those that the agent signed, or only what stands there. */
  readonly isVerified: boolean
  /** Oldest first. */
  readonly entries: Iterable<AuditEntry>
}

/** Where a log is. */
export interface LogPlace extends OperatorFlags {
  /** Name of an agent: then it is the copy at the hub. */
  readonly agent?: string | undefined
  readonly 'state-dir'?: string | undefined
}

/**
 * Opens a log, and closes it after `use`.
 *
 * Trust: the copy at the hub is verified before anything of it is handed out; what a state directory has is taken as it
 * stands there. Throws: ERR_AUDIT_BROKEN, ERR_NOT_ENROLLED.
 */
export async function withLog<T>(
  { home, talk, place }: { home: Home; talk: Talk; place: LogPlace },
  use: (log: OpenLog) => T | Promise<T>,
): Promise<T> {
  const { agent } = place
  if (agent === undefined) return withOwnLog(place['state-dir'] ?? home.agent, talk, use)
  return withOperator({ home, flags: place }, async (operator) => {
    const { expectWhole, copyOf } = await import('../work/audit-copy.ts')
    const copy = await waiting(talk, 'reading the log', () => copyOf(operator, agent))
    expectWhole(copy)
    const gaps = copy.missing.reduce((sum, [from, to]) => sum + to - from, 0)
    if (gaps > 0) talk.warn(`${counted(gaps, 'entry is', 'entries are')} not at the hub yet`)
    const { name, agentId } = copy.agent
    const entries = copy.entries.map(({ entry }) => entry)
    return use({ agent: { name, agentId }, isVerified: true, entries })
  })
}

async function withOwnLog<T>(
  stateDir: string,
  talk: Talk,
  use: (log: OpenLog) => T | Promise<T>,
): Promise<T> {
  const { expectEnrolled } = await import('../work/agent-enrol.ts')
  await expectEnrolled(stateDir)
  const { openAgentAudit } = await import('@sallyport/agent')
  using audit = openAgentAudit(resolve(stateDir))
  let missingCount = 0
  function* entries(): Generator<AuditEntry> {
    for (const { bytes, missing } of audit.reader.read(0, Number.MAX_SAFE_INTEGER)) {
      if (missing === undefined) yield parseAuditEntry(bytes)
      else missingCount += 1
    }
  }
  const agent = { name: audit.agentName, agentId: audit.agentId }
  const used = await use({ agent, isVerified: false, entries: entries() })
  if (missingCount > 0) {
    const what = counted(missingCount, 'archived entry is', 'archived entries are')
    talk.warn(`${what} missing; see sallyport audit verify`)
  }
  return used
}
