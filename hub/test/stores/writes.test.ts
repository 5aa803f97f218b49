// SPDX-License-Identifier: Apache-2.0
/** Group commit: writes share a transaction without sharing their fate. */
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { join } from 'node:path'
import { openDatabase, type HubDatabase, type HubTransaction } from '../../src/stores/database.ts'
import { sqliteDialect } from '../../src/stores/sqlite-dialect.ts'
import { Writes } from '../../src/stores/writes.ts'
import { temporaryFolder } from '../support/site.ts'

describe('writes', () => {
  let scope: AsyncDisposableStack
  let db: HubDatabase
  let commits: number
  beforeEach(async () => {
    scope = new AsyncDisposableStack()
    const file = join(await temporaryFolder(scope), 'hub.db')
    db = scope.adopt(await openDatabase(() => sqliteDialect(file)), (open) => open.destroy())
    commits = 0
  })
  afterEach(() => scope.disposeAsync())

  const addSite = (name: string) => async (transaction: HubTransaction) => {
    const row = { site_id: name, name, registered_at: 0 }
    await transaction.insertInto('sites').values(row).execute()
    return name
  }
  const names = async () =>
    (await db.selectFrom('sites').select('name').orderBy('name').execute()).map((row) => row.name)
  const counting = (): HubDatabase => {
    const transaction = () => {
      commits += 1
      return db.transaction()
    }
    return { transaction } as unknown as HubDatabase
  }

  it('that come together are committed together', async () => {
    const writes = new Writes(counting())
    const all = ['a', 'b', 'c', 'd'].map((name) => writes.run(addSite(name)))
    expect(await Promise.all(all)).toEqual(['a', 'b', 'c', 'd'])
    expect(await names()).toEqual(['a', 'b', 'c', 'd'])
    expect(commits).toBe(1)
  })

  it('that fail leave nothing, and take no other with them', async () => {
    const writes = new Writes(db)
    const failing = async (transaction: HubTransaction) => {
      await addSite('half')(transaction)
      throw new Error('no')
    }
    const outcomes = await Promise.allSettled([
      writes.run(addSite('a')),
      writes.run(failing),
      writes.run(addSite('b')),
    ])
    expect(outcomes.map((outcome) => outcome.status)).toEqual([
      'fulfilled',
      'rejected',
      'fulfilled',
    ])
    expect(await names()).toEqual(['a', 'b'])
  })

  it('go on after a failure, alone and in crowds', async () => {
    const writes = new Writes(db)
    await expect(writes.run(() => Promise.reject(new Error('no')))).rejects.toThrow('no')
    await writes.run(addSite('a'))
    const many = Array.from({ length: 200 }, (_, n) => writes.run(addSite(`s${n}`)))
    await Promise.all(many)
    expect(await names()).toHaveLength(201)
  })
})
