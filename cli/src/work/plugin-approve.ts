// SPDX-License-Identifier: Apache-2.0
/** Shows what a plugin may do, asks once, and sends each agent its signed approval with the bundle. */
import { approvedJobsOf } from '@sallyport/core/protocol'
import type { Approval } from '@sallyport/core/protocol'
import type { ReadBundle } from '../bundle/read-bundle.ts'
import { lastAccepted, readApprovals } from '../operator/approvals.ts'
import { approve } from '../operator/approve.ts'
import type { Approved } from '../operator/approve.ts'
import { exitOf, forEachAgent } from '../operator/each-agent.ts'
import type { AgentOutcome } from '../operator/each-agent.ts'
import type { Operator } from '../operator/operator.ts'
import { settleSent } from '../operator/settle.ts'
import { agentsOf, audienceText } from '../operator/site-agents.ts'
import type { Audience } from '../operator/site-agents.ts'
import { expectMeant, upgradeOf } from '../operator/upgrade.ts'
import { approvalScreen } from '../output/approval-screen.ts'
import type { ApprovalShown } from '../output/approval-screen.ts'
import { confirmOrStop } from '../output/confirm.ts'
import { EXIT } from '../output/exit-codes.ts'
import type { ExitCode } from '../output/exit-codes.ts'
import { onInterrupt } from '../output/on-interrupt.ts'
import { Problem } from '../output/problem.ts'
import type { Talk } from '../output/talk.ts'
import { waiting } from '../output/waiting.ts'
import { expectNotOperators } from '../publisher/identity.ts'
import { lookUp } from '../publisher/known.ts'
import type { ReadPublication } from '../publisher/publication.ts'
import { reportApprovals } from './report-approvals.ts'

/** What is to be approved, for whom, and how. */
export interface ApproveRequest {
  readonly bundle: ReadBundle
  readonly publication: ReadPublication
  readonly audience: Audience
  /** Job types that may run; all of the plugin when there are none. */
  readonly only: readonly string[]
  /** Changes that the operator says are meant. */
  readonly overrides: Approval['overrides']
  readonly lifetimeMs: number
  readonly timeoutMs: number
  readonly isAgreed: boolean
}

/** Approves a bundle and waits until each agent has answered. Returns the exit code. */
export async function pluginApprove(
  operator: Operator,
  talk: Talk,
  request: ApproveRequest,
): Promise<ExitCode> {
  const { audience, overrides, isAgreed } = request
  const shown = await waiting(talk, 'asking the hub', () => prepare(operator, request))
  const candidate = {
    plugin: pluginOf(request.bundle),
    publisher: request.publication.publication.publisher,
  }
  const screen = approvalScreen(shown, talk.aside)
  try {
    expectMeant(shown.upgrades, candidate, overrides)
  } catch (error) {
    talk.say(`${screen}\n`)
    throw error
  }
  const whom = audienceText(operator, audience, shown.upgrades.length)
  await confirmOrStop(talk, { shown: screen, question: `Approve for ${whom}?`, isAgreed })
  const outcomes = await send(operator, talk, { request, shown, whom })
  const [only] = outcomes
  if ('agent' in audience && only !== undefined && 'problem' in only) throw only.problem
  reportApprovals(talk, { shown, outcomes, overrides, isSite: !('agent' in audience) })
  return exitOf(outcomes)
}

/** Everything that is shown before the question. Throws: ERR_USAGE, ERR_PUBLISHER_KEY, ERR_AGENT_…. */
async function prepare(operator: Operator, request: ApproveRequest): Promise<ApprovalShown> {
  const { bundle, publication, only, audience } = request
  const { publisher } = publication.publication
  expectJobs(bundle, only)
  expectNotOperators(publisher, operator.site.operators)
  const { agents, left } = await agentsOf(operator, audience)
  await settleSent(operator)
  const records = await readApprovals(operator.home)
  const candidate = { plugin: pluginOf(bundle), publisher }
  const { manifest } = bundle
  return {
    bundle,
    publisher: await lookUp(operator.home, publisher),
    approvable: { manifest, jobs: approvedJobsOf(manifest, namesOf(request)) },
    upgrades: agents.map((agent) =>
      upgradeOf(agent, lastAccepted(records, agent.agentId, manifest.name), candidate),
    ),
    left,
  }
}

async function send(
  operator: Operator,
  talk: Talk,
  { request, shown, whom }: { request: ApproveRequest; shown: ApprovalShown; whom: string },
): Promise<AgentOutcome<Approved>[]> {
  const { bundle, publication, overrides, lifetimeMs, timeoutMs } = request
  using _leaving = onInterrupt(
    `The approval goes on without you; ${whom} takes it when it next asks the hub.`,
    EXIT.unknown,
  )
  const untilMs = operator.now() + timeoutMs
  const jobNames = namesOf(request)
  const order = { bundle, publication, jobNames, overrides, lifetimeMs, untilMs }
  const agents = shown.upgrades.map(({ agent }) => agent)
  return await waiting(talk, `waiting for ${whom}`, () =>
    forEachAgent(agents, (agent) => approve(operator, agent, order)),
  )
}

function namesOf({ bundle, only }: ApproveRequest): readonly string[] {
  return only.length === 0 ? Object.keys(bundle.manifest.jobs) : only
}

function pluginOf({ manifest, digest }: ReadBundle): Approval['plugin'] {
  return { name: manifest.name, version: manifest.version, digest }
}

function expectJobs({ manifest }: ReadBundle, only: readonly string[]): void {
  const unknown = only.filter((name) => !Object.hasOwn(manifest.jobs, name))
  if (unknown.length === 0) return
  throw new Problem('ERR_USAGE', `${manifest.name} has no job type ${unknown.join(', ')}`, {
    exit: EXIT.usage,
    details: Object.fromEntries(
      Object.entries(manifest.jobs).map(([name, { summary }]) => [name, summary]),
    ),
    unharmed: 'Nothing was signed or sent.',
    remedy: 'These are its job types.',
  })
}
