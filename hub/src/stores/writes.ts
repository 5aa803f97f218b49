// SPDX-License-Identifier: Apache-2.0
/** Group commit: writes that come together share one transaction, and so one wait for the disk. */
import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises'
import type { HubDatabase, HubTransaction } from './database.ts'
import { storeFaultOf } from './postgres-errors.ts'
import { storeAway } from './store-away.ts'

/**
 * One write. It may be run again, and must depend on nothing but the database and its arguments.
 *
 * Why again: when the connection breaks while it is committed, nobody knows whether it was. So a write that finds its own
 * work done already must give the same answer as the first time.
 */
export type Write<T> = (db: HubTransaction) => Promise<T>

interface WaitingWrite {
  readonly run: Write<unknown>
  readonly locks: string
  readonly resolve: (value: unknown) => void
  readonly reject: (error: unknown) => void
}

/** Writes in one transaction at most. */
const MAX_BATCH = 64
/** Attempts of a transaction that clashes with others, or whose connection breaks; then it is an error. */
const MAX_ATTEMPTS = 12
/** Longest wait before the first repetition; it doubles each time. Units: milliseconds. */
const FIRST_WAIT_MS = 10
/** Bound of the wait. */
const MAX_WAIT_MS = 1_000

/** Runs writes, one after the other; each is durable when its promise resolves. */
export class Writes {
  readonly #db: HubDatabase
  readonly #waiting: WaitingWrite[] = []
  #isRunning = false

  constructor(db: HubDatabase) {
    this.#db = db
  }

  /**
   * Runs a write. Rejects with what it threw; then nothing of it is kept.
   *
   * `locks` names what it locks first, if it does: writes of one transaction run in the order of these names, so that two
   * hubs never wait for each other.
   * Throws: ERR_STORE_AWAY when the store does not answer for a while; whether the write happened is not known then.
   */
  run<T>(write: Write<T>, locks = ''): Promise<T> {
    const { promise, resolve, reject } = Promise.withResolvers<T>()
    const waiting = { run: write, locks, resolve: resolve as (value: unknown) => void, reject }
    this.#waiting.push(waiting)
    if (!this.#isRunning) void this.#runAll()
    return promise
  }

  async #runAll(): Promise<void> {
    this.#isRunning = true
    await nextTurn()
    while (this.#waiting.length > 0) {
      const batch = this.#waiting.splice(0, MAX_BATCH).sort(byLocks)
      if (batch.length > 1 && (await this.#runTogether(batch))) continue
      for (const write of batch) await this.#runAlone(write)
    }
    this.#isRunning = false
  }

  /** Whether they have their answers; otherwise none of them happened, and each gets its turn alone. */
  async #runTogether(batch: readonly WaitingWrite[]): Promise<boolean> {
    try {
      const values = await this.#commit(async (db) => {
        const all: unknown[] = []
        for (const write of batch) all.push(await write.run(db))
        return all
      })
      batch.forEach((write, index) => write.resolve(values[index]))
      return true
    } catch (error) {
      if (storeFaultOf(error) !== 'away') return false
      for (const write of batch) write.reject(error)
      return true
    }
  }

  async #runAlone({ run, resolve, reject }: WaitingWrite): Promise<void> {
    try {
      resolve(await this.#commit(run))
    } catch (error) {
      reject(error)
    }
  }

  async #commit<T>(run: Write<T>): Promise<T> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await this.#db.transaction().execute(run)
      } catch (error) {
        const fault = storeFaultOf(error)
        if (fault === undefined) throw error
        if (attempt >= MAX_ATTEMPTS || isGivenUp(error)) throw storeAway(error)
        const waitMs = Math.min(FIRST_WAIT_MS * 2 ** attempt, MAX_WAIT_MS)
        await sleep(waitMs * Math.random())
      }
    }
  }
}

/** Why: whoever connects tries for a while itself. */
function isGivenUp(error: unknown): boolean {
  return (error as { code?: unknown }).code === 'ERR_STORE_AWAY'
}

function byLocks(a: WaitingWrite, b: WaitingWrite): number {
  return a.locks < b.locks ? -1 : a.locks > b.locks ? 1 : 0
}
