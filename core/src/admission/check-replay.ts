// SPDX-License-Identifier: Apache-2.0
/** The signed job id has never been taken before. */
import { ask, pass, refuse, type Checked } from './checked.ts'
import type { ReplayStore } from './ports.ts'

/**
 * Checks that a job id is new.
 *
 * Why: by the id inside the signed bytes, because the text of an envelope has many spellings.
 */
export function checkReplay(jobId: string, store: ReplayStore): Checked<true> {
  const known = ask(() => store.has(jobId))
  if (!known.ok) return known
  return known.value ? refuse('replayed', { jobId }) : pass(true)
}
