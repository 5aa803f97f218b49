// SPDX-License-Identifier: Apache-2.0
/** Shows the demo while it runs, or as one document at its end. */
import { join, relative as relativePath } from 'node:path'
import { openPlace } from '../demo/place.ts'
import type { DemoPlace } from '../demo/place.ts'
import { runDemo } from '../demo/run-demo.ts'
import type { DemoAttempt, DemoListener, DemoOutcome, DemoStep } from '../demo/run-demo.ts'
import { AGENT_NAME, passphraseFile } from '../demo/steps.ts'
import type { VerifiedAudit } from '../operator/agent-audit.ts'
import { jobDocument } from '../output/job-document.ts'
import { jobProblem } from '../output/job-problem.ts'
import type { KnownJob } from '../output/known-job.ts'
import { present } from '../output/present.ts'
import { problemJson } from '../output/problem.ts'
import { problemScreen } from '../output/problem-screen.ts'
import type { Talk } from '../output/talk.ts'
import { wayOf, wayScreen } from '../output/way.ts'
import { count, span } from '../output/words.ts'
import { PROGRAM_FOLDER } from '../program.ts'
import { auditDocument, auditScreen } from './audit.ts'

/** Everything the demo showed. */
interface Seen {
  readonly steps: DemoStep[]
  readonly jobs: KnownJob[]
  audit?: VerifiedAudit
  attempt?: DemoAttempt
}

/** Runs the demo; with `isKept` hub and agent stay. */
export async function demo(talk: Talk, { isKept }: { isKept: boolean }): Promise<void> {
  const startedMs = performance.now()
  await using place = await openPlace()
  const seen: Seen = { steps: [], jobs: [] }
  const show = (text: string) => void (talk.manner.isJson || process.stdout.write(`${text}\n`))
  show(`everything happens in ${place.folder}${isKept ? '' : ', which is removed at the end'}\n`)
  const outcome = await runDemo(place, listenerOf(seen, show, talk))
  const totalMs = Math.round(performance.now() - startedMs)
  if (isKept) place.keep()
  talk.answer(demoDocument(seen, { place, outcome, totalMs, isKept }), () =>
    [
      `\n${talk.paint.good('done')} in ${span(totalMs)}`,
      ...(isKept
        ? [keptScreen(place, outcome)]
        : ['hub and agent are stopped, the folder is removed']),
    ].join('\n'),
  )
}

function listenerOf(seen: Seen, show: (text: string) => void, talk: Talk): DemoListener {
  const { paint } = talk
  return {
    onStep(step) {
      seen.steps.push(step)
      show(`  ${step.step.padEnd(9)}  ${span(step.ms).padStart(6)}   ${step.note}`)
    },
    onJob(job) {
      seen.jobs.push(job)
      const steps = wayScreen(wayOf(job.times, job.answer!), paint)
      const total = `  ${span(job.times.totalMs ?? 0)} in all, the answer signed by ${AGENT_NAME} and proved in its audit log`
      const output = present(job.answer!.result.output ?? null, paint)
      show(
        `\n${paint.strong(`sallyport job run ${job.job.jobType} --agent ${AGENT_NAME}`)}\n${steps}\n${total}\n\n${output}`,
      )
    },
    onAttempt(attempt) {
      seen.attempt = attempt
      show(
        `\n${paint.strong('a job is altered in the database of the hub, while the agent is away')}`,
      )
      show(
        `  1 of ${count(attempt.sealedCharacters)} sealed characters was changed; the agent came back and took it:\n`,
      )
      const problem = jobProblem(attempt.job)
      show(problem === undefined ? paint.bad('it ran') : problemScreen(problem, paint))
    },
    onAudit(audit) {
      seen.audit = audit
      show(`\n${paint.strong('sallyport audit verify')}\n${auditScreen(audit, paint)}`)
    },
  }
}

function demoDocument(
  { steps, jobs, audit, attempt }: Seen,
  ended: { place: DemoPlace; outcome: DemoOutcome; totalMs: number; isKept: boolean },
): object {
  const { place, outcome, totalMs, isKept } = ended
  const problem = attempt === undefined ? undefined : jobProblem(attempt.job)
  return {
    format: 'sallyport.demo/1',
    folder: place.folder,
    isKept,
    hub: { url: outcome.hub.url, pid: outcome.hub.pid },
    agent: { name: AGENT_NAME, pid: outcome.agent.pid },
    steps: steps.map(({ step, ms }) => ({ step, ms })),
    jobs: jobs.map(jobDocument),
    audit: audit === undefined ? null : auditDocument(audit),
    attempt: {
      jobId: attempt?.job.job.jobId ?? null,
      sealedCharacters: attempt?.sealedCharacters ?? null,
      refusal: problem === undefined ? null : problemJson(problem),
    },
    totalMs,
  }
}

function keptScreen({ folder, home }: DemoPlace, { hub, agent }: DemoOutcome): string {
  const program = relativePath(process.cwd(), join(PROGRAM_FOLDER, 'bin', 'sallyport'))
  return [
    'hub and agent go on. Try next:',
    `  export SALLYPORT_HOME=${folder} SALLYPORT_PASSPHRASE_FILE=${passphraseFile(folder)}`,
    `  ${program} agent list`,
    `  ${program} job run sensors/host --agent ${AGENT_NAME}`,
    `  ${program} job list`,
    `  ${program} audit show --state-dir ${home.agent}`,
    'When you have seen enough:',
    `  kill ${agent.pid} ${hub.pid} && rm -r ${folder}`,
  ].join('\n')
}
