// SPDX-License-Identifier: Apache-2.0
/** The copy of an agent's log at the hub, read and held against everything that this person knows for sure. */
import { auditOrigin, openCopy } from '@sallyport/core/audit'
import type { AuditCopy, CopyFault, CopyReport } from '@sallyport/core/audit'
import { open } from '@sallyport/core/crypto'
import { decodeBase64url, encodeBase64url } from '@sallyport/core/protocol'
import { WIRE } from '@sallyport/core/transport'
import { isCodedError } from '@sallyport/sdk'
import type { PinnedAgent } from '../operator/agents.ts'
import { knownHead } from '../operator/heads.ts'
import { holdHub } from '../operator/hub-log.ts'
import type { Operator } from '../operator/operator.ts'

/** Pages of one log. Why a bound: the hub says how many there are. */
const MAX_PAGES = 4_096

/** A copy that was opened, and the note under which it lies. */
export interface ReadCopy extends CopyReport {
  readonly agent: PinnedAgent
  readonly note: string | undefined
  /** Key of the hub that it is held to, base64url. */
  readonly hubKey: string
}

/**
 * Reads the copy of an agent's log.
 *
 * Trust: believes the agent's pinned key, heads that came with results, and the hub's key as the trust root names it,
 * else as the hub showed it first. Everything that does not fit is a fault with a name.
 */
export async function readCopy(operator: Operator, agent: PinnedAgent): Promise<ReadCopy> {
  const { key, faults } = await holdHub(operator)
  const copy = await fetchCopy(operator, agent.agentId)
  const known = await knownHead(operator.home, agent.agentId)
  const report = await openCopy(copy, {
    origin: auditOrigin(agent.agentId),
    publicKey: decodeBase64url(agent.identity.signingKey),
    knownCheckpoints: known === undefined ? [] : [known],
    hubKey: decodeBase64url(key),
    reader: encodeBase64url(operator.identity.sealing.publicKey),
    open: (sealed) => openForMe(operator, sealed),
  })
  const all = [...faults, ...report.faults, ...copy.forks]
  const isWhole = report.isWhole && all.length === 0
  return { ...report, isWhole, faults: all, agent, note: copy.head?.note, hubKey: key }
}

async function fetchCopy(
  { hub }: Operator,
  agentId: string,
): Promise<AuditCopy & { readonly forks: CopyFault[] }> {
  const segments: AuditCopy['segments'][] = []
  let forks: CopyFault[] = []
  let head: AuditCopy['head'] = null
  let from: number | null = 0
  for (let page = 0; from !== null && page < MAX_PAGES; page += 1) {
    const answer: Awaited<ReturnType<typeof hub.readAudit>> = await hub.readAudit(agentId, from)
    segments.push(answer.segments)
    head = answer.head
    forks = answer.forks.map(() => FORKED)
    from = answer.nextFrom
  }
  return { head, segments: segments.flatMap((each) => [...each]), forks: forks.slice(0, 1) }
}

/** The hub keeps both heads of a fork. Why the agent is named: its key signed both. */
const FORKED: CopyFault = {
  liar: 'agent',
  why: 'its key signed two histories, so a copy of its state directory is running somewhere',
}

/** Undefined for a part that is sealed to others. */
async function openForMe({ identity }: Operator, sealed: string): Promise<Uint8Array | undefined> {
  try {
    return await open(sealed, identity.sealing, WIRE.maxSealedBytes)
  } catch (error) {
    if (isCodedError(error) && error.code === 'ERR_NOT_A_READER') return undefined
    throw error
  }
}
