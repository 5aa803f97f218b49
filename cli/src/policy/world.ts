// SPDX-License-Identifier: Apache-2.0
/** What a policy of this site is held against: the plugins approved from this machine, and the people and agents there are. */
import { readFile } from 'node:fs/promises'
import { findPolicyProblems, makePolicySchema } from '@sallyport/core/policy'
import type { PolicyProblem, PolicyWorld } from '@sallyport/core/policy'
import { compareVersions, parseJson, parseManifest } from '@sallyport/core/protocol'
import type { TrustRoot } from '@sallyport/core/protocol'
import type { JobManifest, PluginManifest } from '@sallyport/sdk'
import type { Home } from '../home.ts'
import { readAgents } from '../operator/agents.ts'
import type { AgentRecord } from '../operator/agents.ts'
import { readApprovals } from '../operator/approvals.ts'

/** A site as policies see it. */
export interface PolicySite {
  readonly names: NonNullable<PolicyWorld['names']>
  /** Plugins by agent name; an agent has its own version of each, and of what it does not have the newest. */
  readonly manifestsOf: (agentName: string) => readonly PluginManifest[]
  readonly agents: readonly AgentRecord[]
}

const MAX_MANIFEST_BYTES = 4 * 1_024 * 1_024

/** Reads it from the records of this machine; manifest files stand in for plugins that are not approved yet. */
export async function readPolicySite(
  home: Home,
  root: TrustRoot,
  manifestFiles: readonly string[] = [],
): Promise<PolicySite> {
  const [agents, approvals] = await Promise.all([readAgents(home), readApprovals(home)])
  const given = await Promise.all(manifestFiles.map(readManifest))
  const accepted = approvals.filter(({ state }) => state !== 'refused')
  const all = [...given, ...accepted.map(({ manifest }) => manifest)]
  const own = (agentName: string): PluginManifest[] => {
    const ids = new Set(agents.flatMap((each) => (each.name === agentName ? [each.agentId] : [])))
    return accepted.filter(({ agentId }) => ids.has(agentId)).map(({ manifest }) => manifest)
  }
  const holders = (role: string): string[] => [
    ...new Set(root.keys.filter((key) => key.role === role).map(({ holder }) => holder)),
  ]
  return {
    names: {
      Operator: holders('operator'),
      Customer: holders('customer'),
      Agent: [...new Set(agents.map(({ name }) => name))],
      Site: [root.siteName],
    },
    // Approvals on record are newest first, so the first of a name is the one that counts.
    manifestsOf: (agentName) => onePerName([...given, ...own(agentName), ...newestFirst(all)]),
    agents,
  }
}

/** The problems of a policy on every agent, each once. */
export function problemsOnAgents(text: string, site: PolicySite): PolicyProblem[] {
  const names = ['', ...site.agents.map(({ name }) => name)]
  const bySchema = new Map(
    names.map((name) => {
      const manifests = site.manifestsOf(name)
      return [JSON.stringify(makePolicySchema(manifests)), manifests] as const
    }),
  )
  const all = [...bySchema.values()].flatMap((manifests) =>
    findPolicyProblems(text, { manifests, names: site.names }),
  )
  return [...new Map(all.map((problem) => [JSON.stringify(problem), problem])).values()].toSorted(
    (a, b) => a.line - b.line || a.column - b.column,
  )
}

/** The job type on an agent; undefined when no plugin on record has it. */
export function findJobType(
  site: PolicySite,
  agentName: string,
  jobType: string,
): JobManifest | undefined {
  const [plugin, name = ''] = jobType.split('/')
  const manifest = site.manifestsOf(agentName).find((each) => each.name === plugin)
  return manifest !== undefined && Object.hasOwn(manifest.jobs, name)
    ? manifest.jobs[name]
    : undefined
}

async function readManifest(file: string): Promise<PluginManifest> {
  return parseManifest(parseJson(await readFile(file), MAX_MANIFEST_BYTES))
}

function newestFirst(manifests: readonly PluginManifest[]): PluginManifest[] {
  return manifests.toSorted((a, b) => compareVersions(b.version, a.version))
}

function onePerName(manifests: readonly PluginManifest[]): PluginManifest[] {
  const byName = new Map<string, PluginManifest>()
  for (const manifest of manifests) {
    if (!byName.has(manifest.name)) byName.set(manifest.name, manifest)
  }
  return [...byName.values()]
}
