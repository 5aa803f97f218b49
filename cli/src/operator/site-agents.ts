// SPDX-License-Identifier: Apache-2.0
/** The agents that a command is for: one by name, or every agent of the site. */
import { EXIT } from '../output/exit-codes.ts'
import { Problem } from '../output/problem.ts'
import { isPinned } from './agents.ts'
import type { PinnedAgent } from './agents.ts'
import { findAgent, reviewAgents } from './descriptors.ts'
import type { Operator } from './operator.ts'

/** Which agents are meant. */
export type Audience = { readonly agent: string } | { readonly isSite: true }

/** The agents, and the names of those of the site that cannot be reached yet. */
export interface AudienceAgents {
  readonly agents: readonly PinnedAgent[]
  /** Names of agents that have not enrolled, or whose keys are not believed. */
  readonly left: readonly string[]
}

/** Exactly one of `--agent` and `--site`. Throws: ERR_USAGE. */
export function audienceOf(flags: { agent?: string | undefined; site: boolean }): Audience {
  if (flags.agent !== undefined && !flags.site) return { agent: flags.agent }
  if (flags.site && flags.agent === undefined) return { isSite: true }
  throw new Problem('ERR_USAGE', 'either --agent <name> or --site says for whom this is', {
    exit: EXIT.usage,
    unharmed: 'Nothing was signed or sent.',
    remedy: 'Name one of them; see the agents:',
    commands: ['sallyport agent list'],
  })
}

/** Finds them. Throws: ERR_AGENT_UNKNOWN, ERR_AGENT_NOT_ENROLLED, ERR_AGENT_DOUBTFUL. */
export async function agentsOf(operator: Operator, audience: Audience): Promise<AudienceAgents> {
  if ('agent' in audience) return { agents: [await findAgent(operator, audience.agent)], left: [] }
  const standings = (await reviewAgents(operator)).filter(({ isRevoked }) => isRevoked !== true)
  const newestFirst = standings.toSorted((a, b) =>
    a.record.codeMadeAt > b.record.codeMadeAt ? -1 : 1,
  )
  const agents = new Map<string, PinnedAgent>()
  for (const { record, view, doubt } of newestFirst) {
    if (!isPinned(record) || view === undefined || doubt !== undefined) continue
    if (!agents.has(record.name)) agents.set(record.name, record)
  }
  const names = new Set(standings.map(({ record }) => record.name))
  const left = [...names].filter((name) => !agents.has(name))
  if (agents.size > 0) return { agents: [...agents.values()].toSorted(byName), left }
  throw new Problem('ERR_AGENT_UNKNOWN', `site ${operator.site.name} has no agent yet`, {
    exit: EXIT.usage,
    details: left.length === 0 ? {} : { 'not enrolled': left.join(', ') },
    unharmed: 'Nothing was signed or sent.',
    remedy: 'Bring one in:',
    commands: ['sallyport agent code <name of a host>'],
  })
}

/** `pve1`, or `site home (3 agents)`. */
export function audienceText(operator: Operator, audience: Audience, count: number): string {
  if ('agent' in audience) return audience.agent
  return `site ${operator.site.name} (${count} ${count === 1 ? 'agent' : 'agents'})`
}

function byName(a: PinnedAgent, b: PinnedAgent): number {
  return a.name < b.name ? -1 : 1
}
