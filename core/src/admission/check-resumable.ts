// SPDX-License-Identifier: Apache-2.0
/** A run that was cut off is taken up by the very bundle that began it, if that may still load. */
import type { JobManifest } from '@sallyport/sdk'
import { checkJobType } from './check-permissions.ts'
import { checkPlugin, type ApprovalPorts } from './check-plugin.ts'
import { pass, refuse, type Checked } from './checked.ts'
import type { ApprovedPlugin } from './ports.ts'

/** What a run may be resumed with. */
export interface Resumable {
  readonly plugin: ApprovedPlugin
  readonly jobName: string
  readonly jobManifest: JobManifest
}

/**
 * Checks that the bundle of this digest may load now, with this job type.
 *
 * Trust: every check of a plugin holds anew, from the bytes on disk.
 * Why no window, rate and input: the job was admitted when it began, and input and bundle are still the same.
 */
export function checkResumable(
  jobType: string,
  digest: string,
  ports: ApprovalPorts,
): Checked<Resumable> {
  const [pluginName, jobName] = jobType.split('/') as [string, string]
  const plugin = checkPlugin(pluginName, ports)
  if (!plugin.ok) return plugin
  if (plugin.value.digest !== digest) return refuse('digest_mismatch', { plugin: pluginName })
  const job = checkJobType(plugin.value, jobName)
  return job.ok ? pass({ plugin: plugin.value, jobName, jobManifest: job.value }) : job
}
