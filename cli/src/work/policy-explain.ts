// SPDX-License-Identifier: Apache-2.0
/** Says which rule decides over a job: one that was signed, or one that somebody might want. */
import { JobTypeName } from '@sallyport/core/protocol'
import { isPinned, readAgents } from '../operator/agents.ts'
import { findEnvelope } from '../operator/find-job.ts'
import { readMail } from '../operator/mail.ts'
import type { Operator } from '../operator/operator.ts'
import { readInput } from '../operator/params.ts'
import { selfOf } from '../operator/people.ts'
import { EXIT } from '../output/exit-codes.ts'
import type { ExitCode } from '../output/exit-codes.ts'
import { Problem } from '../output/problem.ts'
import type { Talk } from '../output/talk.ts'
import { expectPolicy, syncPolicy } from '../policy/current.ts'
import { explain, parsePrincipal, principalText } from '../policy/decide.ts'
import type { Question } from '../policy/decide.ts'
import { decisionJson, decisionScreen } from '../policy/decision-screen.ts'
import { readPolicyFile } from '../policy/policy-file.ts'
import { findJobType, readPolicySite } from '../policy/world.ts'
import type { PolicySite } from '../policy/world.ts'

/** What is to be explained. */
export interface ExplainRequest {
  /** Id of a job, or a job type. */
  readonly subject: string
  readonly agent?: string | undefined
  readonly params: readonly string[]
  readonly paramsFile?: string | undefined
  readonly as?: string | undefined
  readonly signers: readonly string[]
  readonly step: 'plan' | 'run'
  /** A policy file instead of the policy that counts. */
  readonly file?: string | undefined
}

/** Decides and explains; refused when it is denied. */
export async function policyExplain(
  operator: Operator,
  talk: Talk,
  request: ExplainRequest,
): Promise<ExitCode> {
  const { root } = operator.site.root
  const site = await readPolicySite(operator.home, root)
  const question = JobTypeName.safeParse(request.subject).success
    ? await imagined(operator, site, request)
    : await signed(operator, site, request)
  const text = await textOf(operator, request.file)
  const explained = explain(text, root.siteName, question)
  const { principal, jobType, agentName, step, input } = question
  const asked = { principal: principalText(principal), jobType, agent: agentName, step, input }
  talk.answer({ format: 'sallyport.policy-explain/1', ...asked, ...decisionJson(explained) }, () =>
    decisionScreen(question, explained, talk.paint),
  )
  return explained.decision.allowed ? EXIT.done : EXIT.refused
}

async function textOf(operator: Operator, file: string | undefined): Promise<string> {
  if (file !== undefined) return (await readPolicyFile(file)).text
  await syncPolicy(operator)
  return (await expectPolicy(operator.home)).policy.text
}

/** A job that nobody has signed. */
async function imagined(
  operator: Operator,
  site: PolicySite,
  request: ExplainRequest,
): Promise<Question> {
  const { subject: jobType, agent: agentName, step } = request
  if (agentName === undefined) throw usage('--agent <name> says where the job would run')
  const job = findJobType(site, agentName, jobType)
  if (job === undefined) throw unknownJobType(jobType)
  const source = { params: request.params, file: request.paramsFile, jobType, job }
  const input = await readInput(source)
  const self = selfOf(operator)
  const principal = parsePrincipal(request.as ?? `${self.role}/${self.name}`)
  const typed = request.signers.length === 0 ? [principalText(principal)] : request.signers
  const signers = typed
    .map(parsePrincipal)
    .filter(({ kind }) => kind === 'Operator' || kind === 'Customer')
    .map(({ kind, name }) => ({ name, role: kind.toLowerCase() }))
  return { principal, jobType, job, input, step, signers, nowMs: operator.now(), agentName }
}

/** A job at the hub. Why at the time it was signed: when the agent judged it, only the agent knows. */
async function signed(
  operator: Operator,
  site: PolicySite,
  request: ExplainRequest,
): Promise<Question> {
  const view = await findEnvelope(operator, request.subject)
  const agents = await readAgents(operator.home)
  const { content, agent, doubt } = await readMail(operator, view, agents)
  if (content?.kind !== 'job' || agent === undefined || !isPinned(agent)) {
    throw usage(doubt ?? `${request.subject} is no job`)
  }
  const { jobType, input, step, requestedBy, issuedAt } = content.job
  const job = findJobType(site, agent.name, jobType)
  if (job === undefined) throw unknownJobType(jobType)
  const key = operator.trust.find(requestedBy)
  const name = key?.name ?? content.signer
  const role = key?.role === 'customer' ? 'customer' : 'operator'
  const principal = parsePrincipal(request.as ?? `${role}/${name}`)
  const signers = [{ name, role }]
  const nowMs = Date.parse(issuedAt)
  return { principal, jobType, job, input, step, signers, nowMs, agentName: agent.name }
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
    remedy: 'See what is approved:',
    commands: ['sallyport plugin list'],
  })
}
