// SPDX-License-Identifier: Apache-2.0
/** What became of a run is written as soon as the disk takes it, however long that is. */
import { isCodedError } from '@sallyport/sdk'
import type { RunSignals } from './running.ts'

/**
 * Writes, again and again until it is done or the agent stops.
 *
 * Why: a run that had its effect must end in that answer. Given up, its id would count as spent without one, and the hub's
 * next delivery would be refused as a replay.
 * Throws: ERR_STORE_… when the agent stops before; the run is found open at its next start.
 */
export async function untilWritten<T>(
  write: () => T,
  { stopping, again }: Pick<RunSignals, 'stopping' | 'again'>,
): Promise<T> {
  for (;;) {
    try {
      return write()
    } catch (error) {
      if (!isPassing(error) || stopping.aborted) throw error
      await again(error.code)
    }
  }
}

function isPassing(error: unknown): error is Error & { code: string } {
  if (!isCodedError(error)) return false
  return error.code.startsWith('ERR_STORE_') && error.code !== 'ERR_STORE_CONFLICT'
}
