// SPDX-License-Identifier: Apache-2.0
/** Group commit: writes that come together share one transaction, and so one wait for the disk. */
import { setImmediate as nextTurn } from 'node:timers/promises'
import type { HubDatabase, HubTransaction } from './database.ts'

/** One write. It may be run again, and must depend on nothing but the database and its arguments. */
export type Write<T> = (db: HubTransaction) => Promise<T>

interface WaitingWrite {
  readonly run: Write<unknown>
  readonly resolve: (value: unknown) => void
  readonly reject: (error: unknown) => void
}

/** Writes in one transaction at most. */
const MAX_BATCH = 64

/** Runs writes, one after the other; each is durable when its promise resolves. */
export class Writes {
  readonly #db: HubDatabase
  readonly #waiting: WaitingWrite[] = []
  #isRunning = false

  constructor(db: HubDatabase) {
    this.#db = db
  }

  /** Runs a write. Rejects with what it threw; then nothing of it is kept. */
  run<T>(write: Write<T>): Promise<T> {
    const { promise, resolve, reject } = Promise.withResolvers<T>()
    this.#waiting.push({ run: write, resolve: resolve as (value: unknown) => void, reject })
    if (!this.#isRunning) void this.#runAll()
    return promise
  }

  async #runAll(): Promise<void> {
    this.#isRunning = true
    await nextTurn()
    while (this.#waiting.length > 0) {
      const batch = this.#waiting.splice(0, MAX_BATCH)
      if (batch.length > 1 && (await this.#runTogether(batch))) continue
      for (const write of batch) await this.#runAlone(write)
    }
    this.#isRunning = false
  }

  /** Whether all went well; otherwise none of them happened, and each gets its turn alone. */
  async #runTogether(batch: readonly WaitingWrite[]): Promise<boolean> {
    const values: unknown[] = []
    try {
      await this.#db.transaction().execute(async (db) => {
        for (const write of batch) values.push(await write.run(db))
      })
    } catch {
      return false
    }
    batch.forEach((write, index) => write.resolve(values[index]))
    return true
  }

  async #runAlone({ run, resolve, reject }: WaitingWrite): Promise<void> {
    try {
      resolve(await this.#db.transaction().execute(run))
    } catch (error) {
      reject(error)
    }
  }
}
