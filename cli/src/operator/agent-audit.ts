// SPDX-License-Identifier: Apache-2.0
/** Verifies the audit log in an agent's state directory against the best evidence this machine has. */
import { resolve } from 'node:path'
import type { AgentAudit } from '@sallyport/agent'
import { auditOrigin, verifyAuditLog } from '@sallyport/core/audit'
import type { AuditVerdict } from '@sallyport/core/audit'
import { decodeBase64url } from '@sallyport/core/protocol'
import type { Home } from '../home.ts'
import { EXIT } from '../output/exit-codes.ts'
import { Problem } from '../output/problem.ts'
import { isPinned, readAgents } from './agents.ts'
import { knownHead } from './heads.ts'

/** An audit log that holds. */
export interface VerifiedAudit {
  readonly agentId: string
  readonly agentName: string
  readonly size: number
  readonly root: Uint8Array
  readonly checkpointCount: number
  /** Whether the key is the one that this operator has pinned, not the one beside the log. */
  readonly keyIsPinned: boolean
  /** Whether the newest head that this operator has seen is in it. */
  readonly holdsKnownHead: boolean
  readonly elapsedMs: number
}

interface Evidence {
  readonly publicKey: Uint8Array
  readonly knownCheckpoints: readonly string[]
  readonly keyIsPinned: boolean
}

/** Verifies every entry and every head. Throws: ERR_AUDIT_BROKEN with the first bad index, ERR_NOT_ENROLLED. */
export async function verifyAgentAudit(home: Home, stateDir: string): Promise<VerifiedAudit> {
  const { openAgentAudit } = await import('@sallyport/agent')
  using audit = openAgentAudit(resolve(stateDir))
  const evidence = await evidenceOf(home, audit)
  const startedMs = performance.now()
  // A running agent may append between the two halves of a reading; a log that was altered fails twice.
  const first = verify(audit, evidence)
  const verdict = first.ok ? first : verify(audit, evidence)
  if (!verdict.ok) throw broken(audit, verdict)
  return {
    agentId: audit.agentId,
    agentName: audit.agentName,
    size: verdict.size,
    root: verdict.root,
    checkpointCount: verdict.checkpointCount,
    keyIsPinned: evidence.keyIsPinned,
    holdsKnownHead: evidence.knownCheckpoints.length > 0,
    elapsedMs: performance.now() - startedMs,
  }
}

function verify(audit: AgentAudit, { publicKey, knownCheckpoints }: Evidence): AuditVerdict {
  return verifyAuditLog(audit.reader, auditOrigin(audit.agentId), publicKey, { knownCheckpoints })
}

/** Why: the key pinned by the operator is better evidence than the one beside the log. */
async function evidenceOf(home: Home, audit: AgentAudit): Promise<Evidence> {
  const record = (await readAgents(home)).find((each) => each.agentId === audit.agentId)
  if (record === undefined || !isPinned(record)) {
    return { publicKey: audit.publicKey, keyIsPinned: false, knownCheckpoints: [] }
  }
  const known = await knownHead(home, audit.agentId)
  return {
    publicKey: decodeBase64url(record.identity.signingKey),
    keyIsPinned: true,
    knownCheckpoints: known === undefined ? [] : [known],
  }
}

function broken(audit: AgentAudit, verdict: AuditVerdict & { ok: false }): Problem {
  const { firstBadIndex, notAfter, why } = verdict
  return new Problem(
    'ERR_AUDIT_BROKEN',
    `the audit log of ${audit.agentName} was altered: ${why}`,
    {
      exit: EXIT.failed,
      details: {
        'first bad entry': firstBadIndex,
        // Where hashes were rewritten too, only where it begins at the latest can be seen.
        ...(notAfter > firstBadIndex && { 'at the latest': notAfter }),
      },
      unharmed:
        firstBadIndex === 0 ? 'No entry holds.' : `The entries before ${firstBadIndex} hold.`,
      remedy: 'Keep a copy of the state directory and find out who could write there.',
    },
  )
}
