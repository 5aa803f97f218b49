// SPDX-License-Identifier: Apache-2.0
/** Shows what a revocation voids, asks, and has each agent confirm it. */
import { readApprovals } from '../operator/approvals.ts'
import type { ApprovalRecord } from '../operator/approvals.ts'
import { exitOf, forEachAgent } from '../operator/each-agent.ts'
import type { AgentOutcome } from '../operator/each-agent.ts'
import type { PinnedAgent } from '../operator/agents.ts'
import type { Operator } from '../operator/operator.ts'
import { concerns, isRevoked, readRevocations, revoke } from '../operator/revocations.ts'
import type { RevocationRecord, RevokeOrder, RevokedSubject } from '../operator/revocations.ts'
import type { VerifiedResult } from '../operator/results.ts'
import { subjectOf } from '../operator/revoked-subject.ts'
import type { TypedSubject } from '../operator/revoked-subject.ts'
import { settleSent } from '../operator/settle.ts'
import { agentsOf, audienceText } from '../operator/site-agents.ts'
import type { Audience } from '../operator/site-agents.ts'
import { confirmOrStop } from '../output/confirm.ts'
import { EXIT } from '../output/exit-codes.ts'
import type { ExitCode } from '../output/exit-codes.ts'
import { refusalProblem } from '../output/job-problem.ts'
import { onInterrupt } from '../output/on-interrupt.ts'
import type { Paint } from '../output/paint.ts'
import { Problem, problemJson } from '../output/problem.ts'
import { problemScreen } from '../output/problem-screen.ts'
import { revocationScreen, subjectText } from '../output/revocation-screen.ts'
import type { Talk } from '../output/talk.ts'
import { waiting } from '../output/waiting.ts'

/** What is to be revoked, where, and how. */
export interface RevokeRequest {
  readonly typed: TypedSubject
  readonly audience: Audience
  readonly why: string
  readonly timeoutMs: number
  readonly isAgreed: boolean
}

interface Revoked {
  readonly record: RevocationRecord
  readonly answer: VerifiedResult
}

/** Revokes and waits until each agent has answered. Returns the exit code. */
export async function pluginRevoke(
  operator: Operator,
  talk: Talk,
  request: RevokeRequest,
): Promise<ExitCode> {
  const { audience, why, timeoutMs, isAgreed } = request
  const subject = await subjectOf(operator.home, request.typed)
  const meant = await waiting(talk, 'asking the hub', () => agentsOf(operator, audience))
  const whom = audienceText(operator, audience, meant.agents.length)
  const voided = await voidedBy(operator, subject, meant.agents)
  const screen = revocationScreen({ subject, meant, voided, why }, operator.now(), talk.aside)
  await confirmOrStop(talk, { shown: screen, question: `Revoke on ${whom}?`, isAgreed })
  using _leaving = onInterrupt(
    `The revocation goes on without you; ${whom} takes it when it next asks the hub.`,
    EXIT.unknown,
  )
  const order = { subject, why, untilMs: operator.now() + timeoutMs }
  const outcomes = await waiting(talk, `waiting for ${whom}`, () =>
    forEachAgent(meant.agents, (agent) => revokeOn(operator, agent, order)),
  )
  const [only] = outcomes
  if ('agent' in audience && only !== undefined && 'problem' in only) throw only.problem
  talk.answer(documentOf(subject, why, outcomes), () =>
    outcomes.map((outcome) => outcomeLine(outcome, subject, talk.paint)).join('\n'),
  )
  return exitOf(outcomes)
}

async function revokeOn(
  operator: Operator,
  agent: PinnedAgent,
  order: RevokeOrder,
): Promise<Revoked> {
  const { record, answer } = await revoke(operator, agent, order)
  if (answer?.result.state === 'refused') throw refusalProblem(answer.result, agent.name)
  if (answer !== undefined) return { record, answer }
  throw new Problem('ERR_NO_ANSWER', `${agent.name} has not taken the revocation yet`, {
    exit: EXIT.unreachable,
    details: { revocation: record.revocationId },
    unharmed:
      'It waits at the hub; the agent takes it when it next asks, and until then the plugin may run there.',
    remedy: 'See whether the agent runs; on its host, `systemctl stop` ends everything at once:',
    commands: ['sallyport agent list'],
  })
}

/** Approvals on record that no longer count afterwards. */
async function voidedBy(
  operator: Operator,
  subject: RevokedSubject,
  agents: readonly PinnedAgent[],
): Promise<ApprovalRecord[]> {
  await settleSent(operator)
  const [approvals, revocations] = await Promise.all([
    readApprovals(operator.home),
    readRevocations(operator.home),
  ])
  const ids = new Set(agents.map(({ agentId }) => agentId))
  const nowMs = operator.now()
  return approvals.filter(
    (record) =>
      ids.has(record.agentId) &&
      record.state !== 'refused' &&
      Date.parse(record.expiresAt) > nowMs &&
      concerns(subject, record) &&
      !isRevoked(record, revocations),
  )
}

function outcomeLine(
  outcome: AgentOutcome<Revoked>,
  subject: RevokedSubject,
  paint: Paint,
): string {
  if ('problem' in outcome) return problemScreen(outcome.problem, paint)
  const { audit } = outcome.value.answer
  const name = outcome.agent.name
  return `${paint.good('revoked')} ${subjectText(subject)} on ${name}${paint.dim(`, signed by it, audit entry ${audit.index}`)}`
}

function documentOf(
  subject: RevokedSubject,
  why: string,
  outcomes: readonly AgentOutcome<Revoked>[],
): object {
  return {
    format: 'sallyport.plugin-revoke/1',
    subject,
    why,
    agents: outcomes.map((outcome) => {
      const agent = { name: outcome.agent.name, agentId: outcome.agent.agentId }
      if ('problem' in outcome)
        return { agent, state: 'failed', error: problemJson(outcome.problem) }
      const { record, answer } = outcome.value
      const { revocationId, issuedAt, state } = record
      const verified = { signedBy: agent.name, auditIndex: answer.audit.index }
      return { agent, state, revocationId, issuedAt, verified }
    }),
  }
}
