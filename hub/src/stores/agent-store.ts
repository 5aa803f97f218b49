// SPDX-License-Identifier: Apache-2.0
/** Enrolled agents: their ids, public signing keys, sealed descriptors and when they were last seen. */
import type { HubDatabase } from './database.ts'
import type { AgentRow } from './tables.ts'
import type { Writes } from './writes.ts'

/** Where a page of agents goes on: after this one. */
export interface AgentPosition {
  readonly enrolledAt: number
  readonly agentId: string
}

/** Keeps the agents. They are added by redeeming a code, see `CodeStore`. */
export class AgentStore {
  readonly #db: HubDatabase
  readonly #writes: Writes

  constructor(db: HubDatabase, writes: Writes) {
    this.#db = db
    this.#writes = writes
  }

  /** The agent of a site by its id. */
  async find(siteId: string, agentId: string): Promise<AgentRow | undefined> {
    return this.#db
      .selectFrom('agents')
      .selectAll()
      .where('site_id', '=', siteId)
      .where('agent_id', '=', agentId)
      .executeTakeFirst()
  }

  /** The agent with this signing key, of whatever site. */
  async findByKey(keyId: string): Promise<AgentRow | undefined> {
    const query = this.#db.selectFrom('agents').selectAll().where('key_id', '=', keyId)
    return query.executeTakeFirst()
  }

  /** Keeps an agent's newest descriptor. */
  async describe(siteId: string, agentId: string, descriptor: string): Promise<void> {
    await this.#writes.run((db) =>
      db
        .updateTable('agents')
        .set({ descriptor })
        .where('site_id', '=', siteId)
        .where('agent_id', '=', agentId)
        .execute(),
    )
  }

  /** Notes that an agent was there. Why in a group commit: thousands of agents poll, and each is seen. */
  async see(siteId: string, agentId: string, nowMs: number): Promise<void> {
    await this.#writes.run((db) =>
      db
        .updateTable('agents')
        .set({ last_seen_at: nowMs })
        .where('site_id', '=', siteId)
        .where('agent_id', '=', agentId)
        .execute(),
    )
  }

  /** A page of a site's agents, oldest first. */
  async list(
    siteId: string,
    page: { after: AgentPosition | undefined; limit: number },
  ): Promise<AgentRow[]> {
    let query = this.#db.selectFrom('agents').selectAll().where('site_id', '=', siteId)
    const { after } = page
    if (after !== undefined) {
      query = query.where(({ eb, or, and }) =>
        or([
          eb('enrolled_at', '>', after.enrolledAt),
          and([eb('enrolled_at', '=', after.enrolledAt), eb('agent_id', '>', after.agentId)]),
        ]),
      )
    }
    return query.orderBy('enrolled_at').orderBy('agent_id').limit(page.limit).execute()
  }
}
