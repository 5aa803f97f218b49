// SPDX-License-Identifier: Apache-2.0
/** Shows what this operator has approved, from the record on their own machine. */
import { existsSync } from 'node:fs'
import type { Home } from '../home.ts'
import { readAgents } from '../operator/agents.ts'
import { readApprovals } from '../operator/approvals.ts'
import type { ApprovalRecord } from '../operator/approvals.ts'
import { noOperator } from '../operator/no-operator.ts'
import type { Paint } from '../output/paint.ts'
import { table } from '../output/table.ts'
import type { Talk } from '../output/talk.ts'
import { relative, shortDigest } from '../output/words.ts'

type Standing = 'approved' | 'replaced' | 'expired' | 'sent' | 'refused'

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
  const rows = withStanding(await readApprovals(home), nowMs)
    .map((row) => ({ ...row, agent: names.get(row.record.agentId) ?? row.record.agentId }))
    .filter(({ agent }) => asked.agent === undefined || agent === asked.agent)
    .filter(({ standing }) => asked.isAll || standing === 'approved' || standing === 'sent')
  const document = { format: 'sallyport.plugin-list/1', approvals: rows.map(rowJson) }
  talk.answer(document, () =>
    rows.length === 0
      ? 'nothing is approved; build a plugin and approve it:\n  sallyport plugin build <folder>\n  sallyport plugin approve <bundle> --agent <name>'
      : listTable(rows, nowMs, talk.paint),
  )
}

/** The newest accepted approval of a plugin on an agent stands; accepted ones before it are replaced. */
function withStanding(records: readonly ApprovalRecord[], nowMs: number): Omit<Row, 'agent'>[] {
  const seen = new Set<string>()
  return records.map((record) => {
    if (record.state !== 'accepted') return { record, standing: record.state }
    const key = `${record.agentId} ${record.plugin.name}`
    const isNewest = !seen.has(key)
    seen.add(key)
    if (Date.parse(record.expiresAt) <= nowMs) return { record, standing: 'expired' }
    return { record, standing: isNewest ? 'approved' : 'replaced' }
  })
}

function listTable(rows: readonly Row[], nowMs: number, paint: Paint): string {
  const heads = ['agent', 'plugin', 'version', 'state', 'ends', 'jobs', 'digest']
  return table(
    heads.map((head) => ({ head })),
    rows.map(({ record, agent, standing }) => [
      agent,
      record.plugin.name,
      record.plugin.version,
      standing === 'approved' ? paint.good(standing) : paint.warn(standing),
      relative(Date.parse(record.expiresAt), nowMs),
      Object.keys(record.manifest.jobs).join(', '),
      paint.dim(shortDigest(record.plugin.digest)),
    ]),
    paint,
  )
}

function rowJson({ record, agent, standing }: Row): object {
  const jobs = Object.entries(record.manifest.jobs).map(([name, { effect, summary }]) => ({
    name: `${record.plugin.name}/${name}`,
    effect,
    summary,
  }))
  return {
    approvalId: record.approvalId,
    agent: { name: agent, agentId: record.agentId },
    plugin: record.plugin,
    state: standing,
    issuedAt: record.issuedAt,
    expiresAt: record.expiresAt,
    jobs,
  }
}
