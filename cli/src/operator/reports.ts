// SPDX-License-Identifier: Apache-2.0
/** What agents report of the runs of a schedule: opened and verified as the answers to jobs are. */
import { runIdOf } from '@sallyport/core/schedules'
import { CodedError, isCodedError } from '@sallyport/sdk'
import { keepHead } from './heads.ts'
import type { PinnedAgent } from './agents.ts'
import type { Operator } from './operator.ts'
import { openResult } from './results.ts'
import type { VerifiedResult } from './results.ts'
import type { ScheduleRecord } from './schedules.ts'

const PAGE_ROWS = 50

/** One report, or why what the hub shows is not believed. */
export type Report =
  | { readonly postedAt: string; readonly answer: VerifiedResult; readonly doubt?: never }
  | { readonly postedAt: string; readonly answer?: never; readonly doubt: string }

/**
 * The newest reports about a schedule.
 *
 * Trust: each counts only if the agent signed it for this very schedule, under the id that follows from its due time, and
 * its audit log provably holds it.
 */
export async function readReports(
  operator: Operator,
  agent: PinnedAgent,
  { record, limit }: { record: ScheduleRecord; limit: number },
): Promise<Report[]> {
  const reports: Report[] = []
  const filter = {
    kind: 'report',
    about: record.schedule.scheduleId,
    agentId: agent.agentId,
  } as const
  let cursor: string | undefined
  do {
    const rows = Math.min(PAGE_ROWS, limit - reports.length)
    const page = await operator.hub.listPostings({ ...filter, cursor, limit: rows })
    for (const { postingId, postedAt, sealed } of page.postings) {
      const read = await readReport(operator, agent, { record, envelopeId: postingId, sealed })
      reports.push({ postedAt, ...read })
    }
    cursor = page.nextCursor ?? undefined
  } while (cursor !== undefined && reports.length < limit)
  return reports
}

async function readReport(
  operator: Operator,
  agent: PinnedAgent,
  given: { record: ScheduleRecord; envelopeId: string; sealed: string },
): Promise<{ answer: VerifiedResult } | { doubt: string }> {
  const { record, envelopeId, sealed } = given
  const { scheduleId } = record.schedule
  try {
    const answer = await openResult(operator, agent, sealed, {
      envelopeId,
      digest: record.digest,
      jobId: ({ schedule }) =>
        schedule === undefined
          ? null
          : runIdOf(scheduleId, agent.agentId, Date.parse(schedule.dueAt)),
    })
    if (answer.result.schedule?.scheduleId !== scheduleId) throw otherSchedule()
    await keepHead(operator.home, agent.agentId, answer.audit)
    return { answer }
  } catch (error) {
    if (isCodedError(error)) return { doubt: error.message }
    throw error
  }
}

function otherSchedule(): CodedError<'ERR_RESULT_UNVERIFIED'> {
  return new CodedError('ERR_RESULT_UNVERIFIED', 'it is not about this schedule')
}
