// SPDX-License-Identifier: Apache-2.0
/** The sites a hub serves, by their trust roots. A site file brings the first root, or the next; people publish the others. */
import { verifyNextRoot, type SignedRoot } from '@sallyport/core/crypto'
import { CodedError } from '@sallyport/sdk'
import type { HubDatabase, HubTransaction } from './database.ts'
import { KEYS_LOCK, lock } from './locks.ts'
import { findRoot, newestRoot, readRoots, takeRoot } from './root-store.ts'
import type { PersonRow } from './tables.ts'
import type { Writes } from './writes.ts'

/** A root on its way in. Units: epoch milliseconds. */
export interface RootPublication {
  /** Which version it is said to be. */
  readonly version: number
  readonly root: SignedRoot
  readonly nowMs: number
}

/** Keeps the sites. */
export class SiteStore {
  readonly #db: HubDatabase
  readonly #writes: Writes

  constructor(db: HubDatabase, writes: Writes) {
    this.#db = db
    this.#writes = writes
  }

  /**
   * Registers a site by a root that whoever runs the hub vouches for. One that is held already changes nothing, and
   * neither does an older one.
   *
   * Returns `ahead` for one that is further than the next: people who have the versions between publish them, and the hub
   * must run for that.
   * Throws: ERR_ROOT_REFUSED when it does not follow the newest one that is held; ERR_ROOT_CONFLICT; ERR_OPERATOR_KEY.
   */
  async register(root: SignedRoot, nowMs: number): Promise<'held' | 'ahead'> {
    const { siteId, siteName, version } = root.root
    return this.#writes.run(async (db) => {
      await lock(db, KEYS_LOCK)
      await db
        .insertInto('sites')
        .values({ site_id: siteId, name: siteName, registered_at: nowMs })
        .onConflict((conflict) => conflict.doNothing())
        .execute()
      const held = await newestRoot(db, siteId)
      if (held !== undefined && version > held.root.version + 1) return 'ahead'
      if (held === undefined) await takeRoot(db, root, nowMs)
      else await follow(db, held, root, nowMs)
      return 'held'
    }, KEYS_LOCK)
  }

  /**
   * Takes the version of a root that follows the newest one. The same again changes nothing.
   *
   * Returns whether it is new.
   * Throws: as `register`.
   */
  async publish(siteId: string, publication: RootPublication): Promise<boolean> {
    const { version, root, nowMs } = publication
    return this.#writes.run(async (db) => {
      await lock(db, KEYS_LOCK)
      const held = await newestRoot(db, siteId)
      if (held === undefined) throw refused('there is no site yet that it could be of')
      if (root.root.siteId !== siteId) throw refused('it is of another site')
      if (root.root.version !== version) throw refused('it is of another version')
      return follow(db, held, root, nowMs)
    }, KEYS_LOCK)
  }

  /** Envelopes of the roots from a version on, oldest first. */
  async roots(siteId: string, from: number): Promise<string[]> {
    return readRoots(this.#db, siteId, from)
  }

  /** How many sites are registered. */
  async count(): Promise<number> {
    const { count } = await this.#db
      .selectFrom('sites')
      .select(({ fn }) => fn.countAll<number>().as('count'))
      .executeTakeFirstOrThrow()
    return Number(count)
  }

  /** Who holds this key at this moment, of whatever site. */
  async findPerson(keyId: string, nowMs: number): Promise<PersonRow | undefined> {
    return this.#db
      .selectFrom('people')
      .selectAll()
      .where('key_id', '=', keyId)
      .where('not_after', '>', nowMs)
      .executeTakeFirst()
  }
}

async function follow(
  db: HubTransaction,
  held: SignedRoot,
  root: SignedRoot,
  nowMs: number,
): Promise<boolean> {
  const { siteId, version } = root.root
  if (version <= held.root.version) {
    const earlier = await findRoot(db, siteId, version)
    if (earlier === undefined || earlier.digest === root.digest) return false
    throw new CodedError('ERR_ROOT_CONFLICT', `version ${version} of the root is another one`)
  }
  const verdict = verifyNextRoot(held.root, root.envelope)
  if (!verdict.ok) {
    throw refused(`it does not follow version ${held.root.version}: ${verdict.refusal.reason}`)
  }
  await takeRoot(db, verdict, nowMs)
  return true
}

function refused(why: string): CodedError<'ERR_ROOT_REFUSED'> {
  return new CodedError('ERR_ROOT_REFUSED', `the trust root is not taken: ${why}`)
}
