// SPDX-License-Identifier: Apache-2.0
/** The schema, as steps that only ever get longer. Written for SQLite and PostgreSQL alike. */
import { sql, type Kysely } from 'kysely'
import type { Migration } from 'kysely/migration'
import { addAuthority } from './authority-tables.ts'
import { addEpochs } from './epoch-tables.ts'
import { addLeaseHolders } from './lease-tables.ts'
import { addLimits } from './limit-tables.ts'
import { addLives } from './life-tables.ts'
import { addRetention } from './retention-tables.ts'
import { addSessions } from './session-tables.ts'

/** Steps by name; they run in the order of their names. A step that was published is never changed. */
export const migrations: Record<string, Migration> = {
  '0001-first': { up: first },
  '0002-authority': { up: addAuthority },
  '0003-epochs': { up: addEpochs },
  '0003-retention': { up: addRetention },
  '0004-sessions': { up: addSessions },
  '0005-leases': { up: addLeaseHolders },
  '0005-lives': { up: addLives },
  '0006-limits': { up: addLimits },
}

async function first(db: Kysely<unknown>): Promise<void> {
  await addParties(db)
  await addCodes(db)
  await addEnvelopes(db)
  await addBundles(db)
}

async function addParties(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('sites')
    .addColumn('site_id', 'text', (column) => column.primaryKey())
    .addColumn('name', 'text', (column) => column.notNull())
    .addColumn('registered_at', 'bigint', (column) => column.notNull())
    .execute()
  await db.schema
    .createTable('operators')
    .addColumn('key_id', 'text', (column) => column.primaryKey())
    .addColumn('site_id', 'text', (column) => column.notNull().references('sites.site_id'))
    .addColumn('name', 'text', (column) => column.notNull())
    .addColumn('signing_key', 'text', (column) => column.notNull())
    .addColumn('sealing_key', 'text', (column) => column.notNull())
    .execute()
  await db.schema
    .createTable('agents')
    .addColumn('site_id', 'text', (column) => column.notNull().references('sites.site_id'))
    .addColumn('agent_id', 'text', (column) => column.notNull())
    .addColumn('key_id', 'text', (column) => column.notNull().unique())
    .addColumn('signing_key', 'text', (column) => column.notNull())
    .addColumn('descriptor', 'text')
    .addColumn('enrolled_at', 'bigint', (column) => column.notNull())
    .addColumn('last_seen_at', 'bigint')
    .addPrimaryKeyConstraint('agents_key', ['site_id', 'agent_id'])
    .execute()
}

async function addCodes(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('codes')
    .addColumn('redeem_hash', 'text', (column) => column.primaryKey())
    .addColumn('site_id', 'text', (column) => column.notNull().references('sites.site_id'))
    .addColumn('agent_id', 'text', (column) => column.notNull())
    .addColumn('sealed_enrolment', 'text', (column) => column.notNull())
    .addColumn('added_at', 'bigint', (column) => column.notNull())
    .addColumn('expires_at', 'bigint', (column) => column.notNull())
    .addColumn('redeemed_key', 'text')
    .addColumn('redeemed_at', 'bigint')
    .execute()
}

async function addEnvelopes(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('envelopes')
    .addColumn('site_id', 'text', (column) => column.notNull())
    .addColumn('envelope_id', 'text', (column) => column.notNull())
    .addColumn('agent_id', 'text', (column) => column.notNull())
    .addColumn('sealed', 'text', (column) => column.notNull())
    .addColumn('state', 'text', (column) => column.notNull())
    .addColumn('queued_at', 'bigint', (column) => column.notNull())
    .addColumn('expires_at', 'bigint', (column) => column.notNull())
    .addColumn('delivered_at', 'bigint')
    .addColumn('answered_at', 'bigint')
    .addColumn('lease_until', 'bigint', (column) => column.notNull())
    .addColumn('delivery_count', 'integer', (column) => column.notNull())
    .addPrimaryKeyConstraint('envelopes_key', ['site_id', 'envelope_id'])
    .addForeignKeyConstraint('envelopes_agent', ['site_id', 'agent_id'], 'agents', [
      'site_id',
      'agent_id',
    ])
    .addCheckConstraint(
      'envelopes_state',
      sql`state in ('queued', 'delivered', 'answered', 'expired')`,
    )
    .execute()
  await db.schema
    .createIndex('envelopes_open')
    .on('envelopes')
    .columns(['site_id', 'agent_id', 'queued_at', 'envelope_id', 'lease_until', 'state'])
    .where(sql<boolean>`state in ('queued', 'delivered')`)
    .execute()
  await db.schema
    .createIndex('envelopes_unseen')
    .on('envelopes')
    .columns(['site_id', 'expires_at'])
    .where(sql<boolean>`state = 'queued'`)
    .execute()
  await db.schema
    .createIndex('envelopes_by_time')
    .on('envelopes')
    .columns(['site_id', 'queued_at', 'envelope_id'])
    .execute()
  await addResults(db)
}

async function addResults(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('results')
    .addColumn('site_id', 'text', (column) => column.notNull())
    .addColumn('envelope_id', 'text', (column) => column.notNull())
    .addColumn('sealed', 'text', (column) => column.notNull())
    .addPrimaryKeyConstraint('results_key', ['site_id', 'envelope_id'])
    .addForeignKeyConstraint('results_envelope', ['site_id', 'envelope_id'], 'envelopes', [
      'site_id',
      'envelope_id',
    ])
    .execute()
}

async function addBundles(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('bundles')
    .addColumn('site_id', 'text', (column) => column.notNull().references('sites.site_id'))
    .addColumn('digest', 'text', (column) => column.notNull())
    // PostgreSQL's name; SQLite keeps blobs in a column of any type.
    .addColumn('bytes', 'bytea', (column) => column.notNull())
    .addColumn('stored_at', 'bigint', (column) => column.notNull())
    .addPrimaryKeyConstraint('bundles_key', ['site_id', 'digest'])
    .execute()
  await db.schema
    .createTable('hub_keys')
    .addColumn('key_id', 'text', (column) => column.primaryKey())
    .addColumn('seed', 'text', (column) => column.notNull())
    .addColumn('made_at', 'bigint', (column) => column.notNull())
    .execute()
}
