// SPDX-License-Identifier: Apache-2.0
/** Shows how a cluster is, from the report of the one agent that leads in it. */
import { setTimeout as delay } from 'node:timers/promises'
import type { PinnedAgent } from '../operator/agents.ts'
import type { Operator } from '../operator/operator.ts'
import { runOne } from '../operator/run-one.ts'
import { agentsOf } from '../operator/site-agents.ts'
import { EXIT } from '../output/exit-codes.ts'
import { Problem } from '../output/problem.ts'
import type { Talk } from '../output/talk.ts'
import { waiting } from '../output/waiting.ts'
import { readReport, type ClusterReport } from '../proxmox/report.ts'
import { DRAWN_SAMPLES, topScreen } from '../proxmox/top-screen.ts'

/** What to show. */
export interface TopRequest {
  /** The agent to ask; without it the one that leads among all of the site. */
  readonly agent?: string | undefined
  /** Again and again with this pause, until stopped; once unless given. */
  readonly everyMs?: number | undefined
  readonly timeoutMs: number
}

type Reported = ClusterReport & { readonly report: NonNullable<ClusterReport['report']> }

/** Shows the cluster once, or again and again. */
export async function clusterTop(
  operator: Operator,
  talk: Talk,
  request: TopRequest,
): Promise<void> {
  for (;;) {
    const { agent, output, reported } = await waiting(talk, 'asking for the report', () =>
      askLead(operator, request),
    )
    const document = { format: 'sallyport.cluster-top/1', agent: agent.name, ...asObject(output) }
    talk.event(document, () => topScreen(reported.report, reported.history ?? [], talk.paint))
    if (request.everyMs === undefined) return
    await delay(request.everyMs)
    talk.say('')
  }
}

interface Answered {
  readonly agent: PinnedAgent
  readonly output: unknown
  readonly reported: Reported
}

/** Why at most two questions: whoever is asked first knows who leads. */
async function askLead(operator: Operator, request: TopRequest): Promise<Answered> {
  const audience =
    request.agent === undefined ? { isSite: true as const } : { agent: request.agent }
  const { agents } = await agentsOf(operator, audience)
  const among = request.agent === undefined ? { among: agents.map(({ name }) => name) } : {}
  const ask = async (agent: PinnedAgent) => {
    const input = { ...among, samples: DRAWN_SAMPLES }
    const job = { jobType: 'proxmox/cluster.report', input, timeoutMs: request.timeoutMs }
    const output = await runOne(operator, agent, job)
    return { agent, output, reported: readReport(output) }
  }
  const first = await ask(agents[0]!)
  const { lead } = first.reported
  const leading = agents.find(({ name }) => name === lead)
  const answered =
    first.reported.report === undefined && leading !== undefined ? await ask(leading) : first
  const { report } = answered.reported
  if (report !== undefined) return { ...answered, reported: { ...answered.reported, report } }
  throw nobodyLeads(lead)
}

function nobodyLeads(lead: string | null): Problem {
  return new Problem('ERR_NO_LEAD', 'no agent leads in this cluster', {
    exit: EXIT.failed,
    details: { lead: lead ?? 'none of the nodes with an agent is online' },
    unharmed: 'Nothing was changed.',
    remedy: 'Agents lead by the name of their node; name one that shall report:',
    commands: ['sallyport cluster top --agent <name>'],
  })
}

function asObject(output: unknown): object {
  return typeof output === 'object' && output !== null ? output : {}
}
