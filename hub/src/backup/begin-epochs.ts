// SPDX-License-Identifier: Apache-2.0
/** Begins a new epoch at every site of a restored hub: what was given out before counts no more. */
import { CONFIRM_SECRET_BYTES, redeemHashOf } from '@sallyport/core/crypto'
import { encodeBase64url } from '@sallyport/core/protocol'
import type { HubTransaction } from '../stores/database.ts'
import { appendToSiteLog } from '../stores/site-log.ts'

/** An epoch that begins. */
export interface BegunEpoch {
  readonly siteId: string
  readonly epoch: number
  /** The newest trust root that the hub holds of the site. */
  readonly rootVersion: number
  readonly agentCount: number
}

/**
 * Begins the epochs, and returns the secret of each.
 *
 * Why a secret: the hub may hold an old trust root, and somebody who is no operator any more must not confirm it. Whoever
 * restored the hub says the code to an operator of today.
 */
export async function beginEpochs(
  db: HubTransaction,
  at: { nowMs: number; backupAtMs: number; randomBytes: (count: number) => Uint8Array },
): Promise<(BegunEpoch & { readonly secret: Uint8Array })[]> {
  const begun: (BegunEpoch & { readonly secret: Uint8Array })[] = []
  const sites = await db.selectFrom('sites').select('site_id').orderBy('site_id').execute()
  for (const { site_id: siteId } of sites) {
    const secret = at.randomBytes(CONFIRM_SECRET_BYTES)
    const epoch = (await newestEpoch(db, siteId)) + 1
    await db
      .insertInto('epochs')
      .values({
        site_id: siteId,
        epoch,
        begun_at: at.nowMs,
        backup_at: at.backupAtMs,
        confirm_hash: redeemHashOf(encodeBase64url(secret)),
        confirmed_at: null,
        confirmed_by: null,
      })
      .execute()
    await appendToSiteLog(db, siteId, { event: 'hub.restored', epoch }, at.nowMs)
    begun.push({ siteId, epoch, secret, ...(await holdings(db, siteId)) })
  }
  return begun
}

async function newestEpoch(db: HubTransaction, siteId: string): Promise<number> {
  const { newest } = await db
    .selectFrom('epochs')
    .select(({ fn }) => fn.max('epoch').as('newest'))
    .where('site_id', '=', siteId)
    .executeTakeFirstOrThrow()
  return Number(newest ?? 1)
}

async function holdings(db: HubTransaction, siteId: string) {
  const root = await db
    .selectFrom('trust_roots')
    .select(({ fn }) => fn.max('version').as('version'))
    .where('site_id', '=', siteId)
    .executeTakeFirst()
  const agents = await db
    .selectFrom('agents')
    .select(({ fn }) => fn.countAll<number>().as('count'))
    .where('site_id', '=', siteId)
    .executeTakeFirstOrThrow()
  return { rootVersion: Number(root?.version ?? 0), agentCount: Number(agents.count) }
}
