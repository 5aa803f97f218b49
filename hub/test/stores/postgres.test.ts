// SPDX-License-Identifier: Apache-2.0
/** PostgreSQL as it is in real life: connections that end, transactions in each other's way, a database that goes. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals'
import { setTimeout as sleep } from 'node:timers/promises'
import { openDatabase, type HubDatabase, type HubTransaction } from '../../src/stores/database.ts'
import { lock } from '../../src/stores/locks.ts'
import { DatabaseClock } from '../../src/stores/postgres-clock.ts'
import { postgresDialect } from '../../src/stores/postgres-dialect.ts'
import { PostgresListener } from '../../src/stores/postgres-listener.ts'
import type { PostgresLimits } from '../../src/stores/postgres-pool.ts'
import { splitPostgresUrl } from '../../src/stores/postgres-url.ts'
import { Writes } from '../../src/stores/writes.ts'
import { endPostgres, freshDatabase, sharedPostgres } from '../support/postgres.ts'
import { patient } from '../../../test/support/patience.ts'
import { until } from '../../../test/support/until.ts'

afterAll(endPostgres)

beforeAll(() => sharedPostgres(), 60_000)

describe('PostgreSQL', () => {
  let scope: AsyncDisposableStack
  let url: string
  beforeEach(async () => {
    scope = new AsyncDisposableStack()
    url = await freshDatabase()
  })
  afterEach(() => scope.disposeAsync())

  const open = async (limits: Partial<PostgresLimits> = {}): Promise<HubDatabase> => {
    const dialect = () => postgresDialect(url, limits)
    return scope.adopt(await openDatabase(dialect), (db) => db.destroy())
  }
  const addSite = (name: string) => async (db: HubTransaction) => {
    const row = { site_id: name, name, registered_at: 0 }
    await db.insertInto('sites').values(row).execute()
    return name
  }
  const names = async (db: HubDatabase) =>
    (await db.selectFrom('sites').select('name').orderBy('name').execute()).map((row) => row.name)

  it('is brought up to date once by two hubs that start together', async () => {
    const dbs = await Promise.all([open(), open(), open()])
    for (const db of dbs) expect(await names(db)).toEqual([])
  })

  it('waits for the disk at every commit', async () => {
    const db = await open()
    const { sql } = await import('kysely')
    const { rows } = await sql`show synchronous_commit`.execute(db)
    expect(rows).toEqual([{ synchronous_commit: 'on' }])
  })

  it('is asked again when its connections were ended', async () => {
    const db = await open()
    const postgres = await sharedPostgres()
    const asking = Array.from({ length: 200 }, async (_, n) => {
      await sleep(n * 2)
      return names(db)
    })
    for (let n = 0; n < 4; n += 1) {
      await postgres.terminateAll()
      await sleep(80)
    }
    expect(await Promise.all(asking)).toEqual(Array(200).fill([]))
  })

  it('takes every write once while its connections are ended all the time', async () => {
    const db = await open()
    const writes = new Writes(db)
    const postgres = await sharedPostgres()
    const slowly = (n: number) => async (transaction: HubTransaction) => {
      const { count } = await transaction
        .selectFrom('sites')
        .select(({ fn }) => fn.countAll<number>().as('count'))
        .where('site_id', '=', `s${n}`)
        .executeTakeFirstOrThrow()
      if (count === 0) await addSite(`s${n}`)(transaction)
    }
    const all = Array.from({ length: 60 }, async (_, n) => {
      await sleep(n * 25)
      await writes.run(slowly(n))
    })
    let endedCount = 0
    for (let n = 0; n < 6; n += 1) {
      await sleep(250)
      endedCount += await postgres.terminateAll()
    }
    await Promise.all(all)
    expect(endedCount).toBeGreaterThan(3)
    expect(await names(db)).toHaveLength(60)
  })

  it('has deadlocks, and both writes of one happen', async () => {
    const [one, other] = [new Writes(await open()), new Writes(await open())]
    const inOrder = (first: string, second: string, name: string) => async (db: HubTransaction) => {
      await lock(db, first)
      await sleep(50)
      await lock(db, second)
      await addSite(name)(db)
    }
    await Promise.all([one.run(inOrder('a', 'b', '1')), other.run(inOrder('b', 'a', '2'))])
    expect(await names(await open())).toEqual(['1', '2'])
  })

  it('lets nobody wait for a hub that stands still in the middle of a write', async () => {
    const standing = await open({ standstillMs: 400 })
    const writes = new Writes(await open())
    const [locked, over] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
    const stood = standing.transaction().execute(async (db) => {
      await lock(db, 'site')
      locked.resolve()
      await over.promise
      await addSite('too late')(db)
    })
    await locked.promise
    await writes.run(async (db) => {
      await lock(db, 'site')
      await addSite('in time')(db)
    })
    over.resolve()
    await expect(stood).rejects.toBeDefined()
    expect(await names(await open())).toEqual(['in time'])
  })

  it('is asked over few connections, however many ask', async () => {
    const db = await open({ connections: 2 })
    const postgres = await sharedPostgres()
    const all = Promise.all(Array.from({ length: 300 }, () => names(db)))
    const rows = await postgres.query(
      `select count(*)::int as n from pg_stat_activity where datname = '${new URL(url).pathname.slice(1)}'`,
    )
    expect(Number(rows[0]!['n'])).toBeLessThanOrEqual(2)
    await all
  })

  it('is waited for while it has no connection to give', async () => {
    const name = new URL(url).pathname.slice(1)
    const db = await open()
    const postgres = await sharedPostgres()
    await postgres.query(`alter database ${name} connection limit 0`)
    await postgres.query('create role guest login')
    await postgres.query(`grant all on all tables in schema public to guest`, name)
    const guest = url.replace('//hub@', '//guest@')
    const asGuest = scope.adopt(await openLater(guest), (each) => each.destroy())
    const asking = names(asGuest)
    await sleep(300)
    await postgres.query(`alter database ${name} connection limit 10`)
    expect(await asking).toEqual([])
    await postgres.query(`drop owned by guest`, name)
    void db
  })

  it('says that it is away when it stays away, and nothing was kept', async () => {
    const db = await openLater('postgres://hub@127.0.0.1:1/none', { awayMs: 500 })
    scope.adopt(db, (each) => each.destroy())
    const writes = new Writes(db)
    const calls = [writes.run(addSite('a')), writes.run(addSite('b')), names(db)]
    const outcomes = await Promise.allSettled(calls)
    for (const outcome of outcomes) {
      expect(outcome).toMatchObject({ status: 'rejected', reason: { code: 'ERR_STORE_AWAY' } })
    }
  })

  it('is refused by what it is, when that is no store of a hub', async () => {
    const wrong = url.replace(/hub_\d+$/, 'nowhere')
    await expect(openDatabase(() => postgresDialect(wrong))).rejects.toMatchObject({
      code: 'ERR_HUB_DATABASE',
    })
    for (const text of ['mysql://a/b', 'postgres://host', '', 'postgres:///', 'hub.db']) {
      expect(() => splitPostgresUrl(text)).toThrow('--database')
    }
    expect(splitPostgresUrl('postgresql://u:p@a:1,b/x?sslmode=disable')).toEqual([
      'postgresql://u:p@a:1/x?sslmode=disable',
      'postgresql://u:p@b/x?sslmode=disable',
    ])
  })

  it('tells hubs what happened at others, not at themselves, and that they missed something', async () => {
    const [one, other] = await Promise.all([PostgresListener.open(url), PostgresListener.open(url)])
    scope.use(one)
    scope.use(other)
    const heard: string[] = []
    let missedCount = 0
    one.listen({ heard: (subject) => heard.push(`one ${subject}`), missed: () => undefined })
    other.listen({ heard: (subject) => heard.push(subject), missed: () => (missedCount += 1) })
    const subjects = Array.from({ length: 500 }, (_, n) => `mailbox of agent number ${n}`)
    for (const subject of subjects) one.tell(subject)
    await until(() => heard.length >= 500)
    expect(heard).toEqual(subjects)
    await (await sharedPostgres()).terminateAll()
    one.tell('told while nobody was there')
    await until(() => missedCount > 0 && one.isConnected)
    one.tell('told afterwards')
    await until(() => heard.includes('told afterwards'))
  })

  it('has one clock, whatever those of the hubs say', async () => {
    const listener = scope.use(await PostgresListener.open(url))
    const db = await open()
    const offMs = Math.abs(listener.clock.now() - (await listener.clock.readNow(db)))
    expect(offMs).toBeLessThan(patient(200))
    let elapsed = 1_000
    const clock = new DatabaseClock(() => elapsed)
    expect(() => clock.now()).toThrow(RangeError)
    await clock.set(() => Promise.resolve(500_000))
    elapsed += 250
    expect(clock.now()).toBe(500_250)
    await clock.set(async () => {
      elapsed += 40
      return Promise.resolve(500_275)
    })
    expect(clock.now()).toBe(500_290)
    await clock.set(() => Promise.resolve(900_000))
    expect(clock.now()).toBe(900_000)
  })
})

/** A database that is not asked for anything yet. */
async function openLater(url: string, limits: Partial<PostgresLimits> = {}): Promise<HubDatabase> {
  const { Kysely } = await import('kysely')
  return new Kysely({ dialect: postgresDialect(url, limits) })
}
