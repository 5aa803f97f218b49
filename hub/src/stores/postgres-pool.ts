// SPDX-License-Identifier: Apache-2.0
/** Connections to whichever of the addresses is the primary, never more than may be open at once. */
import { CodedError } from '@sallyport/sdk'
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
export function connectionConfig(connectionString: string): PoolConfig {
  return {
    connectionString,
    application_name: 'sallyport-hub',
    connectionTimeoutMillis: POSTGRES_LIMITS.connectMs,
    idle_in_transaction_session_timeout: POSTGRES_LIMITS.standstillMs,
    lock_timeout: POSTGRES_LIMITS.lockMs,
    statement_timeout: POSTGRES_LIMITS.statementMs,
    keepAlive: true,
    types: NUMBERS,
  }
}

/** Connections to the primary. */
export class PrimaryPool implements PostgresPool {
  readonly #pools: readonly Pool[]
  readonly #places: Places
  /** What Kysely would make connections of, to cancel others: it has no need to. */
  readonly options = {}
  #preferred = 0

  constructor(url: string, connections: number = POSTGRES_LIMITS.connections) {
    this.#places = new Places(connections)
    this.#pools = splitPostgresUrl(url).map((address) => openPool(address, connections))
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
    const endsAt = performance.now() + POSTGRES_LIMITS.awayMs
    for (;;) {
      const found = await this.#tryAll()
      if (found.client !== undefined) return found.client
      if (performance.now() >= endsAt) throw storeAway(found.cause)
      await sleep(POSTGRES_LIMITS.retryMs * (1 + Math.random()))
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

/** What whoever asked is told when the database cannot be reached. */
export function storeAway(cause: unknown): CodedError<'ERR_STORE_AWAY'> {
  return new CodedError('ERR_STORE_AWAY', 'the store of the hub does not answer', { cause })
}

function openPool(address: string, connections: number): Pool {
  const pool = new Pool({
    ...connectionConfig(address),
    max: connections,
    onConnect: expectPrimary,
  })
  // A connection that breaks while nobody asks anything is no event: whoever asks next gets another.
  pool.on('error', () => undefined)
  pool.on('connect', (client) => void client.on('error', () => undefined))
  return pool
}

/** Why the commit is set: what was promised to be kept must be on the disk, whatever the database was told. */
async function expectPrimary(client: ClientBase): Promise<void> {
  const { rows } = await client.query('select pg_is_in_recovery() as is_standby')
  if ((rows[0] as { is_standby: boolean }).is_standby) {
    throw Object.assign(new Error('this database is a standby'), { code: '25006' })
  }
  await client.query('set synchronous_commit = on')
}
