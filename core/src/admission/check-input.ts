// SPDX-License-Identifier: Apache-2.0
/** The input fits the schema of the job type. */
import type { JobManifest } from '@sallyport/sdk'
import { pass, refuse, type Checked } from './checked.ts'
import type { InputCheck } from './ports.ts'

/** Checks the input against the job type's schema. Nothing is coerced or filled in. */
export function checkInput(job: JobManifest, input: unknown, check: InputCheck): Checked<true> {
  const problems = check(job.input, input)
  return problems.length === 0
    ? pass(true)
    : refuse('bad_input', { problems: problems.slice(0, 8) })
}
