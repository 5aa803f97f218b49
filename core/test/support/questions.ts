// SPDX-License-Identifier: Apache-2.0
/** Plugins that ask each other for jobs, approved on the agent of the small site. */
import type { JobManifest, PluginManifest } from '@sallyport/sdk'
import type { HeldPlugin } from '../../src/admission/index.ts'
import { digestOf, makeBundle } from '../../src/crypto/index.ts'
import { approvedJobsOf } from '../../src/protocol/index.ts'
import { publicationOf, signApproval } from './site.ts'

/** A job type that takes a guest (or several) and any other field, with what the case changes. */
export function jobManifest(changes: Partial<JobManifest> = {}): JobManifest {
  return {
    summary: 'a trial',
    effect: 'read',
    input: { type: 'object', properties: { vmid: {}, node: { type: 'string' } } },
    output: {},
    resources: { vmid: 'vmid' },
    permissions: {},
    limits: { perMinute: 5, timeoutMs: 1_000, maxOutputBytes: 1_000 },
    policyInputs: [],
    hasPlan: false,
    hasResume: false,
    hasVerify: false,
    ...changes,
  }
}

/** A plugin as the agent holds it: approved, with the job types of these names. */
export function heldPlugin(
  name: string,
  jobs: Readonly<Record<string, JobManifest>>,
  approvedJobs: readonly string[] = Object.keys(jobs),
): HeldPlugin {
  const manifest: PluginManifest = { name, version: '1.0.0', summary: 'a trial', jobs }
  const bundle = makeBundle(manifest, { 'plugin.mjs': 'export {}', 'licenses.txt': 'none' })
  const approval = signApproval({
    plugin: { name, version: '1.0.0', digest: digestOf(bundle) },
    publication: publicationOf(bundle),
    jobs: approvedJobsOf(manifest, approvedJobs),
  })
  return { approval, bundle }
}
