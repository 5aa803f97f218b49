// SPDX-License-Identifier: Apache-2.0
/** Shows the trust root: who holds what, how many must sign, and which version each agent holds. */
import { rootFingerprintOf } from '@sallyport/core/crypto'
import type { VerifiedRoot } from '@sallyport/core/crypto'
import type { TrustRoot } from '@sallyport/core/protocol'
import { isPinned } from '../operator/agents.ts'
import { reviewAgents } from '../operator/descriptors.ts'
import type { Operator } from '../operator/operator.ts'
import { learnAgents } from '../operator/roster.ts'
import { readNamedChain } from '../operator/roots.ts'
import { EXIT } from '../output/exit-codes.ts'
import type { ExitCode } from '../output/exit-codes.ts'
import type { Paint } from '../output/paint.ts'
import { pairs, table } from '../output/table.ts'
import type { Talk } from '../output/talk.ts'
import { waiting } from '../output/waiting.ts'
import { counted, relative } from '../output/words.ts'
import { enrolledUnder, settleHolding } from '../trust/publish-root.ts'
import { shortagesOf } from '../trust/root-change.ts'
import { day, keyTable, rootKeyId, thresholdTable } from '../trust/root-screen.ts'

/** What is known of one agent. */
interface AgentRoot {
  readonly name: string
  readonly agentId: string
  /** Null when it has told nothing, and it is not known with which root it enrolled. */
  readonly version: number | null
  /** Newest version on its way to it. */
  readonly sent: number | null
  /** When it signed that it holds it. */
  readonly at: string | null
}

/** Shows it. */
export async function trustShow(operator: Operator, talk: Talk): Promise<ExitCode> {
  const { root, envelope, digest } = operator.site.root
  const nowMs = operator.now()
  const chain = await readNamedChain(operator)
  const agents = await waiting(talk, 'asking the hub', () => agentRoots(operator, chain))
  const fingerprint = rootFingerprintOf(envelope)
  // Proofs of the audit log are verified from this one on, and whoever joined began with it.
  const firstFingerprint = rootFingerprintOf(chain[0]!.envelope)
  const document = {
    format: 'sallyport.trust-show/1',
    site: { siteId: root.siteId, name: root.siteName },
    version: root.version,
    digest,
    fingerprint,
    firstFingerprint,
    issuedAt: root.issuedAt,
    expiresAt: root.expiresAt,
    rootThreshold: root.rootThreshold,
    keys: root.keys.map((key) => ({ ...key, keyId: rootKeyId(key) })),
    thresholds: root.thresholds,
    shortages: shortagesOf(root, nowMs),
    agents,
  }
  const shown = { fingerprint, firstFingerprint, agents, nowMs, paint: talk.paint }
  talk.answer(document, () => screen(root, shown))
  return EXIT.done
}

async function agentRoots(
  operator: Operator,
  chain: readonly VerifiedRoot[],
): Promise<AgentRoot[]> {
  await learnAgents(operator)
  const standings = await reviewAgents(operator)
  const agents: AgentRoot[] = []
  for (const { record } of standings) {
    if (!isPinned(record)) continue
    const { name, agentId } = record
    const { version, at, sent } = await settleHolding(operator, record)
    const known = version ?? enrolledUnder(chain, record) ?? null
    agents.push({ name, agentId, version: known, at, sent: sent.at(-1)?.version ?? null })
  }
  return agents
}

interface Shown {
  readonly fingerprint: string
  /** Of the root that this machine began with. */
  readonly firstFingerprint: string
  readonly agents: readonly AgentRoot[]
  readonly nowMs: number
  readonly paint: Paint
}

function screen(root: TrustRoot, shown: Shown): string {
  const { fingerprint, firstFingerprint, agents, nowMs, paint } = shown
  const endMs = Date.parse(root.expiresAt)
  const valid = `until ${day(root.expiresAt)}, ${relative(endMs, nowMs)}`
  return [
    `Trust root ${root.version} of site ${root.siteName}`,
    pairs([
      ['fingerprint', fingerprint],
      ['first root', firstFingerprint],
      ['valid', endMs > nowMs ? valid : paint.bad(`expired ${day(root.expiresAt)}: trust renew`)],
      ['next version', `signed by ${counted(root.rootThreshold, 'holder')} of root keys`],
    ]),
    '',
    keyTable(root, nowMs, paint),
    '',
    thresholdTable(root, paint),
    ...shortagesOf(root, nowMs).map((what) => paint.warn(`Nobody can meet this: ${what}.`)),
    ...(agents.length === 0 ? [] : ['', agentTable(agents, root, { nowMs, paint })]),
  ].join('\n')
}

function agentTable(
  agents: readonly AgentRoot[],
  root: TrustRoot,
  { nowMs, paint }: Pick<Shown, 'nowMs' | 'paint'>,
): string {
  const rows = agents.map(({ name, version, sent, at }) => [
    name,
    versionText(version, root.version, paint),
    at === null ? (version === null ? '' : 'with its code') : relative(Date.parse(at), nowMs),
    sent === null ? '' : `version ${sent} waits at the hub`,
  ])
  const columns = ['agent', 'holds', 'since', 'on its way'].map((head) => ({ head }))
  return table(columns, rows, paint)
}

function versionText(version: number | null, newest: number, paint: Paint): string {
  if (version === null) return 'not known'
  return version < newest ? paint.warn(`version ${version}`) : `version ${version}`
}
