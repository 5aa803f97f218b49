// SPDX-License-Identifier: Apache-2.0
/** Lifts a quarantine: shows which bundle starts again, asks, and has the agent confirm it. */
import type { PinnedAgent } from '../operator/agents.ts'
import { readApprovals, standingApproval } from '../operator/approvals.ts'
import type { ApprovalRecord } from '../operator/approvals.ts'
import { findAgent } from '../operator/descriptors.ts'
import type { Operator } from '../operator/operator.ts'
import { release } from '../operator/releases.ts'
import { settleSent } from '../operator/settle.ts'
import { confirmOrStop } from '../output/confirm.ts'
import { EXIT } from '../output/exit-codes.ts'
import { refusalProblem } from '../output/job-problem.ts'
import { Problem } from '../output/problem.ts'
import type { Talk } from '../output/talk.ts'
import { waiting } from '../output/waiting.ts'
import { relative, shortDigest } from '../output/words.ts'

/** What is released, and how. */
export interface ReleaseRequest {
  readonly name: string
  readonly agent: string
  readonly timeoutMs: number
  readonly isAgreed: boolean
}

/** Releases the bundle of the approval that stands. */
export async function pluginRelease(
  operator: Operator,
  talk: Talk,
  { name, agent: agentName, timeoutMs, isAgreed }: ReleaseRequest,
): Promise<void> {
  const agent = await waiting(talk, 'asking the hub', () => findAgent(operator, agentName))
  const approval = await standing(operator, agent, name)
  const shown = releaseScreen(approval, agent, operator.now())
  await confirmOrStop(talk, { shown, question: `Release on ${agent.name}?`, isAgreed })
  const untilMs = operator.now() + timeoutMs
  const { releaseId, answer } = await waiting(talk, `waiting for ${agent.name}`, () =>
    release(operator, agent, { approval, untilMs }),
  )
  if (answer === undefined) throw noAnswer(agent, releaseId)
  if (answer.result.state === 'refused') throw refusalProblem(answer.result, agent.name)
  const document = {
    format: 'sallyport.plugin-release/1',
    releaseId,
    agent: { name: agent.name, agentId: agent.agentId },
    plugin: approval.plugin,
    verified: { signedBy: agent.name, auditIndex: answer.audit.index },
  }
  const { version } = approval.plugin
  talk.answer(
    document,
    () =>
      `${talk.paint.good('released')} ${name} ${version} on ${agent.name}${talk.paint.dim(`, signed by it, audit entry ${answer.audit.index}`)}`,
  )
}

async function standing(
  operator: Operator,
  agent: PinnedAgent,
  plugin: string,
): Promise<ApprovalRecord> {
  await settleSent(operator)
  const records = await readApprovals(operator.home)
  const found = standingApproval(records, agent.agentId, { plugin, nowMs: operator.now() })
  if (found !== undefined) return found
  throw new Problem(
    'ERR_PLUGIN_NOT_APPROVED',
    `you have no approval of ${plugin} for ${agent.name}`,
    {
      exit: EXIT.usage,
      unharmed: 'Nothing was signed or sent.',
      remedy: 'A release names the bundle that you approved; see what there is:',
      commands: ['sallyport plugin list'],
    },
  )
}

function releaseScreen(
  { plugin, quarantinedAt }: ApprovalRecord,
  agent: PinnedAgent,
  nowMs: number,
): string {
  const since =
    quarantinedAt === null
      ? `You have not heard from ${agent.name} that it has put it aside; if it has not, nothing changes.`
      : `${agent.name} said ${relative(Date.parse(quarantinedAt), nowMs)} that it has put it aside.`
  return [
    `releases ${plugin.name} ${plugin.version} on ${agent.name}, ${shortDigest(plugin.digest)}`,
    since,
    'An agent puts aside what ended badly too often. It may then start again at the next job, and is put aside anew if it goes on so.',
  ].join('\n')
}

function noAnswer(agent: PinnedAgent, releaseId: string): Problem {
  return new Problem('ERR_NO_ANSWER', `${agent.name} has not taken the release yet`, {
    exit: EXIT.unreachable,
    details: { release: releaseId },
    unharmed: 'It waits at the hub for a day; the agent takes it when it next asks.',
    remedy: 'See whether the agent runs:',
    commands: ['sallyport agent list'],
  })
}
