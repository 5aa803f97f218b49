// SPDX-License-Identifier: Apache-2.0
/** Shows what a plugin may do, asks, and sends the signed approval with the bundle. */
import type { PinnedAgent } from '../operator/agents.ts'
import { readApprovals, standingApproval } from '../operator/approvals.ts'
import type { ApprovalRecord } from '../operator/approvals.ts'
import { approve } from '../operator/approve.ts'
import type { Approved, ReadBundle } from '../operator/approve.ts'
import { findAgent } from '../operator/descriptors.ts'
import type { Operator } from '../operator/operator.ts'
import { confirmOrStop } from '../output/confirm.ts'
import { EXIT } from '../output/exit-codes.ts'
import { onInterrupt } from '../output/on-interrupt.ts'
import { permissionLines, permissionScreen } from '../output/permission-words.ts'
import { safeText } from '../output/safe-text.ts'
import type { Talk } from '../output/talk.ts'
import { waiting } from '../output/waiting.ts'
import { counted, relative, shortDigest } from '../output/words.ts'

/** What is to be approved, and how. */
export interface ApproveRequest {
  readonly bundle: ReadBundle
  readonly agent: string
  readonly lifetimeMs: number
  readonly timeoutMs: number
  readonly isAgreed: boolean
}

/** Approves a bundle for one agent and waits until the agent has taken it. */
export async function pluginApprove(
  operator: Operator,
  talk: Talk,
  request: ApproveRequest,
): Promise<void> {
  const { bundle } = request
  const agent = await waiting(talk, 'asking the hub', () => findAgent(operator, request.agent))
  const records = await readApprovals(operator.home)
  const wanted = { plugin: bundle.manifest.name, nowMs: operator.now() }
  const before = standingApproval(records, agent.agentId, wanted)
  await confirmOrStop(talk, {
    shown: approvalScreen(bundle, { agent, before, talk }),
    question: `Approve for ${agent.name}?`,
    isAgreed: request.isAgreed,
  })
  using _leaving = onInterrupt(
    `The approval goes on without you; ${agent.name} takes it when it next asks the hub.`,
    EXIT.unknown,
  )
  const { lifetimeMs, timeoutMs } = request
  const untilMs = operator.now() + timeoutMs
  const approved = await waiting(talk, `waiting for ${agent.name}`, () =>
    approve(operator, agent, { bundle, lifetimeMs, untilMs }),
  )
  report(talk, { ...approved, agent, before })
}

function approvalScreen(
  { manifest, digest }: ReadBundle,
  { agent, before, talk }: { agent: PinnedAgent; before: ApprovalRecord | undefined; talk: Talk },
): string {
  const paint = talk.aside
  const isSame = before?.plugin.digest === digest
  const replaced = before === undefined ? '' : `, replaces ${before.plugin.version}`
  const added = permissionLines(manifest, before?.manifest).filter(({ isNew }) => isNew === true)
  return [
    `${paint.strong(`${manifest.name} ${manifest.version}`)}${isSame ? ', approved before' : replaced}: ${safeText(manifest.summary)}`,
    paint.dim(digest),
    '',
    `It may, on ${agent.name}:`,
    permissionScreen(manifest, before?.manifest, paint),
    ...(added.length > 0
      ? ['', `${counted(added.length, 'permission')} ${added.length === 1 ? 'is' : 'are'} new (+).`]
      : []),
  ].join('\n')
}

function report(
  talk: Talk,
  done: Approved & { agent: PinnedAgent; before: ApprovalRecord | undefined },
): void {
  const { record, agent, answer, before } = done
  const { plugin, expiresAt, manifest } = record
  const document = {
    format: 'sallyport.plugin-approve/1',
    approvalId: record.approvalId,
    agent: { name: agent.name, agentId: agent.agentId },
    plugin,
    issuedAt: record.issuedAt,
    expiresAt,
    state: record.state,
    replaces: before?.plugin ?? null,
    permissions: permissionLines(manifest, before?.manifest),
    verified: { signedBy: agent.name, auditIndex: answer.audit.index },
  }
  const [jobName] = Object.keys(manifest.jobs)
  talk.answer(document, () =>
    [
      `${talk.paint.good('approved')} ${plugin.name} ${plugin.version} on ${agent.name}, ends ${relative(Date.parse(expiresAt), Date.now())}`,
      talk.paint.dim(
        `${shortDigest(plugin.digest)} · accepted and signed by ${agent.name}, audit entry ${answer.audit.index}`,
      ),
      ...(jobName === undefined
        ? []
        : [`  sallyport job run ${plugin.name}/${jobName} --agent ${agent.name}`]),
    ].join('\n'),
  )
}
