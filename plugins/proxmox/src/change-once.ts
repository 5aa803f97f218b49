// SPDX-License-Identifier: GPL-3.0-or-later
/** Makes a change that is done when it is answered, at most once, also when the answer is lost. */
import { setTimeout as delay } from 'node:timers/promises'
import { isCodedError } from '@sallyport/sdk'
import { isLost, pveFailed } from './errors.ts'

/** A change, and how to see whether it is done. */
export interface OneChange {
  /** For people: "the configuration of guest 101". */
  readonly what: string
  make(): Promise<unknown>
  isDone(): Promise<boolean>
}

/** Pauses before each look after a lost answer. Units: milliseconds. */
const WAITS_MS = [0, 500, 1_500]

/**
 * Makes the change; notes say when the answer was lost and the change was seen.
 *
 * Throws: what `make` throws, ERR_PVE_NOT_STARTED when the answer was lost and nothing has changed, ERR_PVE_OUTCOME
 * when that cannot be told.
 */
export async function changeOnce(change: OneChange, signal: AbortSignal): Promise<string[]> {
  try {
    await change.make()
    return []
  } catch (error) {
    if (!isLost(error)) throw error
    await expectDone(change, signal)
    return ['the answer was lost; looking again showed that it is done']
  }
}

/** Looks whether the change is done. Throws: ERR_PVE_NOT_STARTED, ERR_PVE_OUTCOME. */
export async function expectDone(
  change: Omit<OneChange, 'make'>,
  signal: AbortSignal,
): Promise<void> {
  let cause: unknown
  for (const waitMs of WAITS_MS) {
    await delay(waitMs, undefined, { signal })
    try {
      if (await change.isDone()) return
      cause = undefined
    } catch (error) {
      if (!isCodedError(error)) throw error
      cause = error
    }
  }
  throw cause === undefined ? notDone(change.what) : open(change.what, cause)
}

function notDone(what: string): Error {
  return pveFailed(
    'ERR_PVE_NOT_STARTED',
    `the answer was lost; ${what} is as it was: it can be done again`,
    { details: { effect: 'none' }, retryable: true },
  )
}

function open(what: string, cause: unknown): Error {
  return pveFailed(
    'ERR_PVE_OUTCOME',
    `it is open whether ${what} was changed: the answer was lost, and it cannot be seen; look at it before doing it again`,
    { details: { effect: 'unknown' }, cause },
  )
}
