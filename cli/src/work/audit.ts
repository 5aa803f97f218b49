// SPDX-License-Identifier: Apache-2.0
/** Verifies the audit log in a state directory. */
import type { Home } from '../home.ts'
import { verifyAgentAudit } from '../operator/agent-audit.ts'
import type { VerifiedAudit } from '../operator/agent-audit.ts'
import type { Paint } from '../output/paint.ts'
import { pairs } from '../output/table.ts'
import type { Talk } from '../output/talk.ts'
import { waiting } from '../output/waiting.ts'
import { count, counted, span } from '../output/words.ts'

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
