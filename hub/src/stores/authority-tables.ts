// SPDX-License-Identifier: Apache-2.0
/** The second step of the schema: people by their trust root, postings, and the witnessed audit. */
import { sql, type Kysely } from 'kysely'

/** Adds the tables. Operators become people; the site files bring them at this very start. */
export async function addAuthority(db: Kysely<unknown>): Promise<void> {
  await addPeople(db)
  await addPostings(db)
  await addSiteLogs(db)
  await addAgentLogs(db)
}

async function addPeople(db: Kysely<unknown>): Promise<void> {
  await db.schema.dropTable('operators').execute()
  await db.schema
    .createTable('people')
    .addColumn('key_id', 'text', (column) => column.primaryKey())
    .addColumn('site_id', 'text', (column) => column.notNull().references('sites.site_id'))
    .addColumn('role', 'text', (column) => column.notNull())
    .addColumn('name', 'text', (column) => column.notNull())
    .addColumn('signing_key', 'text', (column) => column.notNull())
    .addColumn('not_after', 'bigint', (column) => column.notNull())
    .addCheckConstraint('people_role', sql`role in ('operator', 'customer', 'root')`)
    .execute()
  await db.schema
    .createTable('trust_roots')
    .addColumn('site_id', 'text', (column) => column.notNull().references('sites.site_id'))
    .addColumn('version', 'integer', (column) => column.notNull())
    .addColumn('digest', 'text', (column) => column.notNull())
    .addColumn('envelope', 'text', (column) => column.notNull())
    .addColumn('taken_at', 'bigint', (column) => column.notNull())
    .addPrimaryKeyConstraint('trust_roots_key', ['site_id', 'version'])
    .execute()
}

async function addPostings(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('postings')
    .addColumn('site_id', 'text', (column) => column.notNull().references('sites.site_id'))
    .addColumn('posting_id', 'text', (column) => column.notNull())
    .addColumn('kind', 'text', (column) => column.notNull())
    .addColumn('about', 'text')
    .addColumn('agent_id', 'text')
    .addColumn('posted_by', 'text', (column) => column.notNull())
    .addColumn('sealed', 'text', (column) => column.notNull())
    .addColumn('posted_at', 'bigint', (column) => column.notNull())
    .addColumn('expires_at', 'bigint', (column) => column.notNull())
    .addPrimaryKeyConstraint('postings_key', ['site_id', 'posting_id'])
    .execute()
  await db.schema
    .createIndex('postings_by_time')
    .on('postings')
    .columns(['site_id', 'posted_at', 'posting_id'])
    .execute()
  await db.schema
    .createIndex('postings_by_end')
    .on('postings')
    .columns(['site_id', 'expires_at'])
    .execute()
}

/** The hub's own log, one for each site: its key, its entries, and the perfect subtrees over them. */
async function addSiteLogs(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('witness_keys')
    .addColumn('site_id', 'text', (column) => column.primaryKey().references('sites.site_id'))
    .addColumn('seed', 'text', (column) => column.notNull())
    .addColumn('made_at', 'bigint', (column) => column.notNull())
    .execute()
  await db.schema
    .createTable('site_log')
    .addColumn('site_id', 'text', (column) => column.notNull().references('sites.site_id'))
    .addColumn('position', 'bigint', (column) => column.notNull())
    .addColumn('entry', 'text', (column) => column.notNull())
    .addPrimaryKeyConstraint('site_log_key', ['site_id', 'position'])
    .execute()
  await db.schema
    .createTable('site_log_nodes')
    .addColumn('site_id', 'text', (column) => column.notNull())
    .addColumn('level', 'integer', (column) => column.notNull())
    .addColumn('position', 'bigint', (column) => column.notNull())
    .addColumn('hash', 'text', (column) => column.notNull())
    .addPrimaryKeyConstraint('site_log_nodes_key', ['site_id', 'level', 'position'])
    .execute()
}

/** What the hub witnessed of the agents' logs, by agent and epoch. */
async function addAgentLogs(db: Kysely<unknown>): Promise<void> {
  const ofAgent = (table: string) =>
    db.schema
      .createTable(table)
      .addColumn('site_id', 'text', (column) => column.notNull())
      .addColumn('agent_id', 'text', (column) => column.notNull())
      .addForeignKeyConstraint(`${table}_agent`, ['site_id', 'agent_id'], 'agents', [
        'site_id',
        'agent_id',
      ])
  await ofAgent('agent_logs')
    .addColumn('epoch', 'integer', (column) => column.notNull())
    .addColumn('size', 'bigint', (column) => column.notNull())
    .addColumn('root', 'text', (column) => column.notNull())
    .addColumn('note', 'text', (column) => column.notNull())
    .addColumn('witnessed_at', 'bigint', (column) => column.notNull())
    .addColumn('stored_size', 'bigint', (column) => column.notNull())
    .addColumn('frontier', 'text', (column) => column.notNull())
    .addColumn('part_bytes', 'bigint', (column) => column.notNull())
    .addPrimaryKeyConstraint('agent_logs_key', ['site_id', 'agent_id', 'epoch'])
    .execute()
  await ofAgent('agent_forks')
    .addColumn('shown_note', 'text', (column) => column.notNull())
    .addColumn('held_note', 'text', (column) => column.notNull())
    .addColumn('seen_at', 'bigint', (column) => column.notNull())
    .addPrimaryKeyConstraint('agent_forks_key', ['site_id', 'agent_id', 'shown_note'])
    .execute()
  await ofAgent('audit_segments')
    .addColumn('epoch', 'integer', (column) => column.notNull())
    .addColumn('from_index', 'bigint', (column) => column.notNull())
    .addColumn('entry_count', 'integer', (column) => column.notNull())
    .addColumn('part_bytes', 'integer', (column) => column.notNull())
    .addColumn('leaf_hashes', 'text', (column) => column.notNull())
    .addColumn('parts', 'text', (column) => column.notNull())
    .addPrimaryKeyConstraint('audit_segments_key', ['site_id', 'agent_id', 'epoch', 'from_index'])
    .execute()
  await db.schema
    .createIndex('audit_segments_whole')
    .on('audit_segments')
    .columns(['site_id', 'agent_id', 'epoch', 'from_index'])
    .where(sql<boolean>`part_bytes > 0`)
    .execute()
}
