// SPDX-License-Identifier: Apache-2.0
/** What this operator has approved: the record on their own machine, with the manifest they read. */
import { join } from 'node:path'
import { Digest, Id, Instant, PluginManifest, Version } from '@sallyport/core/protocol'
import type { PluginManifest as AuthoredManifest } from '@sallyport/sdk'
import { z } from 'zod'
import type { Home } from '../home.ts'
import { readRecords, writeRecord } from './records.ts'

/** The manifest's schema by the type that plugin code is written against. */
const Manifest: z.ZodType<AuthoredManifest> = PluginManifest

/** One approval that was sent to one agent, and what the agent said. */
export const ApprovalRecord = z.strictObject({
  format: z.literal('sallyport-approval-record-1'),
  approvalId: Id,
  agentId: Id,
  plugin: z.strictObject({ name: z.string().max(32), version: Version, digest: Digest }),
  manifest: Manifest,
  issuedAt: Instant,
  expiresAt: Instant,
  state: z.enum(['sent', 'accepted', 'refused']),
})
export type ApprovalRecord = z.infer<typeof ApprovalRecord>

/** All approvals on record, newest first. */
export async function readApprovals(home: Home): Promise<ApprovalRecord[]> {
  const records = await readRecords(home.operator.approvals, ApprovalRecord)
  return records.sort((a, b) => (a.issuedAt > b.issuedAt ? -1 : 1))
}

/** Keeps an approval's record. */
export async function writeApproval(home: Home, record: ApprovalRecord): Promise<void> {
  await writeRecord(
    join(home.operator.approvals, `${record.approvalId}.json`),
    ApprovalRecord,
    record,
  )
}

/** The approval of a plugin that stands on an agent: the newest that it accepted and that has not expired. */
export function standingApproval(
  records: readonly ApprovalRecord[],
  agentId: string,
  wanted: { plugin: string; nowMs: number },
): ApprovalRecord | undefined {
  return records.find(
    (record) =>
      record.agentId === agentId &&
      record.plugin.name === wanted.plugin &&
      record.state === 'accepted' &&
      Date.parse(record.expiresAt) > wanted.nowMs,
  )
}
