// SPDX-License-Identifier: Apache-2.0
/** A database with rows in every table that a backup has, and in those that it has not. */
import type { HubDatabase, HubTransaction } from '../../src/stores/database.ts'

/** Rows of one agent beyond the first page of any table. */
const MANY = 40

/** Fills it. Long rows, rows of bytes, empty values and numbers beyond 32 bits are among them. */
export async function fillDatabase(open: HubDatabase, siteId = 'site-1'): Promise<void> {
  await open.transaction().execute((db) => fill(db, siteId))
}

async function fill(db: HubTransaction, siteId: string): Promise<void> {
  const site_id = siteId
  await db.insertInto('sites').values({ site_id, name: 'home', registered_at: 1 }).execute()
  const person = { site_id, name: 'ops-1', signing_key: 'key', not_after: 253_402_214_400_000 }
  await db
    .insertInto('people')
    .values({ ...person, key_id: `operator-${siteId}`, role: 'operator' })
    .execute()
  for (const version of [1, 2, 3]) {
    const root = { site_id, version, digest: `digest ${version}`, envelope: 'root', taken_at: 1 }
    await db.insertInto('trust_roots').values(root).execute()
  }
  await db.insertInto('witness_keys').values({ site_id, seed: 'seed', made_at: 1 }).execute()
  await fillAgents(db, site_id)
  await db
    .insertInto('bundles')
    .values([1, 2].map((n) => ({ site_id, digest: `d${n}`, bytes: bytes(n), stored_at: n })))
    .execute()
  await db
    .insertInto('codes')
    .values({
      redeem_hash: `hash-${siteId}`,
      site_id,
      agent_id: 'pve9',
      sealed_enrolment: 'sealed',
      added_at: 1,
      expires_at: 9_999_999_999_999,
      redeemed_key: null,
      redeemed_at: null,
      must_confirm: 0,
      replaces: '',
    })
    .execute()
  const posting = {
    site_id,
    kind: 'roster',
    about: null,
    agent_id: null,
    posted_by: 'key',
  } as const
  await db
    .insertInto('postings')
    .values({ ...posting, posting_id: 'p', sealed: 'roster', posted_at: 1, expires_at: 2 })
    .execute()
}

async function fillAgents(db: HubTransaction, site_id: string): Promise<void> {
  const agent_id = 'pve1'
  await db
    .insertInto('agents')
    .values({
      site_id,
      agent_id,
      key_id: `agent-${site_id}`,
      signing_key: 'key',
      descriptor: null,
      enrolled_at: 1_800_000_000_000,
      last_seen_at: null,
      standing: 'active',
      standing_at: null,
      instance: null,
      instance_at: null,
      start_count: null,
      past_instances: '',
    })
    .execute()
  for (let n = 0; n < MANY; n += 1) {
    const envelope_id = `job-${String(n).padStart(4, '0')}`
    await db
      .insertInto('envelopes')
      .values({
        site_id,
        envelope_id,
        agent_id,
        sealed: `sealed ${'"\\'.repeat(n)}`,
        state: n % 2 === 0 ? 'answered' : 'queued',
        queued_at: n,
        expires_at: 1_800_000_000_000 + n,
        delivered_at: null,
        answered_at: null,
        lease_until: 0,
        delivery_count: 0,
      })
      .execute()
    if (n % 2 === 1) continue
    await db.insertInto('results').values({ site_id, envelope_id, sealed: 'answer' }).execute()
  }
  const log = { site_id, agent_id, epoch: 0 }
  await db
    .insertInto('agent_logs')
    .values({
      ...log,
      size: 3,
      root: 'root',
      note: 'note\nwith lines\n',
      witnessed_at: 1,
      stored_size: 3,
      frontier: '',
      part_bytes: 4,
    })
    .execute()
  await db
    .insertInto('audit_segments')
    .values({
      ...log,
      from_index: 0,
      entry_count: 3,
      part_bytes: 4,
      leaf_hashes: 'a\nb',
      parts: 'p',
    })
    .execute()
  await db
    .insertInto('agent_forks')
    .values({ site_id, agent_id, shown_note: 'a', held_note: 'b', seen_at: 1 })
    .execute()
}

function bytes(seed: number): Uint8Array {
  return Uint8Array.from({ length: 70_000 }, (_, at) => (at * seed) % 256)
}
