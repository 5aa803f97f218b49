// SPDX-License-Identifier: Apache-2.0
/** Signs approvals and gives them to the hub. */
import { randomUUIDv7 } from 'node:crypto'
import { bindingNamesOf, documents, instantOf } from '@sallyport/core/protocol'
import type { Approval } from '@sallyport/core/protocol'
import type { PluginManifest } from '@sallyport/sdk'
import type { PinnedAgent } from './agents.ts'
import { writeApproval } from './approvals.ts'
import type { ApprovalRecord } from './approvals.ts'
import type { Operator } from './operator.ts'
import { readersFor, send } from './send.ts'
import type { Sent } from './send.ts'

/** What is approved. */
export interface ApprovalRequest {
  readonly manifest: PluginManifest
  readonly digest: string
  readonly lifetimeMs: number
  readonly publisher: Approval['publisher']
  /** DSSE envelope of the publication, base64url. */
  readonly publication: string
  readonly jobs: Approval['jobs']
  readonly overrides: Approval['overrides']
}

/** Signs an approval for an agent, keeps its record and gives it to the hub. */
export async function sendApproval(
  operator: Operator,
  agent: PinnedAgent,
  request: ApprovalRequest,
): Promise<Sent & { readonly record: ApprovalRecord }> {
  const { manifest, digest, lifetimeMs, publication, publisher, jobs, overrides } = request
  const nowMs = operator.now()
  const plugin = { name: manifest.name, version: manifest.version, digest }
  const approval: Approval = {
    approvalId: randomUUIDv7(),
    siteId: operator.site.siteId,
    agentIds: [agent.agentId],
    plugin,
    publisher,
    publication,
    jobs,
    bindings: bindingNamesOf(jobs),
    overrides,
    issuedAt: instantOf(nowMs),
    expiresAt: instantOf(nowMs + lifetimeMs),
    readers: readersFor(operator, agent),
  }
  const { approvalId, issuedAt, expiresAt } = approval
  const record: ApprovalRecord = {
    format: 'sallyport-approval-record-1',
    approvalId,
    agentId: agent.agentId,
    plugin,
    manifest,
    issuedAt,
    expiresAt,
    state: 'sent',
  }
  await writeApproval(operator.home, record)
  const outgoing = { kind: documents.approval, document: approval, envelopeId: approvalId }
  return { ...(await send(operator, agent, outgoing)), record }
}
