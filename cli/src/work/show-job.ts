// SPDX-License-Identifier: Apache-2.0
/** Prints a job and its answer, or ends in the problem that it is. */
import { Plan } from '@sallyport/core/protocol'
import { EXIT } from '../output/exit-codes.ts'
import { jobDocument } from '../output/job-document.ts'
import { jobProblem } from '../output/job-problem.ts'
import { verdictLine } from '../output/verdict.ts'
import type { KnownJob } from '../output/known-job.ts'
import { planLines } from '../output/plan-screen.ts'
import { present } from '../output/present.ts'
import type { Talk } from '../output/talk.ts'
import { wayOf, wayScreen } from '../output/way.ts'
import { short, span } from '../output/words.ts'

/** What the job returned. What a job returned that only planned is a plan, unless its agent is of another version. */
function outputScreen({ job, answer }: KnownJob, paint: Talk['paint']): string {
  const output = answer!.result.output ?? null
  const plan = job.step === 'plan' ? Plan.safeParse(output) : undefined
  return plan?.success === true ? planLines(plan.data, paint).join('\n') : present(output, paint)
}

/**
 * Shows how a job ended and returns the exit code.
 *
 * Throws: under people's eyes the problem of a job that did not end well, or that a second look contradicts, after its
 * output; with `--json` the problem is in the document.
 */
export function showJob(talk: Talk, known: KnownJob): number {
  const problem = jobProblem(known)
  const { answer, times, job, agent } = known
  if (answer !== undefined) talk.say(wayScreen(wayOf(times, answer), talk.aside))
  if (talk.manner.isJson) {
    talk.answer(jobDocument(known), () => '')
    return problem?.exit ?? EXIT.done
  }
  if (problem !== undefined && answer?.result.state !== 'done') throw problem
  if (times.totalMs !== undefined) talk.say(`${talk.aside.good('done')} in ${span(times.totalMs)}`)
  talk.say('')
  talk.answer({}, () => outputScreen(known, talk.paint))
  const verification = answer?.result.verification
  if (verification !== undefined) talk.say(`\n${verdictLine(verification, talk.aside)}`)
  talk.say(
    `\nresult signed by ${agent?.name ?? job.agentId} · job ${talk.aside.dim(short(job.jobId))}`,
  )
  if (problem !== undefined) throw problem
  return EXIT.done
}
