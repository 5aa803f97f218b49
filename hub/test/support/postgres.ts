// SPDX-License-Identifier: Apache-2.0
/** One PostgreSQL for all cases of a test file, started when the first of them needs it; `afterAll(endPostgres)` ends it. */
import { TestPostgres } from '../../../test/support/postgres.ts'
import { openDatabase } from '../../src/stores/database.ts'
import { postgresDialect } from '../../src/stores/postgres-dialect.ts'

let started: Promise<TestPostgres> | undefined
let made: Promise<string> | undefined

/** Ends it, if it was started. */
export async function endPostgres(): Promise<void> {
  const ending = started
  started = made = undefined
  await (await ending)?.[Symbol.asyncDispose]()
}

/** The PostgreSQL of this file. */
export function sharedPostgres(): Promise<TestPostgres> {
  started ??= TestPostgres.start({ settings: ['deadlock_timeout = 200ms'] })
  return started
}

/** The address of a database with all tables and nothing in them. Why copied: to make them anew takes ten times as long. */
export async function migratedDatabase(): Promise<string> {
  const postgres = await sharedPostgres()
  made ??= makeTemplate(postgres)
  return postgres.createDatabase(await made)
}

async function makeTemplate(postgres: TestPostgres): Promise<string> {
  const url = await postgres.createDatabase()
  const db = await openDatabase(() => postgresDialect(url))
  await db.destroy()
  return new URL(url).pathname.slice(1)
}

/** The address of an empty database. */
export async function freshDatabase(): Promise<string> {
  return (await sharedPostgres()).createDatabase()
}
