// SPDX-License-Identifier: Apache-2.0
/** Pauses, resumes or removes a schedule by signed word, on one agent or on all that have it. */
import type { ScheduleOrder } from '@sallyport/core/protocol'
import { exitOf, forEachAgent } from '../operator/each-agent.ts'
import type { AgentOutcome } from '../operator/each-agent.ts'
import type { Operator } from '../operator/operator.ts'
import { orderSchedule } from '../operator/schedules.ts'
import type { VerifiedResult } from '../operator/results.ts'
import { EXIT } from '../output/exit-codes.ts'
import type { ExitCode } from '../output/exit-codes.ts'
import { refusalProblem } from '../output/job-problem.ts'
import { Problem, problemJson } from '../output/problem.ts'
import { problemScreen } from '../output/problem-screen.ts'
import type { Talk } from '../output/talk.ts'
import { waiting } from '../output/waiting.ts'
import { knownSchedules } from './known-schedules.ts'

/** What shall become of which schedule. */
export interface OrderRequest {
  readonly name: string
  readonly agent: string | undefined
  readonly order: ScheduleOrder['order']
  readonly timeoutMs: number
}

const DONE = { pause: 'paused', resume: 'resumed', remove: 'removed' } as const

/** Orders it; the exit code says whether every agent took the order. */
export async function scheduleOrder(
  operator: Operator,
  talk: Talk,
  { name, agent: typed, order, timeoutMs }: OrderRequest,
): Promise<ExitCode> {
  const meant = await waiting(talk, 'asking the hub', () =>
    knownSchedules(operator, { name, agent: typed }),
  )
  const untilMs = operator.now() + timeoutMs
  const records = new Map(meant.map(({ agent, record }) => [agent.agentId, record]))
  const agents = meant.map(({ agent }) => agent)
  const outcomes = await waiting(
    talk,
    `waiting for ${agents.map((each) => each.name).join(', ')}`,
    () =>
      forEachAgent(agents, async (agent) => {
        const record = records.get(agent.agentId)!
        const answer = await orderSchedule(operator, agent, { record, order, untilMs })
        if (answer === undefined) throw noAnswer(agent.name, name)
        if (answer.result.state === 'refused') throw refusalProblem(answer.result, agent.name)
        return answer
      }),
  )
  const [only] = outcomes
  if (outcomes.length === 1 && only !== undefined && 'problem' in only) throw only.problem
  talk.answer(documentOf({ name, order }, outcomes), () =>
    outcomes.map((outcome) => outcomeLine({ name, order }, outcome, talk)).join('\n'),
  )
  return exitOf(outcomes)
}

interface Given {
  readonly name: string
  readonly order: ScheduleOrder['order']
}

function outcomeLine(
  { name, order }: Given,
  outcome: AgentOutcome<VerifiedResult>,
  { paint }: Talk,
): string {
  if ('problem' in outcome) return problemScreen(outcome.problem, paint)
  const proof = paint.dim(`, signed by it, audit entry ${outcome.value.audit.index}`)
  return `${paint.good(DONE[order])} ${name} on ${outcome.agent.name}${proof}`
}

function documentOf(
  { name, order }: Given,
  outcomes: readonly AgentOutcome<VerifiedResult>[],
): object {
  return {
    format: 'sallyport.schedule-order/1',
    name,
    order,
    agents: outcomes.map((outcome) => {
      const agent = { name: outcome.agent.name, agentId: outcome.agent.agentId }
      if ('problem' in outcome)
        return { agent, state: 'failed', error: problemJson(outcome.problem) }
      const verified = { signedBy: agent.name, auditIndex: outcome.value.audit.index }
      return { agent, state: DONE[order], verified }
    }),
  }
}

function noAnswer(by: string, name: string): Problem {
  return new Problem('ERR_NO_ANSWER', `${by} has not taken the order about ${name} yet`, {
    exit: EXIT.unreachable,
    unharmed: 'It waits at the hub; until the agent takes it, the schedule goes on as it was.',
    remedy: 'See whether the agent runs:',
    commands: ['sallyport agent list'],
  })
}
