// SPDX-License-Identifier: Apache-2.0
/** Has an agent take no jobs, or take them again. */
import { isolate } from '../operator/cancellations.ts'
import { findAgent } from '../operator/descriptors.ts'
import type { Operator } from '../operator/operator.ts'
import { confirmOrStop } from '../output/confirm.ts'
import { EXIT } from '../output/exit-codes.ts'
import { refusalProblem } from '../output/job-problem.ts'
import { Problem } from '../output/problem.ts'
import { safeText } from '../output/safe-text.ts'
import type { Talk } from '../output/talk.ts'
import { waiting } from '../output/waiting.ts'

/** What is asked for. */
export interface IsolateRequest {
  readonly agent: string
  readonly isIsolated: boolean
  readonly why: string
  readonly isAgreed: boolean
  readonly timeoutMs: number
}

/** Isolates or lifts, and waits for the agent's word. */
export async function incidentIsolate(
  operator: Operator,
  talk: Talk,
  request: IsolateRequest,
): Promise<number> {
  const { isIsolated, why, isAgreed, timeoutMs } = request
  const agent = await waiting(talk, 'asking the hub', () => findAgent(operator, request.agent))
  const { name } = agent
  const question = isIsolated ? `Isolate ${name}?` : `Let ${name} take jobs again?`
  await confirmOrStop(talk, { shown: screenOf(request), question, isAgreed })
  const order = { isIsolated, why, untilMs: operator.now() + timeoutMs }
  const answer = await waiting(talk, `waiting for ${name}`, () => isolate(operator, agent, order))
  if (answer === undefined) throw noAnswer(request)
  if (answer.result.state === 'refused') throw refusalProblem(answer.result, name)
  const { wasIsolated } = answer.result.output as { wasIsolated: boolean }
  const document = {
    format: 'sallyport.incident-isolate/1',
    agent: { name, agentId: agent.agentId },
    isIsolated,
    wasIsolated,
    why,
    verified: { signedBy: name, auditIndex: answer.audit.index },
  }
  const said = isIsolated ? 'takes no jobs' : 'takes jobs again'
  talk.answer(
    document,
    () => `${name} ${said}${talk.paint.dim(`, signed by it, audit entry ${answer.audit.index}`)}`,
  )
  return EXIT.done
}

function screenOf({ agent, isIsolated, why }: IsolateRequest): string {
  const what = isIsolated
    ? `${agent} takes no jobs from then on: none that is signed, asked for or scheduled. What runs goes on; its log, its polls and your orders do too.`
    : `${agent} takes jobs again.`
  return why === '' ? what : `${what}\nwhy: ${safeText(why)}`
}

function noAnswer({ agent, isIsolated }: IsolateRequest): Problem {
  return new Problem('ERR_NO_ANSWER', `${agent} has not taken it yet`, {
    exit: EXIT.unreachable,
    unharmed: 'It waits at the hub, and the agent takes it when it next asks.',
    remedy: isIsolated
      ? 'Until then it may take jobs; on its host, `systemctl stop` ends everything at once:'
      : 'See whether the agent runs:',
    commands: ['sallyport agent list'],
  })
}
