// SPDX-License-Identifier: Apache-2.0
/** Keeps the database within its bounds: every so often, what has had its time goes, and its space is given back. */
import type { Clock } from '@sallyport/core/wiring'
import type { HubLimits } from '../limits.ts'
import type { Log } from '../log.ts'
import type { HubDatabase } from './database.ts'
import { giveSpaceBack } from './locks.ts'
import { sweepEnvelopes } from './retention-envelopes.ts'
import type { SeenHeads } from './retention-seen-heads.ts'
import { sweepSiteLog } from './retention-site-log.ts'
import type { Writes } from './writes.ts'

/** What retention needs. */
export interface RetentionParts {
  readonly clock: Clock
  readonly limits: HubLimits
  readonly log: Log
  readonly db: HubDatabase
  readonly writes: Writes
  readonly seenHeads: SeenHeads
}

/** What one sweep removed. */
export interface SweepCounts {
  envelopes: number
  codes: number
  postings: number
  siteLogEntries: number
}

/** Sweeps. Of several hubs each does; what one removed the others do not find. */
export class Retention {
  readonly #parts: RetentionParts

  constructor(parts: RetentionParts) {
    this.#parts = parts
  }

  /** Sweeps from now on, until it is disposed. A sweep that fails is said, and the next one tries again. */
  keep(): AsyncDisposable {
    const { limits, log } = this.#parts
    let running: Promise<void> = Promise.resolve()
    const timer = setInterval(() => {
      running = running.then(() =>
        this.sweep().then(
          (counts) => log.debug(counts, 'retention.swept'),
          (error: unknown) => log.warn({ error }, 'retention.failed'),
        ),
      )
    }, limits.sweepMs)
    timer.unref()
    return {
      async [Symbol.asyncDispose]() {
        clearInterval(timer)
        await running
      },
    }
  }

  /** Removes what is over a bound at this moment. */
  async sweep(): Promise<SweepCounts> {
    const { clock, limits, db, writes, seenHeads } = this.#parts
    await seenHeads.write()
    const at = { nowMs: clock.now(), bounds: limits }
    const counts: SweepCounts = { envelopes: 0, codes: 0, postings: 0, siteLogEntries: 0 }
    const sites = await db.selectFrom('sites').select('site_id').execute()
    for (const { site_id: siteId } of sites) {
      counts.envelopes += await sweepEnvelopes({ db, writes }, siteId, at)
      counts.siteLogEntries += await sweepSiteLog({ db, writes }, siteId, at)
    }
    counts.codes = await this.#sweepCodes(at.nowMs)
    counts.postings = await this.#sweepPostings(at.nowMs)
    await giveSpaceBack(db)
    return counts
  }

  /** Why used ones longer: an agent that comes for the first time takes the place of those its code names. */
  async #sweepCodes(nowMs: number): Promise<number> {
    const { limits, writes } = this.#parts
    const removed = await writes.run((db) =>
      db
        .deleteFrom('codes')
        .where(({ eb, or, and }) =>
          or([
            and([eb('redeemed_key', 'is', null), eb('expires_at', '<=', nowMs)]),
            eb('expires_at', '<=', nowMs - limits.doneMs),
          ]),
        )
        .executeTakeFirst(),
    )
    return Number(removed.numDeletedRows)
  }

  async #sweepPostings(nowMs: number): Promise<number> {
    const removed = await this.#parts.writes.run((db) =>
      db.deleteFrom('postings').where('expires_at', '<=', nowMs).executeTakeFirst(),
    )
    return Number(removed.numDeletedRows)
  }
}
