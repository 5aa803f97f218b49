// SPDX-License-Identifier: Apache-2.0
/** Makes a schedule for one agent or all of a site, shows when it runs, and has each agent take it. */
import { randomUUIDv7 } from 'node:crypto'
import { instantOf } from '@sallyport/core/protocol'
import type { Schedule } from '@sallyport/core/protocol'
import { exitOf, forEachAgent } from '../operator/each-agent.ts'
import type { AgentOutcome } from '../operator/each-agent.ts'
import type { Operator } from '../operator/operator.ts'
import { addSchedule } from '../operator/schedules.ts'
import type { VerifiedResult } from '../operator/results.ts'
import { readersFor } from '../operator/send.ts'
import { thingsOfJob } from '../operator/signatures.ts'
import type { ToSign } from '../operator/signatures.ts'
import { agentsOf, audienceText } from '../operator/site-agents.ts'
import type { Audience } from '../operator/site-agents.ts'
import { confirmOrStop } from '../output/confirm.ts'
import { EXIT } from '../output/exit-codes.ts'
import type { ExitCode } from '../output/exit-codes.ts'
import { refusalProblem } from '../output/job-problem.ts'
import { Problem, problemJson } from '../output/problem.ts'
import { problemScreen } from '../output/problem-screen.ts'
import { safeText } from '../output/safe-text.ts'
import { habitsText, momentText, momentsOf } from '../output/schedule-screen.ts'
import type { Talk } from '../output/talk.ts'
import { waiting } from '../output/waiting.ts'
import { jobAtHand } from './job-at-hand.ts'
import type { JobAtHand } from './plan-first.ts'

/** Times that are shown before anything is signed. */
const SHOWN_TIMES = 5

/** What is to run when. */
export interface AddRequest {
  readonly name: string
  readonly jobType: string
  readonly audience: Audience
  readonly params: readonly string[]
  readonly paramsFile?: string | undefined
  readonly times: Pick<Schedule, 'cron' | 'timeZone' | 'jitterSeconds' | 'catchUp'>
  readonly untilMs: (nowMs: number) => number
  readonly isAgreed: boolean
  readonly timeoutMs: number
}

interface Prepared {
  readonly job: JobAtHand
  readonly schedule: Schedule
  readonly toSign: ToSign
}

interface Added extends Prepared {
  readonly answer: VerifiedResult
}

/** Adds it; the exit code says whether every agent took it. */
export async function scheduleAdd(
  operator: Operator,
  talk: Talk,
  request: AddRequest,
): Promise<ExitCode> {
  const { audience, jobType, params, paramsFile, isAgreed, timeoutMs } = request
  const { agents } = await waiting(talk, 'asking the hub', () => agentsOf(operator, audience))
  const prepared = new Map<string, Prepared>()
  for (const { agentId, name } of agents) {
    const job = await jobAtHand(operator, talk, { jobType, agent: name, params, paramsFile })
    prepared.set(agentId, prepare(operator, job, request))
  }
  const [first] = [...prepared.values()] as [Prepared]
  const whom = audienceText(operator, audience, agents.length)
  const shown = screenOf(first, whom, operator.now())
  if (first.toSign.effect === 'read') talk.say(shown)
  else await confirmOrStop(talk, { shown, question: `Let it run by itself on ${whom}?`, isAgreed })
  const untilMs = operator.now() + timeoutMs
  const outcomes = await waiting(talk, `waiting for ${whom}`, () =>
    forEachAgent(agents, async (agent) => {
      const each = prepared.get(agent.agentId)!
      const answer = await addSchedule(operator, agent, { ...each, untilMs })
      if (answer === undefined) throw noAnswer(agent.name, each.schedule)
      if (answer.result.state === 'refused') throw refusalProblem(answer.result, agent.name)
      return { ...each, answer }
    }),
  )
  const [only] = outcomes
  if ('agent' in audience && only !== undefined && 'problem' in only) throw only.problem
  talk.answer(documentOf(first.schedule, outcomes), () =>
    outcomes.map((outcome) => outcomeLine(outcome, operator, talk)).join('\n'),
  )
  return exitOf(outcomes)
}

