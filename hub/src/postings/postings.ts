// SPDX-License-Identifier: Apache-2.0
/** What people and agents of a site leave for people: who may, for how long, and that nothing is replaced. */
import { epochMs } from '@sallyport/core/protocol'
import type { PostingKind } from '@sallyport/core/transport'
import type { Clock } from '@sallyport/core/wiring'
import { CodedError } from '@sallyport/sdk'
import type { HubLimits } from '../limits.ts'
import type { Principal } from '../sessions/principals.ts'
import type { PostingPageQuery, PostingStore } from '../stores/posting-store.ts'
import type { PostingRow } from '../stores/tables.ts'

/** A posting as it comes in. */
export interface PostingSubmission {
  readonly postingId: string
  readonly kind: PostingKind
  readonly about: string | null
  readonly sealed: string
  readonly expiresAt: string
}

/** What postings need. */
export interface PostingsParts {
  readonly clock: Clock
  readonly limits: HubLimits
  readonly postings: PostingStore
}

/** Takes postings and shows them. */
export class Postings {
  readonly #parts: PostingsParts

  constructor(parts: PostingsParts) {
    this.#parts = parts
  }

  /**
   * Keeps a posting until it ends. The same bytes again do nothing.
   *
   * Throws: ERR_ROLE for an agent's posting that is no report and a person's that is one; ERR_POSTING_LIFETIME,
   * ERR_POSTING_QUOTA, ERR_POSTING_CONFLICT.
   */
  async add(poster: Principal, submission: PostingSubmission): Promise<void> {
    const { clock, limits, postings } = this.#parts
    refuseForeignKind(poster, submission.kind)
    const row = rowOf(poster, submission, clock.now())
    const earlier = await postings.add(row, {
      countPerSite: limits.postingsPerSite,
      bytesPerSite: limits.postingBytesPerSite,
      countPerPoster: limits.postingsPerPoster,
      bytesPerPoster: limits.postingBytesPerPoster,
      maxLifetimeMs: limits.postingMs,
    })
    if (earlier !== undefined && !isSame(earlier, row)) {
      throw new CodedError('ERR_POSTING_CONFLICT', 'this posting id is taken by other bytes')
    }
  }

  /** A page of a site's postings, newest first; what has ended is not in it. */
  async list(
    siteId: string,
    query: PostingPageQuery,
  ): Promise<{ rows: PostingRow[]; hasMore: boolean }> {
    const { clock, postings } = this.#parts
    await postings.purge(siteId, clock.now())
    return postings.page(siteId, query)
  }
}

/** Why: what agents say of schedules is not to be mistaken for a person's word, nor the other way round. */
function refuseForeignKind({ role }: Principal, kind: PostingKind): void {
  const isPerson = role === 'operator' || role === 'customer'
  if (kind === 'report' ? role === 'agent' : isPerson) return
  throw new CodedError('ERR_ROLE', `a ${kind} is not for sessions of: ${role}`)
}

function rowOf(poster: Principal, submission: PostingSubmission, nowMs: number): PostingRow {
  const { postingId, kind, about, sealed, expiresAt } = submission
  return {
    site_id: poster.siteId,
    posting_id: postingId,
    kind,
    about,
    agent_id: poster.agentId ?? null,
    posted_by: poster.keyId,
    sealed,
    posted_at: nowMs,
    expires_at: epochMs(expiresAt),
  }
}

function isSame(earlier: PostingRow, row: PostingRow): boolean {
  return (
    earlier.kind === row.kind &&
    earlier.about === row.about &&
    earlier.posted_by === row.posted_by &&
    earlier.sealed === row.sealed &&
    earlier.expires_at === row.expires_at
  )
}
