// SPDX-License-Identifier: Apache-2.0
/** The clock every program is wired with. */
import { token } from './token.ts'

/** Tells the time. Units: epoch milliseconds. */
export interface Clock {
  now(): number
}

/** Name of the clock in a container. */
export const Clock = token<Clock>('core.Clock')

/** The clock of this machine. */
export const systemClock: Clock = { now: () => Date.now() }
