// SPDX-License-Identifier: Apache-2.0
/** One PostgreSQL for all cases of a test file, started when the first of them needs it. */
import { afterAll } from '@jest/globals'
import { TestPostgres } from '../../../test/support/postgres.ts'

let started: Promise<TestPostgres> | undefined

afterAll(async () => {
  await (await started)?.[Symbol.asyncDispose]()
})

/** The PostgreSQL of this file. */
export function sharedPostgres(): Promise<TestPostgres> {
  started ??= TestPostgres.start({ settings: ['deadlock_timeout = 200ms'] })
  return started
}

/** The address of an empty database. */
export async function freshDatabase(): Promise<string> {
  return (await sharedPostgres()).createDatabase()
}
