// SPDX-License-Identifier: Apache-2.0
/** The clock that all hubs of one store share: what ends by one of them ends by each. */
import type { Clock } from '@sallyport/core/wiring'
import type { HubDatabase } from './database.ts'

/** Tells the time of the store. Units: epoch milliseconds. */
export interface StoreClock extends Clock {
  /** The time at this moment, asked of whoever keeps it; `now` may be a moment off. */
  readNow(db: HubDatabase): Promise<number>
}

/** The clock of a store in which one hub works: that hub's own. */
export function ownClock(clock: Clock): StoreClock {
  return { now: () => clock.now(), readNow: () => Promise.resolve(clock.now()) }
}
