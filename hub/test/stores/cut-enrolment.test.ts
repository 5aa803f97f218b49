// SPDX-License-Identifier: Apache-2.0
/** A hub that loses power between any two statements of an enrolment: never two agents, and nobody is locked out. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { randomUUIDv7 } from 'node:crypto'
import { join } from 'node:path'
import type { Dialect } from 'kysely'
import { CodeStore } from '../../src/stores/code-store.ts'
import { openDatabase } from '../../src/stores/database.ts'
import { sqliteDialect } from '../../src/stores/sqlite-dialect.ts'
import { eachStatement } from '../support/each-statement.ts'
import { addSite, storeOf } from '../support/stores.ts'
import { temporaryFolder } from '../support/site.ts'

const NOW = 10
const host = { keyId: 'host', signingKey: 'the key of the host' }
const thief = { keyId: 'thief', signingKey: 'the key of a thief' }
const scope = new AsyncDisposableStack()
let folder: string

beforeAll(async () => {
  folder = await temporaryFolder(scope)
})
afterAll(() => scope.disposeAsync())

/** Redeems a code whose agent takes the place of another, with the power gone from a statement on; says what is left. */
async function redeemCutAt(cutAt: number) {
  const file = join(folder, `${cutAt}.db`)
  let statements = Infinity
  const dying = (dialect: Dialect) =>
    eachStatement(dialect, () => {
      statements += 1
      if (statements >= cutAt) throw new Error('no power')
    })
  const before = await openDatabase(() => sqliteDialect(file))
  const { siteId, agents } = await addSite(storeOf(before))
  const old = agents[0]!.agentId
  const agentId = randomUUIDv7()
  const rest = { sealed_enrolment: 's', added_at: 0, must_confirm: 0, replaces: old }
  const code = { site_id: siteId, agent_id: agentId, redeem_hash: 'h', expires_at: 1_000, ...rest }
  await codesOf(before).add(code)
  await before.destroy()

  statements = -Infinity
  const cut = await openDatabase(() => dying(sqliteDialect(file)))
  statements = 0
  const answer = await codesOf(cut)
    .redeem('h', host, NOW)
    .catch(() => 'cut' as const)
  await cut.destroy()

  const after = await openDatabase(() => sqliteDialect(file))
  return { db: after, answer, old, agentId }
}

function codesOf(db: Awaited<ReturnType<typeof openDatabase>>): CodeStore {
  return new CodeStore(db, storeOf(db).writes)
}

describe('an enrolment', () => {
  it('cut off before any statement is as if it had not been, and the same keys go on', async () => {
    let cuts = 0
    for (let cutAt = 1; ; cutAt += 1) {
      const { db, answer, old, agentId } = await redeemCutAt(cutAt)
      const standingOf = async (id: string) =>
        (await db.selectFrom('agents').selectAll().where('agent_id', '=', id).executeTakeFirst())
          ?.standing
      const code = await codesOf(db).find('h')
      const isBurned = code?.redeemed_key === host.signingKey
      expect(await standingOf(agentId)).toBe(isBurned ? 'active' : undefined)
      expect(await standingOf(old)).toBe(isBurned ? 'revoked' : 'active')

      expect((await codesOf(db).redeem('h', host, NOW))?.standing).toBe('active')
      expect(await codesOf(db).redeem('h', thief, NOW)).toBeUndefined()
      const rows = await db.selectFrom('agents').selectAll().execute()
      expect(rows.filter(({ standing }) => standing === 'active')).toHaveLength(1)
      await db.destroy()
      if (answer !== 'cut') break
      cuts += 1
    }
    expect(cuts).toBeGreaterThan(4)
  })
})
