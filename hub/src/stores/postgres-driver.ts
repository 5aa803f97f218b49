// SPDX-License-Identifier: Apache-2.0
/** Asks again where asking again is safe: a question outside a transaction whose connection broke. */
import {
  PostgresDriver,
  type CompiledQuery,
  type DatabaseConnection,
  type Driver,
  type PostgresPool,
  type QueryResult,
  type TransactionSettings,
} from 'kysely'
import { storeFaultOf } from './postgres-errors.ts'

type PlainConnection = Parameters<PostgresDriver['releaseConnection']>[0]

/** Attempts at one question. Connecting has its own bound of time, so that these are not many. */
const MAX_ATTEMPTS = 5

/** Kysely's driver over connections that break. Writes are run again by `Writes`, whole transactions at a time. */
export class RetryingPostgresDriver implements Driver {
  readonly #plain: PostgresDriver

  constructor(pool: PostgresPool) {
    this.#plain = new PostgresDriver({ pool })
  }

  async init(): Promise<void> {
    await this.#plain.init()
  }

  async acquireConnection(): Promise<RetryingConnection> {
    return new RetryingConnection(this.#plain, await acquire(this.#plain))
  }

  async beginTransaction(
    connection: RetryingConnection,
    settings: TransactionSettings,
  ): Promise<void> {
    await this.#plain.beginTransaction(connection.enterTransaction(), settings)
  }

  async commitTransaction(connection: RetryingConnection): Promise<void> {
    await this.#plain.commitTransaction(connection.plain)
  }

  async rollbackTransaction(connection: RetryingConnection): Promise<void> {
    await this.#plain.rollbackTransaction(connection.plain)
  }

  async releaseConnection(connection: RetryingConnection): Promise<void> {
    await this.#plain.releaseConnection(connection.plain)
  }

  async destroy(): Promise<void> {
    await this.#plain.destroy()
  }
}

/** A connection that is exchanged for another when it breaks under a question. */
class RetryingConnection implements DatabaseConnection {
  readonly #driver: PostgresDriver
  #plain: PlainConnection
  #isInTransaction = false

  constructor(driver: PostgresDriver, plain: PlainConnection) {
    this.#driver = driver
    this.#plain = plain
  }

  get plain(): PlainConnection {
    return this.#plain
  }

  /** From here on every statement belongs to the one before, so none is asked again. */
  enterTransaction(): PlainConnection {
    this.#isInTransaction = true
    return this.#plain
  }

  async executeQuery<R>(query: CompiledQuery): Promise<QueryResult<R>> {
    const isSafe = !this.#isInTransaction && query.query.kind === 'SelectQueryNode'
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await this.#plain.executeQuery<R>(query)
      } catch (error) {
        if (!isSafe || attempt >= MAX_ATTEMPTS || storeFaultOf(error) === undefined) throw error
        await this.#exchange()
      }
    }
  }

  streamQuery<R>(query: CompiledQuery, chunkSize: number): AsyncIterableIterator<QueryResult<R>> {
    return this.#plain.streamQuery<R>(query, chunkSize)
  }

  /** Why in this order: the broken one has its place in the pool until it is given back. */
  async #exchange(): Promise<void> {
    await this.#driver.releaseConnection(this.#plain)
    this.#plain = await acquire(this.#driver)
  }
}

async function acquire(driver: PostgresDriver): Promise<PlainConnection> {
  return (await driver.acquireConnection()) as PlainConnection
}
