// SPDX-License-Identifier: Apache-2.0
/** The job types of the bundle ask for what the approval lets them do: no more, no less, nothing else. */
import type { JobManifest, PluginManifest } from '@sallyport/sdk'
import {
  approvedJobsOf,
  bindingNamesOf,
  encodeJson,
  type Approval,
  type ApprovedJob,
} from '../protocol/index.ts'
import { pass, refuse, type Checked } from './checked.ts'

/**
 * Checks what an approval says of effects, resources, permissions and names of bindings against the manifest.
 *
 * Why equal and not at most as wide: then nobody has to decide which of two permissions is the wider one.
 */
export function checkPermissions(approval: Approval, manifest: PluginManifest): Checked<true> {
  const asked = approvedJobsOf(manifest, Object.keys(approval.jobs))
  const differing = Object.keys(approval.jobs).filter(
    (name) => !Object.hasOwn(asked, name) || !isSame(asked[name]!, approval.jobs[name]!),
  )
  if (differing.length > 0) return refuse('permissions_differ', { jobs: differing.slice(0, 32) })
  const bindings = bindingNamesOf(asked)
  return isSame(bindings, approval.bindings)
    ? pass(true)
    : refuse('permissions_differ', { bindings })
}

/** Finds the job type in the approved manifest, if the approval lists it. */
export function checkJobType(
  plugin: { readonly manifest: PluginManifest; readonly jobs: Approval['jobs'] },
  jobName: string,
): Checked<JobManifest> {
  const { manifest, jobs } = plugin
  if (!Object.hasOwn(manifest.jobs, jobName)) {
    return refuse('unknown_job_type', { jobTypes: Object.keys(manifest.jobs).slice(0, 32) })
  }
  if (!Object.hasOwn(jobs, jobName)) {
    const approved = Object.keys(jobs).slice(0, 32)
    return refuse('not_approved', { plugin: manifest.name, why: 'job_type', approved })
  }
  return pass(manifest.jobs[jobName]!)
}

function isSame(one: ApprovedJob | string[], other: ApprovedJob | string[]): boolean {
  return Buffer.compare(encodeJson(one), encodeJson(other)) === 0
}
