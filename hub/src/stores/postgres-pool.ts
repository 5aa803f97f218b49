// SPDX-License-Identifier: Apache-2.0
/** Connections to whichever of the addresses is the primary, never more than may be open at once. */
import type { PostgresPool, PostgresPoolClient } from 'kysely'
import { setTimeout as sleep } from 'node:timers/promises'
import {
  Pool,
  types,
  type ClientBase,
  type CustomTypesConfig,
  type PoolClient,
  type PoolConfig,
} from 'pg'
import { Places } from './places.ts'
import { storeFaultOf } from './postgres-errors.ts'
import { splitPostgresUrl } from './postgres-url.ts'
import { storeAway } from './store-away.ts'

/** Bounds of the work with PostgreSQL. Units: milliseconds, but for the count. */
export const POSTGRES_LIMITS = {
  /** Connections of one hub, besides the one that listens. */
  connections: 10,
  /** One attempt to connect. */
  connectMs: 3_000,
  /** All attempts of one request together; then the database counts as away. */
  awayMs: 8_000,
  /** Between two rounds of attempts. */
  retryMs: 100,
  /**
   * A transaction in which nothing happens for so long is ended by the database.
   *
   * Why: a hub that was stopped in the middle of one must not hold its locks until it goes on.
   */
  standstillMs: 5_000,
  /** A lock that is not had in this time is asked for again. */
  lockMs: 5_000,
  /** One statement. */
  statementMs: 20_000,
} as const

/** The same, in other numbers. */
export type PostgresLimits = Readonly<Record<keyof typeof POSTGRES_LIMITS, number>>

const INT8 = 20
const NUMERIC = 1_700
/** Counts, sums and instants are all far below 2^53. */
const NUMBERS = {
  getTypeParser: (oid: number, format?: 'text'): ((text: string) => unknown) =>
    oid === INT8 || oid === NUMERIC
      ? Number
      : (types.getTypeParser(oid, format) as (text: string) => unknown),
} as unknown as CustomTypesConfig

/** How each connection to an address is made. */
export function connectionConfig(
  connectionString: string,
  limits: PostgresLimits = POSTGRES_LIMITS,
): PoolConfig {
  return {
    connectionString,
    application_name: 'sallyport-hub',
    connectionTimeoutMillis: limits.connectMs,
    idle_in_transaction_session_timeout: limits.standstillMs,
    lock_timeout: limits.lockMs,
    statement_timeout: limits.statementMs,
    keepAlive: true,
    types: NUMBERS,
  }
}

/** Connections to the primary. */
export class PrimaryPool implements PostgresPool {
  readonly #pools: readonly Pool[]
  readonly #places: Places
  readonly #limits: PostgresLimits
  /** What Kysely would make connections of, to cancel others: it has no need to. */
  readonly options = {}
  #preferred = 0

  constructor(url: string, limits: PostgresLimits = POSTGRES_LIMITS) {
    this.#limits = limits
    this.#places = new Places(limits.connections)
    this.#pools = splitPostgresUrl(url).map((address) => openPool(address, limits))
  }

  /** A connection to the primary. Throws: ERR_STORE_AWAY when none is had in time. */
  async connect(): Promise<PostgresPoolClient> {
    await this.#places.take()
    try {
      const client = await this.#connect()
      const release = client.release
      client.release = (isBroken) => {
        release(isBroken)
        this.#places.give()
      }
      return client
    } catch (error) {
      this.#places.give()
      throw error
    }
  }

  /** Closes all of them. */
  async end(): Promise<void> {
    await Promise.all(this.#pools.map((pool) => pool.end()))
  }

  async #connect(): Promise<PoolClient> {
    const endsAt = performance.now() + this.#limits.awayMs
    for (;;) {
      const found = await this.#tryAll()
      if (found.client !== undefined) return found.client
      if (performance.now() >= endsAt) throw storeAway(found.cause)
      await sleep(this.#limits.retryMs * (1 + Math.random()))
    }
  }

  /** Asks each address once, the one that was right last time first. Throws what no other attempt could mend. */
  async #tryAll(): Promise<{ client?: PoolClient; cause?: unknown }> {
    let cause: unknown
    for (let n = 0; n < this.#pools.length; n += 1) {
      const index = (this.#preferred + n) % this.#pools.length
      try {
        const client = await this.#pools[index]!.connect()
        this.#preferred = index
        return { client }
      } catch (error) {
        if (storeFaultOf(error) === undefined) throw error
        cause = error
      }
    }
    return { cause }
  }
}

function openPool(address: string, limits: PostgresLimits): Pool {
  const pool = new Pool({
    ...connectionConfig(address, limits),
    max: limits.connections,
    onConnect: expectPrimary,
  })
  // A connection that breaks while nobody asks anything is no event: whoever asks next gets another.
  pool.on('error', () => undefined)
  pool.on('connect', (client) => void client.on('error', () => undefined))
  return pool
}

/**
 * Refuses a standby, as what it is: away.
 *
 * Why the commit is set: what was promised to be kept must be on the disk, whatever the database was told.
 */
export async function expectPrimary(client: ClientBase): Promise<void> {
  const { rows } = await client.query('select pg_is_in_recovery() as is_standby')
  if ((rows[0] as { is_standby: boolean }).is_standby) {
    throw Object.assign(new Error('this database is a standby'), { code: '25006' })
  }
  await client.query('set synchronous_commit = on')
}
