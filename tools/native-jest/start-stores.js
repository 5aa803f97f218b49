// SPDX-License-Identifier: Apache-2.0
/** Jest global set-up of the suites whose hubs work in PostgreSQL and Redis: starts both once for the whole run. */
import { openDatabase } from '../../hub/src/stores/database.ts'
import { postgresDialect } from '../../hub/src/stores/postgres-dialect.ts'
import { STARTED_STORES } from '../../test/support/hub-stores.ts'
import { TestPostgres } from '../../test/support/postgres.ts'
import { TestRedis } from '../../test/support/redis.ts'
import compilePrograms from './compile-programs.js'

const REDIS_DATABASES = 4_096

export default async function startStores(globalConfig) {
  await compilePrograms(globalConfig)
  const settings = ['deadlock_timeout = 200ms', 'max_connections = 200']
  const started = await Promise.all([
    TestPostgres.start({ settings }),
    TestRedis.start(['--databases', String(REDIS_DATABASES)]),
  ])
  globalThis[STARTED_STORES] = started
  const [postgres, redis] = started
  const template = await postgres.createDatabase()
  await (await openDatabase(() => postgresDialect(template))).destroy()
  const stores = { template, redis: redis.url, redisDatabaseCount: REDIS_DATABASES }
  process.env[STARTED_STORES] = JSON.stringify(stores)
}
