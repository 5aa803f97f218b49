// SPDX-License-Identifier: Apache-2.0
/** Finds what a person typed of a job: the agent, the job type as it was approved there, and its input. */
import { JobTypeName } from '@sallyport/core/protocol'
import { approvedManifestJobs } from '../operator/approvals.ts'
import { findAgent } from '../operator/descriptors.ts'
import { knownApproval } from '../operator/learn-approval.ts'
import type { Operator } from '../operator/operator.ts'
import { readInput } from '../operator/params.ts'
import { settleSent } from '../operator/settle.ts'
import { EXIT } from '../output/exit-codes.ts'
import { Problem } from '../output/problem.ts'
import type { Talk } from '../output/talk.ts'
import { waiting } from '../output/waiting.ts'
import type { JobAtHand } from './plan-first.ts'

/** A job as it was typed. */
export interface TypedRequest {
  readonly jobType: string
  readonly agent: string
  readonly params: readonly string[]
  readonly paramsFile?: string | undefined
}

/** The job that was typed. Throws: ERR_USAGE, ERR_PARAM, ERR_AGENT_…. */
export async function jobAtHand(
  operator: Operator,
  talk: Talk,
  request: TypedRequest,
): Promise<JobAtHand> {
  const { jobType, params, paramsFile: file } = request
  expectJobType(jobType)
  const agent = await waiting(talk, 'asking the hub', () => findAgent(operator, request.agent))
  const [plugin = '', name = ''] = jobType.split('/')
  await settleSent(operator)
  const approval = await knownApproval(operator, agent, plugin)
  const jobs = approval === undefined ? undefined : approvedManifestJobs(approval)
  const manifest = jobs?.[name]
  if (jobs !== undefined && manifest === undefined) throw unknownJob(jobType, jobs)
  const input = await readInput({ params, file, jobType, job: manifest })
  return { agent, jobType, input, manifest }
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
