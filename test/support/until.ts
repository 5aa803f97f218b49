// SPDX-License-Identifier: Apache-2.0
/** Waits for what is about to become so. */
import { setTimeout as sleep } from 'node:timers/promises'
import { patient } from './patience.ts'

const LOOK_EVERY_MS = 10

/** Looks again and again. Units: milliseconds. Throws when it has not become so in time. */
export async function until(
  isSo: () => boolean | Promise<boolean>,
  what = 'what was waited for',
  withinMs = patient(20_000),
): Promise<void> {
  const endsAt = performance.now() + withinMs
  while (!(await isSo())) {
    if (performance.now() > endsAt) throw new Error(`not so in time: ${what}`)
    await sleep(LOOK_EVERY_MS)
  }
}
