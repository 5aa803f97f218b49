// SPDX-License-Identifier: Apache-2.0
/** Kysely over PostgreSQL. Everything that is true of PostgreSQL alone stands in the files of its name. */
import {
  PostgresAdapter,
  PostgresDialect,
  sql,
  type Dialect,
  type DialectAdapter,
  type Driver,
  type Kysely,
  type MigrationLockOptions,
} from 'kysely'
import type { StoreAdapter } from './locks.ts'
import { RetryingPostgresDriver } from './postgres-driver.ts'
import { POSTGRES_LIMITS, PrimaryPool, type PostgresLimits } from './postgres-pool.ts'

/**
 * Makes the dialect for the database at `url`, which it connects to when it is first asked.
 *
 * Throws: ERR_USAGE when it is no address of PostgreSQL.
 */
export function postgresDialect(url: string, limits: Partial<PostgresLimits> = {}): Dialect {
  return new HubPostgresDialect(new PrimaryPool(url, { ...POSTGRES_LIMITS, ...limits }))
}

class HubPostgresDialect extends PostgresDialect {
  readonly #pool: PrimaryPool

  constructor(pool: PrimaryPool) {
    super({ pool })
    this.#pool = pool
  }

  override createDriver(): Driver {
    return new RetryingPostgresDriver(this.#pool)
  }

  override createAdapter(): DialectAdapter {
    return new HubPostgresAdapter()
  }
}

class HubPostgresAdapter extends PostgresAdapter implements StoreAdapter {
  /** Of the name's hash. Two names with one hash wait for each other, which does no harm. */
  async takeLock(db: Kysely<never>, name: string): Promise<void> {
    await sql`select pg_advisory_xact_lock(hashtextextended(${name}, 0))`.execute(db)
  }

  /** Why without a bound of time from here on: an index over a large table takes as long as it takes. */
  override async acquireMigrationLock(
    db: Kysely<never>,
    options: MigrationLockOptions,
  ): Promise<void> {
    await super.acquireMigrationLock(db, options)
    await sql`set statement_timeout = 0`.execute(db)
  }

  override async releaseMigrationLock(
    db: Kysely<never>,
    options: MigrationLockOptions,
  ): Promise<void> {
    await sql`reset statement_timeout`.execute(db)
    await super.releaseMigrationLock(db, options)
  }

  /** Nothing to do: its own vacuum runs by itself. */
  async giveSpaceBack(): Promise<void> {}
}
