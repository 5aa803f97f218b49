// SPDX-License-Identifier: Apache-2.0
/** Values that count once, in the database: it forgets none that still matters, whatever happens to the hub. */
import type { Clock } from '@sallyport/core/wiring'
import type { OnceMemory } from '../sessions/once-store.ts'
import type { HubDatabase } from './database.ts'
import type { Writes } from './writes.ts'

/** Old rows are looked for at most this often. */
const SWEEP_EVERY_MS = 60_000
/** What clocks of several hubs may differ; rows are kept that much longer. */
const SLACK_MS = 60_000

/** Takes values by rows that can be inserted once. */
export class SqlOnceStore implements OnceMemory {
  readonly generation = 'd'
  readonly #db: HubDatabase
  readonly #writes: Writes
  readonly #clock: Clock
  #sweepAtMs = 0

  constructor(db: HubDatabase, writes: Writes, clock: Clock) {
    this.#db = db
    this.#writes = writes
    this.#clock = clock
  }

  async take(kind: string, value: string, ttlMs: number): Promise<boolean> {
    const nowMs = this.#clock.now()
    const expires_at = nowMs + ttlMs + SLACK_MS
    const inserted = await this.#writes.run((db) =>
      db
        .insertInto('once')
        .values({ kind, value, expires_at })
        .onConflict((conflict) => conflict.doNothing())
        .executeTakeFirst(),
    )
    if (nowMs >= this.#sweepAtMs) await this.#sweep(nowMs)
    return inserted.numInsertedOrUpdatedRows === 1n
  }

  /** Whether a value was taken. */
  async has(kind: string, value: string): Promise<boolean> {
    const row = await this.#db
      .selectFrom('once')
      .select('value')
      .where('kind', '=', kind)
      .where('value', '=', value)
      .executeTakeFirst()
    return row !== undefined
  }

  async #sweep(nowMs: number): Promise<void> {
    this.#sweepAtMs = nowMs + SWEEP_EVERY_MS
    await this.#writes.run((db) =>
      db.deleteFrom('once').where('expires_at', '<=', nowMs).executeTakeFirst(),
    )
  }
}
