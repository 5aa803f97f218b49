// SPDX-License-Identifier: Apache-2.0
/** Shows what this operator has approved, from the record on their own machine. */
import { existsSync } from 'node:fs'
import type { Home } from '../home.ts'
import { readAgents } from '../operator/agents.ts'
import { approvedManifestJobs, readApprovals } from '../operator/approvals.ts'
import type { ApprovalRecord } from '../operator/approvals.ts'
import { noOperator } from '../operator/no-operator.ts'
import { isRevoked, readRevocations } from '../operator/revocations.ts'
import type { RevocationRecord } from '../operator/revocations.ts'
import { keyText } from '../operator/upgrade.ts'
import type { Paint } from '../output/paint.ts'
import { table } from '../output/table.ts'
import type { Talk } from '../output/talk.ts'
import { relative, shortDigest } from '../output/words.ts'
import { publisherKeyId } from '../publisher/identity.ts'

type Standing = 'approved' | 'quarantined' | 'revoked' | 'replaced' | 'expired' | 'sent' | 'refused'

/** What is shown without `--all`: all that is not history. */
const PRESENT: readonly Standing[] = ['approved', 'quarantined', 'revoked', 'sent']

interface Row {
  readonly record: ApprovalRecord
  readonly agent: string
  readonly standing: Standing
}

/** Lists approvals; replaced, expired and refused ones only with `isAll`. */
export async function pluginList(
  home: Home,
  talk: Talk,
  asked: { agent?: string | undefined; isAll: boolean },
): Promise<void> {
  if (!existsSync(home.operator.site)) throw noOperator(home)
  const nowMs = Date.now()
  const names = new Map((await readAgents(home)).map((each) => [each.agentId, each.name]))
  const revocations = await readRevocations(home)
  const rows = withStanding(await readApprovals(home), revocations, nowMs)
    .map((row) => ({ ...row, agent: names.get(row.record.agentId) ?? row.record.agentId }))
    .filter(({ agent }) => asked.agent === undefined || agent === asked.agent)
    .filter(({ standing }) => asked.isAll || PRESENT.includes(standing))
  const document = { format: 'sallyport.plugin-list/1', approvals: rows.map(rowJson) }
  talk.answer(document, () =>
    rows.length === 0
      ? 'nothing is approved; build a plugin and approve it:\n  sallyport plugin build <folder>\n  sallyport plugin sign <bundle>\n  sallyport plugin approve <bundle> --agent <name>'
      : listTable(rows, nowMs, talk.paint),
  )
}

/** The newest accepted approval of a plugin on an agent stands; accepted ones before it are replaced. */
function withStanding(
  records: readonly ApprovalRecord[],
  revocations: readonly RevocationRecord[],
  nowMs: number,
): Omit<Row, 'agent'>[] {
  const seen = new Set<string>()
  return records.map((record) => {
    if (record.state !== 'accepted') return { record, standing: record.state }
    const key = `${record.agentId} ${record.plugin.name}`
    const isNewest = !seen.has(key)
    seen.add(key)
    if (!isNewest) return { record, standing: 'replaced' }
    if (isRevoked(record, revocations)) return { record, standing: 'revoked' }
    if (Date.parse(record.expiresAt) <= nowMs) return { record, standing: 'expired' }
    return { record, standing: record.quarantinedAt === null ? 'approved' : 'quarantined' }
  })
}

function listTable(rows: readonly Row[], nowMs: number, paint: Paint): string {
  const heads = ['agent', 'plugin', 'version', 'publisher', 'state', 'ends', 'jobs', 'digest']
  return table(
    heads.map((head) => ({ head })),
    rows.map(({ record, agent, standing }) => [
      agent,
      record.plugin.name,
      record.plugin.version,
      keyText(record.publisher),
      stateText(standing, paint),
      relative(Date.parse(record.expiresAt), nowMs),
      Object.keys(record.jobs).join(', '),
      paint.dim(shortDigest(record.plugin.digest)),
    ]),
    paint,
  )
}

function stateText(standing: Standing, paint: Paint): string {
  if (standing === 'approved') return paint.good(standing)
  return standing === 'revoked' || standing === 'quarantined'
    ? paint.bad(standing)
    : paint.warn(standing)
}

function rowJson({ record, agent, standing }: Row): object {
  const jobs = Object.entries(approvedManifestJobs(record)).map(([name, { effect, summary }]) => ({
    name: `${record.plugin.name}/${name}`,
    effect,
    summary,
  }))
  return {
    approvalId: record.approvalId,
    agent: { name: agent, agentId: record.agentId },
    plugin: record.plugin,
    publisher: { ...record.publisher, keyId: publisherKeyId(record.publisher) },
    state: standing,
    quarantinedAt: record.quarantinedAt,
    overrides: record.overrides,
    issuedAt: record.issuedAt,
    expiresAt: record.expiresAt,
    jobs,
  }
}
