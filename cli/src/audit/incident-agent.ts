// SPDX-License-Identifier: Apache-2.0
/** Everything of some days of one agent, as an incident's folder has it. */
import type { CopiedEntry, CopyFault } from '@sallyport/core/audit'
import { keyIdOf } from '@sallyport/core/crypto'
import { decodeBase64url, documents } from '@sallyport/core/protocol'
import type { EnvelopeView } from '@sallyport/core/transport'
import { isCodedError } from '@sallyport/sdk'
import type { PinnedAgent } from '../operator/agents.ts'
import { envelopes } from '../operator/find-job.ts'
import type { Operator } from '../operator/operator.ts'
import { openJobs } from '../work/audit-copy.ts'
import { jsonLine } from './formats/json-lines.ts'
import { logFileOf } from './log-file.ts'
import { makeProof, proofMaterial } from './make-proof.ts'
import type { ProofMaterial } from './make-proof.ts'
import { readCopy } from './read-copy.ts'
import type { ReadCopy } from './read-copy.ts'
import { unusualIn } from './unusual.ts'
import type { Unusual } from './unusual.ts'

/** Envelopes that are looked through for the jobs of the days. */
const MAX_SEARCHED = 20_000

/** What the summary says of one agent. */
export interface AgentSummary {
  readonly agent: { readonly name: string; readonly agentId: string; readonly keyId: string }
  readonly entryCount: number
  readonly days: { readonly from: number; readonly to: number; readonly readableCount: number }
  readonly isWhole: boolean
  readonly faults: readonly CopyFault[]
  readonly missing: ReadCopy['missing']
  readonly behindCount: number
  readonly witnessedAt: string | null
  readonly openJobs: readonly string[]
  readonly proofCount: number
  readonly withoutProof: readonly { readonly jobId: string; readonly why: string }[]
  readonly unusual: Unusual
}

/** Takes files as they are made. */
export type WriteFile = (name: string, content: string) => Promise<void>

/** Writes the files of an agent and returns its part of the summary. */
export async function exportAgent(
  operator: Operator,
  agent: PinnedAgent,
  { sinceMs, write }: { sinceMs: number; write: WriteFile },
): Promise<AgentSummary> {
  const copy = await readCopy(operator, agent)
  const { before, days } = split(copy.entries, sinceMs)
  const material = await materialOf(operator, copy)
  await write('entries.jsonl', days.map(({ entry }) => jsonLine(agent, entry)).join(''))
  if (copy.note !== undefined) await write('head.txt', copy.note)
  const log = 'why' in material ? undefined : logFileOf(copy, material, days)
  if (log !== undefined) await write('log.json', `${JSON.stringify(log)}\n`)
  const proofs = await writeProofs(operator, copy, { days, material, write })
  const entries = (some: readonly CopiedEntry[]) => some.map(({ entry }) => entry)
  const { signingKey } = agent.identity
  const size = copy.head?.size ?? 0
  return {
    agent: {
      name: agent.name,
      agentId: agent.agentId,
      keyId: keyIdOf(decodeBase64url(signingKey)),
    },
    entryCount: size,
    days: { from: days[0]?.entry.index ?? size, to: size, readableCount: days.length },
    isWhole: copy.isWhole,
    faults: copy.faults,
    missing: copy.missing,
    behindCount: copy.behindCount,
    witnessedAt:
      copy.witnessedAtMs === undefined ? null : new Date(copy.witnessedAtMs).toISOString(),
    openJobs: openJobs(entries(copy.entries)),
    ...proofs,
    unusual: unusualIn(entries(before), entries(days)),
  }
}

/** Why by index from the first that is young enough: a clock that was set back must not take entries out of the days. */
function split(entries: readonly CopiedEntry[], sinceMs: number) {
  const at = entries.findIndex(({ entry }) => Date.parse(entry.at) >= sinceMs)
  const from = at < 0 ? entries.length : at
  return { before: entries.slice(0, from), days: entries.slice(from) }
}

/** Why a reason and no error: what can be saved is saved. */
async function materialOf(
  operator: Operator,
  copy: ReadCopy,
): Promise<ProofMaterial | { readonly why: string }> {
  try {
    return await proofMaterial(operator, copy)
  } catch (error) {
    if (isCodedError(error)) return { why: error.message }
    throw error
  }
}

async function writeProofs(
  operator: Operator,
  copy: ReadCopy,
  {
    days,
    material,
    write,
  }: {
    days: readonly CopiedEntry[]
    material: ProofMaterial | { readonly why: string }
    write: WriteFile
  },
): Promise<Pick<AgentSummary, 'proofCount' | 'withoutProof'>> {
  const wanted = jobsIn(days)
  const withoutProof: { jobId: string; why: string }[] = []
  let [proofCount, searchedCount] = [0, 0]
  for await (const view of envelopes(operator, copy.agent.agentId)) {
    if (wanted.size === 0 || ++searchedCount > MAX_SEARCHED) break
    if (!wanted.delete(view.envelopeId)) continue
    const made = 'why' in material ? material : await proofOf(operator, { view, copy, material })
    if ('why' in made) withoutProof.push({ jobId: view.envelopeId, why: made.why })
    else await write(`proofs/${view.envelopeId}.json`, made.text)
    if (!('why' in made)) proofCount += 1
  }
  const gone = [...wanted].map((jobId) => ({ jobId, why: 'the hub does not have it' }))
  return { proofCount, withoutProof: [...withoutProof, ...gone] }
}

/** Jobs that somebody of the site signed. Why not all: what nobody vouches for is proven by its entry alone. */
function jobsIn(entries: readonly CopiedEntry[]): Set<string> {
  return new Set(
    entries.flatMap(({ entry: { event, envelopeId, details } }) => {
      const isVouched = event === 'job.admitted' || typeof details['signer'] === 'string'
      return isVouched && event.startsWith('job.') && envelopeId !== undefined ? [envelopeId] : []
    }),
  )
}

async function proofOf(
  operator: Operator,
  { view, copy, material }: { view: EnvelopeView; copy: ReadCopy; material: ProofMaterial },
): Promise<{ readonly text: string } | { readonly why: string }> {
  try {
    const { proof } = await makeProof(operator, view, copy, material)
    const { payloadType } = proof.job as { payloadType: string }
    if (payloadType !== documents.job.payloadType) return { why: 'it is no job' }
    return { text: `${JSON.stringify(proof)}\n` }
  } catch (error) {
    if (isCodedError(error)) return { why: error.message }
    throw error
  }
}
