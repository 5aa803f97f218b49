// SPDX-License-Identifier: Apache-2.0
/** The problem that a job is when it did not end well, or not yet. */
import { REFUSALS } from '@sallyport/core/protocol'
import { z } from 'zod'
import type { VerifiedResult } from '../operator/results.ts'
import { EXIT } from './exit-codes.ts'
import { jobCommand } from './job-command.ts'
import { stateOf } from './known-job.ts'
import type { KnownJob } from './known-job.ts'
import { Problem } from './problem.ts'
import { span } from './words.ts'

/** The problem of a job that did not end well or is not over; undefined for one that is done. */
export function jobProblem(known: KnownJob): Problem | undefined {
  const { answer, job } = known
  if (answer === undefined) return openProblem(known)
  const { result } = answer
  const by = known.agent?.name ?? job.agentId
  const show = [`sallyport job show ${job.jobId}`]
  if (result.state === 'refused') return driftProblem(known, by) ?? refusalProblem(result, by)
  if (result.failure === undefined) return contradiction(known, result)
  const { code, message, details } = result.failure
  if (result.state === 'interrupted') {
    return new Problem(code, `${job.jobType} was interrupted on ${by}: ${message}`, {
      exit: EXIT.unknown,
      details,
      unharmed: 'It is not run again by itself.',
      remedy: 'Look at the host, then decide whether to run it anew; what is known of it:',
      commands: show,
    })
  }
  return new Problem(code, `${job.jobType} failed on ${by}: ${message}`, {
    exit: EXIT.failed,
    details,
    unharmed: 'The agent goes on; the failure is in its audit log.',
    remedy: result.failure.retryable
      ? 'It may succeed when it is run again.'
      : 'What is known of it:',
    commands: result.failure.retryable ? [] : show,
  })
}

/** Why a problem although the job is done: whoever relies on the exit code must hear that the world is not as it says. */
function contradiction(
  { job, agent }: KnownJob,
  { verification }: VerifiedResult['result'],
): Problem | undefined {
  if (verification?.verdict !== 'contradicted') return undefined
  const by = agent?.name ?? job.agentId
  const what = `${job.jobType} said it was done on ${by}, and a second look says otherwise`
  return new Problem('ERR_CONTRADICTED', `${what}: ${verification.message}`, {
    exit: EXIT.failed,
    unharmed: 'The job ran once and is not run again; output and verdict are signed.',
    remedy: 'Look at the host before you rely on the output; what is known of the job:',
    commands: [`sallyport job show ${job.jobId}`],
  })
}

/** What a plan that no longer holds says of each place: its form is the agent's word. */
const Differences = z.array(z.object({ path: z.string(), signed: z.string(), found: z.string() }))

/** The problem of a signed plan that no longer holds; undefined for any other refusal. */
function driftProblem({ job, answer }: KnownJob, by: string): Problem | undefined {
  const { reason, details } = answer!.result.refusal!
  const differences = Differences.safeParse(details['differences'])
  if (reason !== 'plan_drifted' || !differences.success) return undefined
  const shown = differences.data.map(({ path, signed, found }) => [
    path,
    `signed ${signed}, found ${found}`,
  ])
  return new Problem(reason, `refused by ${by}: the plan no longer holds`, {
    exit: EXIT.refused,
    details: Object.fromEntries(shown) as Record<string, string>,
    unharmed: 'Nothing was changed.',
    remedy: 'Look again and sign the new plan:',
    commands: [jobCommand('plan', { jobType: job.jobType, agent: by, input: job.input })],
  })
}

/** The problem of a refusal, with the reason's own remedy. */
export function refusalProblem(result: VerifiedResult['result'], by: string): Problem {
  const { reason, details } = result.refusal!
  const { meaning, remedy } = REFUSALS[reason]
  return new Problem(reason, `refused by ${by}: ${lowerFirst(meaning).replace(/\.$/, '')}`, {
    exit: EXIT.refused,
    details,
    unharmed: 'Nothing was done on the host; the refusal is in its audit log.',
    remedy,
  })
}

function openProblem(known: KnownJob): Problem {
  const { job, times } = known
  const by = known.agent?.name ?? job.agentId
  const watch = [`sallyport job watch ${job.jobId}`]
  const waited = times.totalMs === undefined ? '' : ` after ${span(times.totalMs)}`
  switch (stateOf(known)) {
    case 'queued':
      return new Problem('ERR_NOT_DELIVERED', `${by} has not fetched the job${waited}`, {
        exit: EXIT.unreachable,
        details: { 'valid until': job.expiresAt },
        unharmed: 'Nothing was done yet; the agent will run it if it comes before then.',
        remedy: 'See whether the agent runs; wait for it with:',
        commands: watch,
      })
    case 'delivered':
      return new Problem('ERR_NO_ANSWER', `${by} has fetched the job and not answered${waited}`, {
        exit: EXIT.unknown,
        unharmed: 'It runs at most once, whatever happens now.',
        remedy: 'It may still be running; wait for it with:',
        commands: watch,
      })
    case 'expired':
      return new Problem('ERR_EXPIRED', `${by} did not answer before the job expired`, {
        exit: times.deliveredAt === null ? EXIT.unreachable : EXIT.unknown,
        details: { expired: job.expiresAt },
        unharmed:
          times.deliveredAt === null
            ? 'It was not fetched, and an agent refuses it from now on.'
            : 'It was fetched; an agent that had not begun refuses it from now on.',
        remedy: 'See whether the agent runs, then run the job anew.',
      })
    default:
      return new Problem('ERR_RESULT_UNVERIFIED', known.doubt ?? 'the answer cannot be verified', {
        exit: EXIT.unknown,
        unharmed: 'The job may have run: its true record is the audit log on the host.',
        remedy: 'Find out who altered the answer; on the host:',
        commands: ['sallyport audit verify', 'sallyport audit show'],
      })
  }
}

function lowerFirst(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1)
}
