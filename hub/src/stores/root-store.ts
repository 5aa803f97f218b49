// SPDX-License-Identifier: Apache-2.0
/** The versions of each site's trust root, and the people of the newest one. */
import { keyIdOf, openRoot, type SignedRoot } from '@sallyport/core/crypto'
import {
  decodeBase64url,
  encodeBase64url,
  epochMs,
  type BlindRoot,
  type BlindRootKey,
} from '@sallyport/core/protocol'
import { CodedError } from '@sallyport/sdk'
import type { HubDatabase, HubTransaction } from './database.ts'
import { appendToSiteLog } from './site-log.ts'
import type { PersonRow, TrustRootRow } from './tables.ts'

/** Most versions in one answer, as the contract has it. */
const MAX_ROOTS = 16
/** Instant after every other. Units: epoch milliseconds. */
const FOREVER_MS = Date.UTC(9999, 11, 31)

/** The newest root of a site. */
export async function newestRoot(db: HubDatabase, siteId: string): Promise<SignedRoot | undefined> {
  const row = await db
    .selectFrom('trust_roots')
    .select('envelope')
    .where('site_id', '=', siteId)
    .orderBy('version', 'desc')
    .limit(1)
    .executeTakeFirst()
  return row === undefined ? undefined : openRoot(decodeBase64url(row.envelope))
}

/** One version. */
export async function findRoot(
  db: HubDatabase,
  siteId: string,
  version: number,
): Promise<TrustRootRow | undefined> {
  return db
    .selectFrom('trust_roots')
    .selectAll()
    .where('site_id', '=', siteId)
    .where('version', '=', version)
    .executeTakeFirst()
}

/** Envelopes of the versions from `from` on as base64url, oldest first; a handful at a time. */
export async function readRoots(db: HubDatabase, siteId: string, from: number): Promise<string[]> {
  const rows = await db
    .selectFrom('trust_roots')
    .select('envelope')
    .where('site_id', '=', siteId)
    .where('version', '>=', from)
    .orderBy('version')
    .limit(MAX_ROOTS)
    .execute()
  return rows.map((row) => row.envelope)
}

/**
 * Takes a root that was verified: its people are those of the site from now on, and the hub's log says so.
 *
 * Throws: ERR_OPERATOR_KEY when a key of it is in use at another site, or is an agent's.
 */
export async function takeRoot(
  db: HubTransaction,
  { root, envelope, digest }: SignedRoot,
  nowMs: number,
): Promise<void> {
  const { siteId, version } = root
  const row = { site_id: siteId, version, digest, envelope: encodeBase64url(envelope) }
  await db
    .insertInto('trust_roots')
    .values({ ...row, taken_at: nowMs })
    .execute()
  await db.updateTable('sites').set({ name: root.siteName }).where('site_id', '=', siteId).execute()
  await db.deleteFrom('people').where('site_id', '=', siteId).execute()
  for (const key of root.keys) {
    const person = personOf(root, key)
    if (person !== undefined) await addPerson(db, person)
  }
  await appendToSiteLog(db, siteId, { event: 'site.root', version, digest }, nowMs)
}

/** Why root keys do not end: they are the only ones that can follow up a root in which all else has. */
function personOf(root: BlindRoot, key: BlindRootKey): PersonRow | undefined {
  const { role, holder, signingKey, notAfter } = key
  if (role !== 'operator' && role !== 'customer' && role !== 'root') return undefined
  return {
    key_id: keyIdOf(decodeBase64url(signingKey)),
    site_id: root.siteId,
    role,
    name: holder,
    signing_key: signingKey,
    not_after: role === 'root' ? FOREVER_MS : epochMs(notAfter),
  }
}

async function addPerson(db: HubTransaction, person: PersonRow): Promise<void> {
  const agent = await db
    .selectFrom('agents')
    .select('agent_id')
    .where('key_id', '=', person.key_id)
    .executeTakeFirst()
  const added = await db
    .insertInto('people')
    .values(person)
    .onConflict((conflict) => conflict.doNothing())
    .executeTakeFirst()
  if (agent === undefined && added.numInsertedOrUpdatedRows === 1n) return
  throw new CodedError('ERR_OPERATOR_KEY', 'a key of this site is in use elsewhere on this hub', {
    details: { siteId: person.site_id, holder: person.name, keyId: person.key_id },
  })
}
