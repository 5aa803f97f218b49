// SPDX-License-Identifier: Apache-2.0
/** Sites and their operators' public keys. The site files are the truth; these tables follow them at every start. */
import { CodedError } from '@sallyport/sdk'
import type { HubDatabase, HubTransaction } from './database.ts'
import type { OperatorRow, SiteRow } from './tables.ts'

/** A site as its file describes it. */
export interface Site {
  readonly siteId: string
  readonly name: string
  readonly operators: readonly SiteOperator[]
}

/** An operator of a site. */
export interface SiteOperator {
  readonly keyId: string
  readonly name: string
  readonly signingKey: string
  readonly sealingKey: string
}

/** Keeps the sites. */
export class SiteStore {
  readonly #db: HubDatabase

  constructor(db: HubDatabase) {
    this.#db = db
  }

  /**
   * Registers a site and makes its operators exactly those given; one who is missing is out at once.
   *
   * Throws: ERR_OPERATOR_KEY when a key is already an operator of another site, or an agent.
   */
  async register(site: Site, nowMs: number): Promise<void> {
    await this.#db.transaction().execute(async (db) => {
      const row: SiteRow = { site_id: site.siteId, name: site.name, registered_at: nowMs }
      await db
        .insertInto('sites')
        .values(row)
        .onConflict((conflict) => conflict.column('site_id').doUpdateSet({ name: site.name }))
        .execute()
      await db.deleteFrom('operators').where('site_id', '=', site.siteId).execute()
      for (const operator of site.operators) await addOperator(db, site.siteId, operator)
    })
  }

  /** How many sites are registered. */
  async count(): Promise<number> {
    const { count } = await this.#db
      .selectFrom('sites')
      .select(({ fn }) => fn.countAll<number>().as('count'))
      .executeTakeFirstOrThrow()
    return Number(count)
  }

  /** The operator with this key, of whatever site. */
  async findOperator(keyId: string): Promise<OperatorRow | undefined> {
    const query = this.#db.selectFrom('operators').selectAll().where('key_id', '=', keyId)
    return query.executeTakeFirst()
  }
}

async function addOperator(
  db: HubTransaction,
  siteId: string,
  operator: SiteOperator,
): Promise<void> {
  const agent = await db
    .selectFrom('agents')
    .select('agent_id')
    .where('key_id', '=', operator.keyId)
    .executeTakeFirst()
  const added = await db
    .insertInto('operators')
    .values({
      key_id: operator.keyId,
      site_id: siteId,
      name: operator.name,
      signing_key: operator.signingKey,
      sealing_key: operator.sealingKey,
    })
    .onConflict((conflict) => conflict.doNothing())
    .executeTakeFirst()
  if (agent === undefined && added.numInsertedOrUpdatedRows === 1n) return
  throw new CodedError('ERR_OPERATOR_KEY', 'a key of this site is in use elsewhere on this hub', {
    details: { siteId, operator: operator.name, keyId: operator.keyId },
  })
}