function prepare(operator: Operator, job: JobAtHand, request: AddRequest): Prepared {
  const { agent, jobType, input, manifest } = job
  const nowMs = operator.now()
  const requestedBy = operator.identity.signing.keyId
  const about = thingsOfJob(agent, input, manifest)
  const toSign = { jobType, effect: manifest?.effect, requestedBy, about }
  if (manifest?.effect === 'destroy') throw destroys(jobType)
  const schedule: Schedule = {
    scheduleId: randomUUIDv7(),
    siteId: operator.site.siteId,
    agentIds: [agent.agentId],
    name: request.name,
    requestedBy,
    ...request.times,
    jobType,
    input,
    issuedAt: instantOf(nowMs),
    notBefore: instantOf(nowMs),
    expiresAt: instantOf(request.untilMs(nowMs)),
    readers: readersFor(operator, agent, toSign),
  }
  momentsOf(schedule, agent.agentId, { nowMs, count: 1 })
  return { job, schedule, toSign }
}

function screenOf({ schedule, job, toSign }: Prepared, whom: string, nowMs: number): string {
  const { name, jobType, input, cron, timeZone, expiresAt } = schedule
  const moments = momentsOf(schedule, job.agent.agentId, { nowMs, count: SHOWN_TIMES })
  const params = Object.entries(input).map(
    ([param, value]) => `  ${safeText(param)} = ${safeText(JSON.stringify(value))}`,
  )
  return [
    `${name}: ${jobType} on ${whom}, by itself${toSign.effect === undefined ? '' : ` (${toSign.effect})`}`,
    ...params,
    `  when   ${safeText(cron)} in ${timeZone}; ${habitsText(schedule)}`,
    `  until  ${momentText(Date.parse(expiresAt), timeZone, nowMs)}`,
    ...moments.map(
      (ms, at) => `  ${at === 0 ? 'next ' : '     '}  ${momentText(ms, timeZone, nowMs)}`,
    ),
  ].join('\n')
}

function outcomeLine(outcome: AgentOutcome<Added>, operator: Operator, { paint }: Talk): string {
  if ('problem' in outcome) return problemScreen(outcome.problem, paint)
  const { schedule, answer, job } = outcome.value
  const nowMs = operator.now()
  const [next] = momentsOf(schedule, job.agent.agentId, { nowMs, count: 1 })
  const when = next === undefined ? 'never' : momentText(next, schedule.timeZone, nowMs)
  const proof = paint.dim(`, signed by it, audit entry ${answer.audit.index}`)
  return `${paint.good('scheduled')} ${schedule.name} on ${outcome.agent.name}, next ${when}${proof}`
}

function documentOf(schedule: Schedule, outcomes: readonly AgentOutcome<Added>[]): object {
  const { name, jobType, input, cron, timeZone, jitterSeconds, catchUp, expiresAt } = schedule
  return {
    format: 'sallyport.schedule-add/1',
    ...{ name, jobType, input, cron, timeZone, jitterSeconds, catchUp, expiresAt },
    agents: outcomes.map((outcome) => {
      const agent = { name: outcome.agent.name, agentId: outcome.agent.agentId }
      if ('problem' in outcome)
        return { agent, state: 'failed', error: problemJson(outcome.problem) }
      const { schedule: given, answer } = outcome.value
      const { next } = answer.result.output as { next: string[] }
      const verified = { signedBy: agent.name, auditIndex: answer.audit.index }
      return { agent, state: 'accepted', scheduleId: given.scheduleId, next, verified }
    }),
  }
}

function destroys(jobType: string): Problem {
  return new Problem('not_schedulable', `${jobType} destroys, and what destroys runs by no clock`, {
    exit: EXIT.refused,
    unharmed: 'Nothing was signed or sent.',
    remedy: 'Sign each such job by itself:',
    commands: [`sallyport job run ${jobType} --agent <name>`],
  })
}

function noAnswer(by: string, { name }: Schedule): Problem {
  return new Problem('ERR_NO_ANSWER', `${by} has not taken the schedule ${name} yet`, {
    exit: EXIT.unreachable,
    unharmed: 'It waits at the hub; the agent takes it when it next asks.',
    remedy: 'See whether the agent runs, and later where the schedule stands:',
    commands: ['sallyport agent list', 'sallyport schedule list'],
  })
}
