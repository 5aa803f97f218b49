// SPDX-License-Identifier: Apache-2.0
/** Small bundles in files, publishers that sign them, and records of approvals. */
import { randomBytes, randomUUIDv7 } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { makeBundle, makeIdentity } from '@sallyport/core/crypto'
import type { Identity } from '@sallyport/core/crypto'
import { approvedJobsOf, encodeBase64url } from '@sallyport/core/protocol'
import { files } from '@sallyport/sdk'
import type { Permissions, PluginManifest } from '@sallyport/sdk'
import { readBundle } from '../../src/bundle/read-bundle.ts'
import type { ReadBundle } from '../../src/bundle/read-bundle.ts'
import type { ApprovalRecord } from '../../src/operator/approvals.ts'
import type { Publisher } from '../../src/publisher/identity.ts'

/** A publisher's identity, made for one test. */
export function publisherOf(name: string): Identity {
  return makeIdentity(name, randomBytes(64))
}

/** How documents name a publisher. */
export function named({ name, signing }: Identity): Publisher {
  return { name, key: encodeBase64url(signing.publicKey) }
}

/** The manifest of a plugin with one job type. */
export function manifestWith(
  permissions: Permissions = { proc: files.read('/proc/uptime') },
  version = '1.0.0',
): PluginManifest {
  const limits = { perMinute: 30, timeoutMs: 5_000, maxOutputBytes: 1_024 }
  const job = {
    summary: 'Reads',
    effect: 'read',
    input: {},
    output: {},
    resources: {},
    policyInputs: [],
  } as const
  const read = { ...job, permissions, limits, hasPlan: false, hasResume: false, hasVerify: false }
  return { name: 'notes', version, summary: 'Notes', jobs: { read } }
}

/** Writes a bundle into a folder and reads it back. */
export async function bundleIn(
  folder: string,
  manifest: PluginManifest = manifestWith(),
): Promise<ReadBundle> {
  const file = join(folder, `${manifest.name}-${manifest.version}.spb`)
  const licences = 'plugin-notes 1.0.0: MIT\n\nText\n'
  const bytes = makeBundle(manifest, { 'plugin.mjs': 'export {}', 'licenses.txt': licences })
  await writeFile(file, bytes)
  return readBundle(file)
}

/** The record of an approval that an agent has accepted, with what a case changes. */
export function recordOf(changes: Partial<ApprovalRecord> = {}): ApprovalRecord {
  const manifest = changes.manifest ?? manifestWith()
  const { name, version } = manifest
  return {
    format: 'sallyport-approval-record-1',
    approvalId: randomUUIDv7(),
    agentId: randomUUIDv7(),
    plugin: { name, version, digest: `sha256:${'a'.repeat(64)}` },
    publisher: named(publisherOf('ada')),
    jobs: approvedJobsOf(manifest),
    overrides: [],
    manifest,
    issuedAt: '2026-11-22T08:00:00.000Z',
    expiresAt: '2027-11-22T08:00:00.000Z',
    state: 'accepted',
    quarantinedAt: null,
    ...changes,
  }
}
