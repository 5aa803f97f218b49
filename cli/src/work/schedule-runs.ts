// SPDX-License-Identifier: Apache-2.0
/** Shows what agents reported of the runs of a schedule, each report verified. */
import type { Operator } from '../operator/operator.ts'
import { readReports } from '../operator/reports.ts'
import type { Report } from '../operator/reports.ts'
import { EXIT } from '../output/exit-codes.ts'
import type { Paint } from '../output/paint.ts'
import { safeText } from '../output/safe-text.ts'
import { localTime } from '../output/schedule-screen.ts'
import { table } from '../output/table.ts'
import type { Talk } from '../output/talk.ts'
import { waiting } from '../output/waiting.ts'
import { span } from '../output/words.ts'
import { knownSchedules } from './known-schedules.ts'
import type { KnownSchedule } from './known-schedules.ts'

/** Characters of an output that one line shows. */
const SHOWN_OUTPUT = 60

/** Shows them, the newest first; the exit code says refused when one is not believed. */
export async function scheduleRuns(
  operator: Operator,
  talk: Talk,
  { limit, ...meant }: { name: string; agent?: string | undefined; limit: number },
): Promise<number> {
  const read = await waiting(talk, 'asking the hub', async () => {
    const known = await knownSchedules(operator, { ...meant, isAll: true })
    const runs = await Promise.all(
      known.map(async (each) => {
        const reports = await readReports(operator, each.agent, { record: each.record, limit })
        return reports.map((report) => ({ ...each, report }))
      }),
    )
    return runs.flat().toSorted((a, b) => (a.report.postedAt > b.report.postedAt ? -1 : 1))
  })
  const shown = read.slice(0, limit)
  const runs = shown.map(({ agent, report }) => ({ agent: agent.name, ...reportJson(report) }))
  talk.answer({ format: 'sallyport.schedule-runs/1', name: meant.name, runs }, () =>
    shown.length === 0 ? 'no report yet' : runTable(shown, talk.paint),
  )
  return shown.some(({ report }) => report.doubt !== undefined) ? EXIT.refused : EXIT.done
}

function runTable(
  shown: readonly (KnownSchedule & { readonly report: Report })[],
  paint: Paint,
): string {
  const columns = ['due', 'agent', 'state', 'took', 'result'].map((head) => ({ head }))
  const rows = shown.map(({ record, agent, report }) => {
    const { answer } = report
    const due = answer?.result.schedule?.dueAt
    const { timeZone } = record.schedule
    return [
      due === undefined ? '–' : localTime(Date.parse(due), timeZone),
      agent.name,
      reportState(report, paint),
      answer === undefined ? '–' : span(answer.result.stepsMs.run),
      resultText(report),
    ]
  })
  return table(columns, rows, paint)
}

function resultText({ answer, doubt }: Report): string {
  if (answer === undefined) return safeText(doubt)
  const { output, failure, refusal } = answer.result
  if (failure !== undefined) return safeText(`${failure.code} ${failure.message}`)
  if (refusal !== undefined) return refusal.reason
  const text = safeText(JSON.stringify(output))
  return text.length > SHOWN_OUTPUT ? `${text.slice(0, SHOWN_OUTPUT)}…` : text
}

/** How a run ended, in colour. */
export function reportState({ answer }: Report, paint: Paint): string {
  if (answer === undefined) return paint.bad('DOUBTFUL')
  const { state, verification } = answer.result
  if (verification?.verdict === 'contradicted') return paint.bad('contradicted')
  return state === 'done' ? paint.good(state) : paint.warn(state)
}

/** A report with `--json`. */
export function reportJson({ postedAt, answer, doubt }: Report): object {
  if (answer === undefined) return { postedAt, doubt }
  const { audit: _, readers: __, ...result } = answer.result
  const { index, treeSize } = answer.audit
  return { postedAt, result, verified: { auditIndex: index, treeSize } }
}
