// SPDX-License-Identifier: Apache-2.0
/** What an agent would ask its policy about a job: one that was signed, or one that somebody might want. */
import { requesterOf } from '@sallyport/core/admission'
import { JobTypeName } from '@sallyport/core/protocol'
import type { JobManifest } from '@sallyport/sdk'
import { isPinned, readAgents } from '../operator/agents.ts'
import type { AgentRecord } from '../operator/agents.ts'
import { findEnvelope } from '../operator/find-job.ts'
import { knownApproval } from '../operator/learn-approval.ts'
import { readMail } from '../operator/mail.ts'
import type { Operator } from '../operator/operator.ts'
import { readInput } from '../operator/params.ts'
import { selfOf } from '../operator/people.ts'
import { learnAgents } from '../operator/roster.ts'
import { EXIT } from '../output/exit-codes.ts'
import { Problem } from '../output/problem.ts'
import { parsePrincipal, parseSigners, principalText } from './decide.ts'
import type { Question } from './decide.ts'
import { findJobType, readPolicySite } from './world.ts'

/** What is asked about, as it is typed. */
export interface AskedJob {
  /** Id of a job, or a job type. */
  readonly subject: string
  readonly agent?: string | undefined
  readonly params: readonly string[]
  readonly paramsFile?: string | undefined
  readonly as?: string | undefined
  /** Who would sign; whoever wants it, or who signed it, unless given. */
  readonly signers: readonly string[]
  readonly step: 'plan' | 'run'
  /** Manifests of plugins whose approval is not on record here. */
  readonly manifests: readonly string[]
}

/**
 * The question an agent would ask.
 *
 * Throws: ERR_USAGE, ERR_JOB_UNKNOWN, ERR_PARAM.
 */
export async function readQuestion(operator: Operator, asked: AskedJob): Promise<Question> {
  await learnAgents(operator)
  return JobTypeName.safeParse(asked.subject).success
    ? imagined(operator, asked)
    : signed(operator, asked)
}

/** A job that nobody has signed. */
async function imagined(operator: Operator, asked: AskedJob): Promise<Question> {
  const { subject: jobType, agent: agentName, step } = asked
  if (agentName === undefined) throw usage('--agent <name> says where the job would run')
  const agents = await readAgents(operator.home)
  const agent = agents.find(({ name }) => name === agentName)
  const job = await jobTypeOn(operator, asked, { jobType, agentName, agent })
  const source = { params: asked.params, file: asked.paramsFile, jobType, job }
  const input = await readInput(source)
  const self = selfOf(operator)
  const principal = parsePrincipal(asked.as ?? `${self.role}/${self.name}`)
  const signers = parseSigners(
    asked.signers.length === 0 ? [principalText(principal)] : asked.signers,
  )
  return { principal, jobType, job, input, step, signers, nowMs: operator.now(), agentName }
}

/**
 * A job at the hub, with everybody who signed it.
 *
 * Why at the time it was signed: when the agent judged it, only the agent knows.
 */
async function signed(operator: Operator, asked: AskedJob): Promise<Question> {
  const view = await findEnvelope(operator, asked.subject)
  const agents = await readAgents(operator.home)
  const { content, agent, doubt } = await readMail(operator, view, agents)
  if (content?.kind !== 'job' || agent === undefined) {
    throw usage(doubt ?? `${asked.subject} is no job of an agent that is known here`)
  }
  const { jobType, input, step, issuedAt } = content.job
  const agentName = agent.name
  const job = await jobTypeOn(operator, asked, { jobType, agentName, agent })
  const requester = requesterOf(content.job, content.signers)
  if (requester === undefined) throw usage(`whoever wants ${asked.subject} has not signed it`)
  const principal = asked.as === undefined ? requester : parsePrincipal(asked.as)
  const signers = asked.signers.length === 0 ? content.signers : parseSigners(asked.signers)
  const nowMs = Date.parse(issuedAt)
  return { principal, jobType, job, input, step, signers, nowMs, agentName }
}

/** The job type as the agent has it; a colleague's approval of its plugin is read back from the hub. */
async function jobTypeOn(
  operator: Operator,
  { manifests }: AskedJob,
  {
    jobType,
    agentName,
    agent,
  }: { jobType: string; agentName: string; agent: AgentRecord | undefined },
): Promise<JobManifest> {
  const { root } = operator.site.root
  const find = async (): Promise<JobManifest | undefined> =>
    findJobType(await readPolicySite(operator.home, root, manifests), agentName, jobType)
  const known = await find()
  if (known !== undefined) return known
  const [plugin = ''] = jobType.split('/')
  if (agent !== undefined && isPinned(agent)) await knownApproval(operator, agent, plugin)
  const learnt = await find()
  if (learnt !== undefined) return learnt
  throw unknownJobType(jobType)
}

function usage(why: string): Problem {
  return new Problem('ERR_USAGE', why, {
    exit: EXIT.usage,
    unharmed: 'Nothing was changed.',
    remedy: 'Name a job by its id, or a job type with the agent it would run on:',
    commands: ['sallyport policy explain sensors/host --agent <name>'],
  })
}

function unknownJobType(jobType: string): Problem {
  return new Problem('ERR_USAGE', `no plugin on record has ${jobType}`, {
    exit: EXIT.usage,
    unharmed: 'Nothing was changed.',
    remedy: 'See what is approved, or give its manifest: --manifest <manifest.json>.',
    commands: ['sallyport plugin list'],
  })
}
