// SPDX-License-Identifier: Apache-2.0
/** Signs a job, sends it, waits for the answer, verifies it and shows it. */
import { JobTypeName } from '@sallyport/core/protocol'
import type { PinnedAgent } from '../operator/agents.ts'
import { approvedManifestJobs, readApprovals, standingApproval } from '../operator/approvals.ts'
import { findAgent } from '../operator/descriptors.ts'
import { followJob } from '../operator/follow-job.ts'
import type { Followed } from '../operator/follow-job.ts'
import { sendJob } from '../operator/jobs.ts'
import type { Operator } from '../operator/operator.ts'
import { readInput } from '../operator/params.ts'
import { settleSent } from '../operator/settle.ts'
import { EXIT } from '../output/exit-codes.ts'
import { jobDocument } from '../output/job-document.ts'
import type { KnownJob } from '../output/known-job.ts'
import { onInterrupt } from '../output/on-interrupt.ts'
import { Problem } from '../output/problem.ts'
import type { Talk } from '../output/talk.ts'
import { waiting } from '../output/waiting.ts'
import { fingerprint, span } from '../output/words.ts'
import { showJob } from './show-job.ts'

/** What is to be run. */
export interface RunRequest {
  readonly jobType: string
  readonly agent: string
  readonly params: readonly string[]
  readonly paramsFile?: string | undefined
  readonly lifetimeMs: number
  readonly timeoutMs: number
  readonly isWaiting: boolean
}

/** Runs a job and returns the exit code. Throws: the problem of a job that did not end well. */
export async function jobRun(operator: Operator, talk: Talk, request: RunRequest): Promise<number> {
  const { jobType } = request
  expectJobType(jobType)
  const agent = await waiting(talk, 'asking the hub', () => findAgent(operator, request.agent))
  const input = await inputOf(operator, agent, request)
  const startedMs = performance.now()
  const { lifetimeMs } = request
  const sent = await waiting(talk, 'giving the job to the hub', () =>
    sendJob(operator, agent, { jobType, input, lifetimeMs }),
  )
  const key = fingerprint(operator.identity.signing.keyId)
  talk.say(
    `signed by ${operator.identity.name} (ed25519 ${key}) · sealed to ${agent.name} · valid ${span(lifetimeMs)}`,
  )
  if (!request.isWaiting) return reportSent(operator, talk, { agent, sent, startedMs })
  return showJob(talk, await follow(operator, talk, { agent, sent, startedMs }, request.timeoutMs))
}

async function inputOf(operator: Operator, agent: PinnedAgent, request: RunRequest) {
  const [plugin = '', name = ''] = request.jobType.split('/')
  await settleSent(operator)
  const records = await readApprovals(operator.home)
  const approval = standingApproval(records, agent.agentId, { plugin, nowMs: operator.now() })
  const jobs = approval === undefined ? undefined : approvedManifestJobs(approval)
  const job = jobs?.[name]
  if (jobs !== undefined && job === undefined) throw unknownJob(request.jobType, jobs)
  const { params, paramsFile: file, jobType } = request
  return readInput({ params, file, jobType, job })
}

async function follow(
  operator: Operator,
  talk: Talk,
  job: Followed,
  timeoutMs: number,
): Promise<KnownJob> {
  const { name } = job.agent
  using _leaving = onInterrupt(
    `The job goes on without you. Find it again:\n  sallyport job watch ${job.sent.job.jobId}`,
    EXIT.unknown,
  )
  // Awaited here: the handler must stand until the answer is there.
  return await waiting(talk, `waiting for ${name}`, (wait) =>
    followJob(operator, job, {
      untilMs: operator.now() + timeoutMs,
      onChange: ({ state }) =>
        wait.now(`${state === 'delivered' ? 'running on' : 'waiting for'} ${name}`),
      onSilence: () => wait.now('the hub is out of reach, asking again'),
    }),
  )
}

function reportSent(operator: Operator, talk: Talk, { sent, agent }: Followed): number {
  const { job, digest } = sent
  // Not over is no problem here: nobody wanted to wait.
  const { error: _, ...document } = jobDocument({
    job,
    digest,
    signer: operator.identity.name,
    agent,
    envelopeState: 'queued',
    times: { queuedAt: job.issuedAt, deliveredAt: null, answeredAt: null },
    answer: undefined,
    doubt: undefined,
  })
  talk.answer(document, () => `queued ${job.jobId}\n  sallyport job watch ${job.jobId}`)
  return EXIT.done
}

function expectJobType(jobType: string): void {
  if (JobTypeName.safeParse(jobType).success) return
  throw new Problem('ERR_USAGE', `${JSON.stringify(jobType)} is not a job type`, {
    exit: EXIT.usage,
    unharmed: 'Nothing was signed or sent.',
    remedy: 'It is written plugin/verb or plugin/noun.verb, as sensors/read; see what is approved:',
    commands: ['sallyport plugin list'],
  })
}

function unknownJob(jobType: string, jobs: Readonly<Record<string, { summary: string }>>): Problem {
  const [plugin] = jobType.split('/')
  return new Problem('ERR_USAGE', `the approved plugin has no job type ${jobType}`, {
    exit: EXIT.usage,
    details: Object.fromEntries(
      Object.entries(jobs).map(([name, { summary }]) => [`${plugin}/${name}`, summary]),
    ),
    unharmed: 'Nothing was signed or sent.',
    remedy: 'These are its job types.',
  })
}
