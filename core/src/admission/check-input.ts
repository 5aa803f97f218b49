// SPDX-License-Identifier: Apache-2.0
/** The approved plugin has this job type, and the input fits its schema. */
import type { JobManifest, PluginManifest } from '@sallyport/sdk'
import { pass, refuse, type Checked } from './checked.ts'
import type { InputCheck } from './ports.ts'

/** Finds the job type in the approved manifest. */
export function checkJobType(manifest: PluginManifest, jobName: string): Checked<JobManifest> {
  if (!Object.hasOwn(manifest.jobs, jobName)) {
    return refuse('unknown_job_type', { jobTypes: Object.keys(manifest.jobs).slice(0, 32) })
  }
  return pass(manifest.jobs[jobName]!)
}

/** Checks the input against the job type's schema. Nothing is coerced or filled in. */
export function checkInput(job: JobManifest, input: unknown, check: InputCheck): Checked<true> {
  const problems = check(job.input, input)
  return problems.length === 0
    ? pass(true)
    : refuse('bad_input', { problems: problems.slice(0, 8) })
}
