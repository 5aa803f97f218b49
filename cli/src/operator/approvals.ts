// SPDX-License-Identifier: Apache-2.0
/** What this operator has approved: the record on their own machine, with the manifest they read. */
import { join } from 'node:path'
import { Approval, Id, Instant, PluginManifest } from '@sallyport/core/protocol'
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
  plugin: Approval.shape.plugin,
  publisher: Approval.shape.publisher,
  jobs: Approval.shape.jobs,
  overrides: Approval.shape.overrides,
  manifest: Manifest,
  issuedAt: Instant,
  expiresAt: Instant,
  state: z.enum(['sent', 'accepted', 'refused']),
  /** When the agent said that it has put the plugin aside; null while it has not. */
  quarantinedAt: Instant.nullable(),
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

/** The newest approval of a plugin that an agent has accepted, whether or not it still counts. */
export function lastAccepted(
  records: readonly ApprovalRecord[],
  agentId: string,
  plugin: string,
): ApprovalRecord | undefined {
  return records.find(
    (record) =>
      record.agentId === agentId && record.plugin.name === plugin && record.state === 'accepted',
  )
}

/** The approval of a plugin that stands on an agent: the newest that it accepted and that has not expired. */
export function standingApproval(
  records: readonly ApprovalRecord[],
  agentId: string,
  wanted: { plugin: string; nowMs: number },
): ApprovalRecord | undefined {
  const last = lastAccepted(records, agentId, wanted.plugin)
  return last !== undefined && Date.parse(last.expiresAt) > wanted.nowMs ? last : undefined
}

/** The job types of a plugin that an approval lets run, as their manifest describes them. */
export function approvedManifestJobs({
  manifest,
  jobs,
}: Pick<ApprovalRecord, 'manifest' | 'jobs'>): AuthoredManifest['jobs'] {
  return Object.fromEntries(
    Object.entries(manifest.jobs).filter(([name]) => Object.hasOwn(jobs, name)),
  )
}
