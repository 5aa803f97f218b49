// SPDX-License-Identifier: Apache-2.0
/** The signed job id has never been taken before, and is the label under which the hub delivered it. */
import { ask, pass, refuse, type Checked } from './checked.ts'
import type { ReplayStore } from './ports.ts'

/**
 * Checks that a job id is new and stands on the delivery too.
 *
 * Why: by the id inside the signed bytes, because the text of an envelope has many spellings.
 */
export function checkReplay(jobId: string, label: string, store: ReplayStore): Checked<true> {
  const known = ask(() => store.has(jobId))
  if (!known.ok) return known
  return known.value ? refuse('replayed', { jobId }) : checkLabel(jobId, label)
}

/**
 * Checks that a document was delivered under its own id.
 *
 * Why: a label has one answer for ever. Were a job taken under any label, a hub could fetch a signed refusal of rubbish
 * under the job's own label, show it to the operator, and have the job run under another.
 */
export function checkLabel(id: string, label: string): Checked<true> {
  return id === label ? pass(true) : refuse('relabelled', { id, label })
}
