// SPDX-License-Identifier: Apache-2.0
/** Shows the schedules, when each runs next, and how its last run ended. */
import type { Operator } from '../operator/operator.ts'
import { readReports } from '../operator/reports.ts'
import type { Report } from '../operator/reports.ts'
import { EXIT } from '../output/exit-codes.ts'
import type { Paint } from '../output/paint.ts'
import { safeText } from '../output/safe-text.ts'
import { localTime, momentText, momentsOf } from '../output/schedule-screen.ts'
import { table } from '../output/table.ts'
import type { Talk } from '../output/talk.ts'
import { waiting } from '../output/waiting.ts'
import { relative } from '../output/words.ts'
import { knownSchedules } from './known-schedules.ts'
import type { KnownSchedule, MeantSchedules } from './known-schedules.ts'
import { reportJson, reportState } from './schedule-runs.ts'

interface Listed extends KnownSchedule {
  readonly last: Report | undefined
  readonly next: number | undefined
}

/** Lists them; the exit code says refused when a report is not believed. */
export async function scheduleList(
  operator: Operator,
  talk: Talk,
  meant: MeantSchedules,
): Promise<number> {
  const listed = await waiting(talk, 'asking the hub', async () => {
    const known = await knownSchedules(operator, meant)
    return Promise.all(known.map((each) => withTimes(operator, each)))
  })
  const nowMs = operator.now()
  const document = { format: 'sallyport.schedule-list/1', schedules: listed.map(scheduleJson) }
  talk.answer(document, () =>
    listed.length === 0
      ? 'no schedules; a job that shall run by itself:\n  sallyport schedule add --help'
      : scheduleTable(listed, nowMs, talk.paint),
  )
  return listed.some(({ last }) => last?.doubt !== undefined) ? EXIT.refused : EXIT.done
}

/** Shows when schedules run next. */
export async function scheduleNext(
  operator: Operator,
  talk: Talk,
  meant: MeantSchedules & { readonly count: number },
): Promise<number> {
  const known = await waiting(talk, 'asking the hub', () => knownSchedules(operator, meant))
  const nowMs = operator.now()
  const times = known.map(({ record, agent, state }) => {
    const { schedule } = record
    const given = { nowMs, count: meant.count }
    const moments = state === 'active' ? momentsOf(schedule, agent.agentId, given) : []
    return { name: schedule.name, agent: agent.name, state, timeZone: schedule.timeZone, moments }
  })
  const schedules = times.map(({ moments, ...each }) => ({
    ...each,
    next: moments.map((ms) => new Date(ms).toISOString()),
  }))
  talk.answer({ format: 'sallyport.schedule-next/1', schedules }, () =>
    times
      .map(({ name, agent, state, timeZone, moments }) =>
        [
          `${talk.paint.strong(name)} on ${agent}, ${state}`,
          ...moments.map((ms) => `  ${momentText(ms, timeZone, nowMs)}`),
        ].join('\n'),
      )
      .join('\n'),
  )
  return EXIT.done
}

async function withTimes(operator: Operator, known: KnownSchedule): Promise<Listed> {
  const { record, agent, state } = known
  const [last] = await readReports(operator, agent, { record, limit: 1 })
  const given = { nowMs: operator.now(), count: 1 }
  const [next] = state === 'active' ? momentsOf(record.schedule, agent.agentId, given) : []
  return { ...known, last, next }
}

function scheduleTable(listed: readonly Listed[], nowMs: number, paint: Paint): string {
  const columns = ['name', 'agent', 'job type', 'state', 'next run', 'last run'].map((head) => ({
    head,
  }))
  const rows = listed.map(({ record, agent, state, last, next }) => {
    const { name, jobType, timeZone } = record.schedule
    return [
      name,
      agent.name,
      jobType,
      state === 'active' ? paint.good(state) : paint.warn(state),
      next === undefined ? '–' : `${localTime(next, timeZone)} (${relative(next, nowMs)})`,
      last === undefined
        ? '–'
        : `${reportState(last, paint)} ${relative(Date.parse(last.postedAt), nowMs)}`,
    ]
  })
  const doubts = listed.flatMap(({ record, last }) =>
    last?.doubt === undefined
      ? []
      : [
          `${paint.bad(`a report of ${record.schedule.name} is not believed`)}: ${safeText(last.doubt)}`,
        ],
  )
  return [table(columns, rows, paint), ...doubts].join('\n')
}

function scheduleJson({ record, agent, state, last, next }: Listed): object {
  const { digest, schedule, signer, orderedAt } = record
  const { scheduleId, name, jobType, input, cron, timeZone, jitterSeconds, catchUp } = schedule
  return {
    ...{ scheduleId, name, agent: { name: agent.name, agentId: agent.agentId }, state },
    ...{ jobType, input, cron, timeZone, jitterSeconds, catchUp },
    ...{ issuedAt: schedule.issuedAt, expiresAt: schedule.expiresAt, signer, orderedAt, digest },
    next: next === undefined ? null : new Date(next).toISOString(),
    last: last === undefined ? null : reportJson(last),
  }
}
