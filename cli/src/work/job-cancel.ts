// SPDX-License-Identifier: Apache-2.0
/** Cancels a job by signed word and says where it stood when the agent took that. */
import { isPinned, readAgents } from '../operator/agents.ts'
import type { PinnedAgent } from '../operator/agents.ts'
import { cancel } from '../operator/cancellations.ts'
import { findEnvelope } from '../operator/find-job.ts'
import type { Operator } from '../operator/operator.ts'
import { EXIT } from '../output/exit-codes.ts'
import { refusalProblem } from '../output/job-problem.ts'
import { Problem } from '../output/problem.ts'
import { safeText } from '../output/safe-text.ts'
import type { Talk } from '../output/talk.ts'
import { waiting } from '../output/waiting.ts'
import { short } from '../output/words.ts'

/** What the agent found, in words. */
const FOUND: Readonly<Record<string, string>> = {
  'not-begun': 'it had not begun and will not',
  running: 'it was running and was ended; what it had done by then is in its answer',
  ended: 'it had ended before; its answer stands',
}

/** Cancels and waits for the agent. */
export async function jobCancel(
  operator: Operator,
  talk: Talk,
  asked: { typed: string; why: string; timeoutMs: number },
): Promise<number> {
  const { typed, why, timeoutMs } = asked
  const { jobId, agent } = await waiting(talk, 'asking the hub', () => jobOf(operator, typed))
  const untilMs = operator.now() + timeoutMs
  const answer = await waiting(talk, `waiting for ${agent.name}`, () =>
    cancel(operator, agent, { jobId, why, untilMs }),
  )
  if (answer === undefined) throw noAnswer(agent, jobId)
  if (answer.result.state === 'refused') throw refusalProblem(answer.result, agent.name)
  const { found } = answer.result.output as { found: string }
  const document = {
    format: 'sallyport.job-cancel/1',
    jobId,
    agent: { name: agent.name, agentId: agent.agentId },
    found,
    why,
    verified: { signedBy: agent.name, auditIndex: answer.audit.index },
  }
  talk.answer(document, () => `cancelled ${short(jobId)}: ${FOUND[found] ?? safeText(found)}`)
  return EXIT.done
}

async function jobOf(
  operator: Operator,
  typed: string,
): Promise<{ jobId: string; agent: PinnedAgent }> {
  const { envelopeId, agentId } = await findEnvelope(operator, typed)
  const agent = (await readAgents(operator.home)).find((each) => each.agentId === agentId)
  if (agent !== undefined && isPinned(agent)) return { jobId: envelopeId, agent }
  throw new Problem('ERR_AGENT_UNKNOWN', 'the agent of this job is not known on this machine', {
    exit: EXIT.usage,
    unharmed: 'Nothing was signed or sent.',
    remedy: 'See the agents; they come from the operators of the site:',
    commands: ['sallyport agent list'],
  })
}

function noAnswer(agent: PinnedAgent, jobId: string): Problem {
  return new Problem('ERR_NO_ANSWER', `${agent.name} has not taken the cancellation yet`, {
    exit: EXIT.unreachable,
    unharmed: 'It waits at the hub, and the agent takes it when it next asks.',
    remedy: 'See what became of the job:',
    commands: [`sallyport job show ${jobId}`],
  })
}
