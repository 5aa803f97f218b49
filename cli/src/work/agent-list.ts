// SPDX-License-Identifier: Apache-2.0
/** Shows the agents, pinning those whose code's proof has arrived. */
import { keyIdOf } from '@sallyport/core/crypto'
import { decodeBase64url } from '@sallyport/core/protocol'
import { isPinned } from '../operator/agents.ts'
import type { AgentRecord } from '../operator/agents.ts'
import { reviewAgents } from '../operator/descriptors.ts'
import type { AgentStanding } from '../operator/descriptors.ts'
import { hubFaults } from '../operator/hub-faults.ts'
import type { HubFault } from '../operator/hub-faults.ts'
import type { Operator } from '../operator/operator.ts'
import { learnAgents, publishRoster } from '../operator/roster.ts'
import { EXIT } from '../output/exit-codes.ts'
import type { Paint } from '../output/paint.ts'
import { safeText } from '../output/safe-text.ts'
import { table } from '../output/table.ts'
import type { Talk } from '../output/talk.ts'
import { waiting } from '../output/waiting.ts'
import { fingerprint, relative } from '../output/words.ts'

/** After this time without a poll an agent is shown as silent. */
const SILENT_AFTER_MS = 120_000

type Standing =
  | 'online'
  | 'silent'
  | 'enrolled'
  | 'waiting'
  | 'code given'
  | 'code expired'
  | 'replaced'
  | 'revoked'
  | 'TWINS'
  | 'DOUBTFUL'

/** Lists the agents; the exit code says refused when the keys of one, or the hub, are not believed. */
export async function agentList(operator: Operator, talk: Talk): Promise<number> {
  const { standings, faults } = await waiting(talk, 'asking the hub', async () => {
    await learnAgents(operator)
    const reviewed = await reviewAgents(operator)
    await publishRoster(operator)
    return { standings: reviewed, faults: await hubFaults(operator) }
  })
  const nowMs = operator.now()
  const document = {
    format: 'sallyport.agent-list/1',
    agents: standings.map((each) => agentJson(each, standingOf(each, standings, nowMs))),
    hub: { faults },
  }
  talk.answer(document, () => {
    const table =
      standings.length === 0
        ? 'no agents yet; bring one in:\n  sallyport agent code <name of a host>'
        : agentTable(standings, nowMs, talk.paint)
    return [table, ...hubLines(faults, talk.paint)].join('\n')
  })
  const isDoubtful = faults.length > 0 || standings.some(({ doubt }) => doubt !== undefined)
  return isDoubtful ? EXIT.refused : EXIT.done
}

/** What a hub whose database is older, or another one, does not have any more. */
function hubLines(faults: readonly HubFault[], paint: Paint): string[] {
  if (faults.length === 0) return []
  return [
    ...faults.map(
      ({ what, why }) => `${paint.bad('the hub is not believed')}: its ${what}: ${why}`,
    ),
    'Its database was set back, exchanged or edited. Agents believe none of it; compare: sallyport audit verify',
  ]
}

function agentTable(standings: readonly AgentStanding[], nowMs: number, paint: Paint): string {
  const columns = ['name', 'state', 'seen', 'host', 'version', 'key'].map((head) => ({ head }))
  const rows = standings.map((each) => {
    const { record, view } = each
    return [
      record.name,
      stateText(standingOf(each, standings, nowMs), paint),
      view?.lastSeenAt == null ? '–' : relative(Date.parse(view.lastSeenAt), nowMs),
      safeText(record.hostname ?? '–'),
      safeText(record.agentVersion ?? '–'),
      paint.dim(isPinned(record) ? fingerprint(keyOf(record.identity.signingKey)) : '–'),
    ]
  })
  const named = (wanted: Standing) =>
    standings.filter((each) => standingOf(each, standings, nowMs) === wanted)
  const doubts = standings.filter(({ doubt }) => doubt !== undefined)
  return [
    table(columns, rows, paint),
    ...named('waiting').map(
      ({ record }) => `${record.name} waits to be let in: sallyport agent confirm ${record.name}`,
    ),
    ...named('TWINS').map(
      ({ record }) =>
        `${paint.bad(`two run as ${record.name}`)}, and both are stopped: remove one, then sallyport agent release ${record.name}`,
    ),
    ...doubts.map(
      ({ record, doubt }) => `${paint.bad(`${record.name} is not believed`)}: ${safeText(doubt)}`,
    ),
  ].join('\n')
}

function standingOf(
  { record, view, doubt, isRevoked }: AgentStanding,
  all: readonly AgentStanding[],
  nowMs: number,
): Standing {
  if (doubt !== undefined) return 'DOUBTFUL'
  const isReplaced = all.some((other) => isReplacedBy(record, other.record))
  const isRenamed = all.some(({ record: other }) => other.replaces?.includes(record.agentId))
  const isSentAway = record.revokedAt !== undefined && !isRenamed
  if (isRevoked) return isReplaced && !isSentAway ? 'replaced' : 'revoked'
  if (view?.standing === 'twins') return 'TWINS'
  if (view?.standing === 'waiting') return 'waiting'
  if (!isPinned(record))
    return Date.parse(record.codeExpiresAt) < nowMs ? 'code expired' : 'code given'
  if (isReplaced) return 'replaced'
  if (view?.lastSeenAt == null) return 'enrolled'
  return nowMs - Date.parse(view.lastSeenAt) < SILENT_AFTER_MS ? 'online' : 'silent'
}

/** Jobs for a name go to the newest agent that has it. */
function isReplacedBy(record: AgentRecord, other: AgentRecord): boolean {
  if (!isPinned(other)) return false
  if (other.replaces?.includes(record.agentId) === true) return true
  return other.name === record.name && other.codeMadeAt > record.codeMadeAt
}

function stateText(standing: Standing, paint: Paint): string {
  if (standing === 'online') return paint.good(standing)
  const isBad = standing === 'DOUBTFUL' || standing === 'TWINS'
  return isBad ? paint.bad(standing) : paint.warn(standing)
}

function agentJson({ record, view, doubt }: AgentStanding, standing: Standing): object {
  return {
    name: record.name,
    agentId: record.agentId,
    state: standing.toLowerCase(),
    keyId: isPinned(record) ? keyOf(record.identity.signingKey) : null,
    hostname: record.hostname,
    version: record.agentVersion,
    pinnedAt: record.pinnedAt,
    enrolledAt: view?.enrolledAt ?? null,
    lastSeenAt: view?.lastSeenAt ?? null,
    codeExpiresAt: isPinned(record) ? null : record.codeExpiresAt,
    doubt: doubt ?? null,
  }
}

function keyOf(signingKey: string): string {
  return keyIdOf(decodeBase64url(signingKey))
}
