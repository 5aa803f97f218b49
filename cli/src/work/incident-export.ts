// SPDX-License-Identifier: Apache-2.0
/** Saves everything of the last days into a folder: entries, proofs, heads, trust roots, policy, and what is unusual. */
import { copyFile, mkdir, rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { rootFingerprintOf } from '@sallyport/core/crypto'
import { exportAgent } from '../audit/incident-agent.ts'
import type { AgentSummary } from '../audit/incident-agent.ts'
import { incidentReadme } from '../audit/incident-readme.ts'
import { plain } from '../audit/make-proof.ts'
import { allNamesOf } from '../audit/shown-names.ts'
import { isPinned, readAgents } from '../operator/agents.ts'
import type { PinnedAgent } from '../operator/agents.ts'
import { findAgent } from '../operator/descriptors.ts'
import { readKeptPolicy } from '../operator/kept-roots.ts'
import type { Operator } from '../operator/operator.ts'
import { readNamedChain } from '../operator/roots.ts'
import { learnAgents } from '../operator/roster.ts'
import { EXIT } from '../output/exit-codes.ts'
import { fileExists } from '../output/file-exists.ts'
import { Problem } from '../output/problem.ts'
import { safeJson } from '../output/safe-text.ts'
import { pairs } from '../output/table.ts'
import type { Talk } from '../output/talk.ts'
import { waiting } from '../output/waiting.ts'
import { counted } from '../output/words.ts'

const DAY_MS = 86_400_000
const VERIFIER = fileURLToPath(new URL('../../verifier/sallyport-verify.mjs', import.meta.url))

/** What is asked for. */
export interface IncidentExportRequest {
  readonly days: number
  readonly out: string
  /** One agent; else all. */
  readonly agent?: string | undefined
}

/** Writes the folder. Throws: ERR_FILE_EXISTS, ERR_AGENT_UNKNOWN. */
export async function incidentExport(
  operator: Operator,
  talk: Talk,
  request: IncidentExportRequest,
): Promise<void> {
  const { out, days } = request
  const agents = await waiting(talk, 'asking the hub', () => agentsFor(operator, request.agent))
  await makeFolder(out)
  try {
    const nowMs = operator.now()
    const sinceMs = nowMs - days * DAY_MS
    const folders = foldersOf(agents)
    const summaries: AgentSummary[] = []
    for (const [name, agent] of folders) {
      const write = writerIn(join(out, 'agents', name))
      const work = () => exportAgent(operator, agent, { sinceMs, write })
      summaries.push(await waiting(talk, `reading the log of ${name}`, work))
    }
    const fingerprint = await writeTrust(operator, join(out, 'trust'))
    const made = { siteName: operator.site.name, days, madeAt: new Date(nowMs).toISOString() }
    const write = writerIn(out)
    await write('summary.json', `${safeJson({ ...made, agents: named(operator, summaries) })}\n`)
    await write('README.md', incidentReadme({ ...made, agents: [...folders.keys()] }))
    await copyFile(VERIFIER, join(out, 'sallyport-verify.mjs'))
    report(talk, { request, summaries, fingerprint })
  } catch (error) {
    await rm(out, { recursive: true, force: true })
    throw error
  }
}

async function agentsFor(operator: Operator, name: string | undefined): Promise<PinnedAgent[]> {
  await learnAgents(operator)
  if (name !== undefined) return [await findAgent(operator, name)]
  return (await readAgents(operator.home)).filter(isPinned)
}

/** Why the id where two have one name: a replaced agent has a log too. */
function foldersOf(agents: readonly PinnedAgent[]): Map<string, PinnedAgent> {
  const folders = new Map<string, PinnedAgent>()
  for (const agent of agents) {
    const { name, agentId } = agent
    folders.set(folders.has(name) ? `${name}-${agentId}` : name, agent)
  }
  return folders
}

/** Why never into a folder that is there: it may be all that somebody has of an older incident. */
async function makeFolder(out: string): Promise<void> {
  try {
    await mkdir(out, { mode: 0o700 })
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'EEXIST') throw fileExists(out)
    if (code !== 'ENOENT') throw error
    throw new Problem('ERR_USAGE', `there is no folder ${dirname(out)} to put it in`, {
      exit: EXIT.usage,
      unharmed: 'Nothing was written.',
      remedy: 'Make that folder, or name another place with --out.',
    })
  }
}

function writerIn(folder: string) {
  return async (name: string, content: string): Promise<void> => {
    const path = join(folder, name)
    await mkdir(dirname(path), { recursive: true, mode: 0o700 })
    await writeFile(path, content, { flag: 'wx', mode: 0o600 })
  }
}

/** Returns the fingerprint of the first root. */
async function writeTrust(operator: Operator, folder: string): Promise<string> {
  const { home } = operator
  const write = writerIn(folder)
  const chain = await readNamedChain(operator)
  await write('names.json', `${safeJson(allNamesOf(chain))}\n`)
  for (const { root, envelope } of chain) {
    await write(`root-${root.version}.json`, `${JSON.stringify(plain(envelope))}\n`)
  }
  const policy = await readKeptPolicy(home)
  if (policy !== undefined) await write('policy.json', `${JSON.stringify(plain(policy))}\n`)
  return rootFingerprintOf(chain[0]!.envelope)
}

/** Says whose a key is, by the newest root. */
function named(operator: Operator, summaries: readonly AgentSummary[]): object[] {
  const holderOf = (what: string): string | null =>
    operator.trust.find(what.replace(/^key /, ''))?.name ?? null
  return summaries.map(({ unusual, ...summary }) => ({
    ...summary,
    unusual: {
      ...unusual,
      signers: unusual.signers.map((each) => ({ ...each, holder: holderOf(each.what) })),
    },
  }))
}

function report(
  talk: Talk,
  {
    request: { out, days },
    summaries,
    fingerprint,
  }: {
    request: IncidentExportRequest
    summaries: readonly AgentSummary[]
    fingerprint: string
  },
): void {
  const agents = summaries.map(({ agent, days: { readableCount }, proofCount, faults }) => ({
    agent: agent.name,
    agentId: agent.agentId,
    entryCount: readableCount,
    proofCount,
    faults,
  }))
  const document = {
    format: 'sallyport.incident-export/1',
    folder: out,
    days,
    rootFingerprint: fingerprint,
    agents,
  }
  for (const { agent, faults } of agents) {
    for (const { liar, why } of faults) talk.warn(`the log of ${agent}: the ${liar} lies: ${why}`)
  }
  talk.answer(document, () =>
    [
      `${talk.paint.good('written')} ${out}`,
      pairs([
        ...agents.map(({ agent, entryCount, proofCount }) => {
          const what = `${counted(entryCount, 'entry', 'entries')}, ${counted(proofCount, 'proof')}`
          return [agent, what] as const
        }),
        ['root', fingerprint],
      ]),
      'What to look at first is in summary.json; how to verify it, in README.md.',
    ].join('\n'),
  )
}
