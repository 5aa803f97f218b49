// SPDX-License-Identifier: Apache-2.0
/** Postings over HTTP: add one, list those of one's site. */
import { routes } from '@sallyport/core/transport'
import type { Log } from '../log.ts'
import type { Postings } from '../postings/postings.ts'
import { viewPosting } from '../queue/views.ts'
import { personOf, principalOf } from './authenticate.ts'
import { decodeCursor, encodeCursor } from './cursor.ts'
import { PostingPath, PostingsQuery } from './queries.ts'
import { serve, type RouteHost } from './serve.ts'

/** Sealed text may double when it is written as JSON, because of its quotes; this stays below half an answer. */
const MAX_PAGE_SEALED_BYTES = 7 * 1_024 * 1_024

/** Serves the two routes. */
export function addPostings(
  host: RouteHost,
  { postings, log }: { postings: Postings; log: Log },
): void {
  serve(host, routes.addPosting, {
    params: PostingPath,
    async handle({ body, params: { postingId }, principal }) {
      const poster = principalOf(principal)
      await postings.add(poster, { ...body, postingId })
      const correlationId = body.about ?? postingId
      log.info({ correlationId, ...poster, postingId, kind: body.kind }, 'posting.added')
      return {}
    },
  })

  serve(host, routes.listPostings, {
    query: PostingsQuery,
    async handle({ query: { cursor, ...filter }, principal }) {
      const before = cursor === undefined ? undefined : decodeCursor(cursor)
      const { rows, hasMore } = await postings.list(personOf(principal).siteId, {
        ...filter,
        before: before && { postedAt: before.atMs, postingId: before.id },
        maxSealedBytes: MAX_PAGE_SEALED_BYTES,
      })
      const last = hasMore ? rows.at(-1) : undefined
      return {
        postings: rows.map(viewPosting),
        nextCursor: last ? encodeCursor({ atMs: last.posted_at, id: last.posting_id }) : null,
      }
    },
  })
}
