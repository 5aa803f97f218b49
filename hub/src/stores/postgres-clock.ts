// SPDX-License-Identifier: Apache-2.0
/** The clock of a PostgreSQL database, told by a hub. */
import { sql } from 'kysely'
import type { HubDatabase } from './database.ts'
import type { StoreClock } from './store-clock.ts'

/** What the database is asked for its time. */
export const TIME_QUERY = 'select extract(epoch from clock_timestamp())::float8 * 1000 as now_ms'

/** What two instants tell of the difference of two clocks. */
interface Sample {
  readonly offsetMs: number
  /** How far off it can be. */
  readonly errorMs: number
}

/**
 * The clock of the database, told between two questions by what passes here.
 *
 * Why not this machine's: hubs whose clocks differ must agree on when a lease, a code or a session ends. Why a timer that
 * only counts: it does not jump when somebody sets the clock.
 */
export class DatabaseClock implements StoreClock {
  readonly #elapsedMs: () => number
  #sample: Sample = { offsetMs: NaN, errorMs: Infinity }

  constructor(elapsedMs: () => number = () => performance.now()) {
    this.#elapsedMs = elapsedMs
  }

  /** Throws: RangeError before it was set for the first time. */
  now(): number {
    const { offsetMs } = this.#sample
    if (Number.isNaN(offsetMs)) throw new RangeError('the clock of the database was not read yet')
    return Math.round(this.#elapsedMs() + offsetMs)
  }

  async readNow(db: HubDatabase): Promise<number> {
    const { rows } = await sql.raw<{ now_ms: number }>(TIME_QUERY).execute(db)
    return Math.round(rows[0]!.now_ms)
  }

  /**
   * Sets itself by what the database says, which is asked once.
   *
   * Why the one before may stay: where both agree within what they can be off, the closer one is right.
   */
  async set(ask: () => Promise<number>): Promise<void> {
    const askedAt = this.#elapsedMs()
    const databaseMs = await ask()
    const answeredAt = this.#elapsedMs()
    const sample = {
      offsetMs: databaseMs - (askedAt + answeredAt) / 2,
      errorMs: (answeredAt - askedAt) / 2,
    }
    const before = this.#sample
    const differMs = Math.abs(sample.offsetMs - before.offsetMs)
    const doAgree = differMs <= sample.errorMs + before.errorMs
    if (!doAgree || sample.errorMs <= before.errorMs) this.#sample = sample
    // Both clocks run as fast as each other, but not quite: what was close once is not for ever.
    else this.#sample = { ...before, errorMs: before.errorMs + 1 }
  }
}
