// SPDX-License-Identifier: Apache-2.0
/** Shows one job, all of it, or follows it until it is over. */
import type { EnvelopeView } from '@sallyport/core/transport'
import { waitForAnswer } from '../operator/answers.ts'
import { findEnvelope } from '../operator/find-job.ts'
import { readKnownJob } from '../operator/known-jobs.ts'
import type { Operator } from '../operator/operator.ts'
import { EXIT } from '../output/exit-codes.ts'
import { jobDocument } from '../output/job-document.ts'
import { jobProblem } from '../output/job-problem.ts'
import { stateOf } from '../output/known-job.ts'
import type { KnownJob } from '../output/known-job.ts'
import { onInterrupt } from '../output/on-interrupt.ts'
import { planLines } from '../output/plan-screen.ts'
import { present } from '../output/present.ts'
import { Problem } from '../output/problem.ts'
import { pairs } from '../output/table.ts'
import type { Talk } from '../output/talk.ts'
import { waiting } from '../output/waiting.ts'
import { relative, short } from '../output/words.ts'
import { showJob } from './show-job.ts'

/** Shows a job: what was signed, then how it ended. */
export async function jobShow(operator: Operator, talk: Talk, typed: string): Promise<number> {
  const known = await waiting(talk, 'asking the hub', async () =>
    expectJob(operator, await findEnvelope(operator, typed)),
  )
  if (!talk.manner.isJson) process.stdout.write(`${signedScreen(known, operator.now(), talk)}\n`)
  return showJob(talk, known)
}

/** Follows a job: a line for each change, then its end. With `--json` one line of JSON for each. */
export async function jobWatch(
  operator: Operator,
  talk: Talk,
  { typed, timeoutMs }: { typed: string; timeoutMs: number },
): Promise<number> {
  const first = await findEnvelope(operator, typed)
  const { envelopeId } = first
  using _leaving = onInterrupt(
    `The job goes on without you. Find it again:\n  sallyport job watch ${envelopeId}`,
    EXIT.unknown,
  )
  tell(talk, first)
  let shown = first.state
  const last = await waiting(talk, 'waiting for the answer', () =>
    waitForAnswer(operator, envelopeId, {
      untilMs: operator.now() + timeoutMs,
      onChange: (view) => {
        if (view.state !== shown) tell(talk, view)
        shown = view.state
      },
    }),
  )
  const known = await expectJob(operator, last ?? first)
  if (!talk.manner.isJson) return showJob(talk, known)
  talk.event(jobDocument(known), () => '')
  return jobProblem(known)?.exit ?? EXIT.done
}

function tell(talk: Talk, view: EnvelopeView): void {
  const { envelopeId, state, queuedAt, deliveredAt, answeredAt } = view
  const at = answeredAt ?? deliveredAt ?? queuedAt
  const document = { format: 'sallyport.job-event/1', jobId: envelopeId, state, at }
  if (talk.manner.isJson) talk.event(document, () => '')
  else talk.say(`${state.padEnd(9)}  ${relative(Date.parse(at), Date.now())}`)
}

async function expectJob(operator: Operator, view: EnvelopeView): Promise<KnownJob> {
  const known = await readKnownJob(operator, view)
  if (known !== undefined) return known
  throw new Problem('ERR_JOB_UNKNOWN', `${short(view.envelopeId)} is an approval, not a job`, {
    exit: EXIT.usage,
    unharmed: 'Nothing was changed.',
    remedy: 'See what is approved:',
    commands: ['sallyport plugin list'],
  })
}

function signedScreen(known: KnownJob, nowMs: number, talk: Talk): string {
  const { job, agent, signer, digest } = known
  const input = Object.keys(job.input).length === 0 ? 'none' : `\n${present(job.input, talk.paint)}`
  return [
    `${talk.paint.strong(job.jobType)} on ${agent?.name ?? job.agentId}: ${stateOf(known)}`,
    pairs([
      ['job', job.jobId],
      [
        'signed',
        `by ${signer}, ${relative(Date.parse(job.issuedAt), nowMs)}, valid until ${job.expiresAt}`,
      ],
      ['digest', digest],
      ['input', input],
      ...(job.step === 'plan' ? [['step', 'only plans'] as const] : []),
      ...(job.plan === null
        ? []
        : [['signed plan', `\n${planLines(job.plan, talk.paint).join('\n')}`] as const]),
    ]),
    '',
  ].join('\n')
}
