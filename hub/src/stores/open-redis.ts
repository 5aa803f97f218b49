// SPDX-License-Identifier: Apache-2.0
/** Opens what a hub keeps in Redis. Why not at the top: a hub without one starts without its client. */
import type { SessionMarks } from '../sessions/session-ends.ts'
import type { RedisLink, RedisLinkParts } from './redis-link.ts'

/** A link, and what is kept over it. */
export interface OpenRedis {
  readonly link: RedisLink
  readonly marks: SessionMarks
}

/** Opens a link, which ends with the scope. */
export async function openRedis(
  parts: RedisLinkParts,
  scope: AsyncDisposableStack,
): Promise<OpenRedis> {
  const [{ RedisLink }, { redisMarks }] = await Promise.all([
    import('./redis-link.ts'),
    import('./redis-marks.ts'),
  ])
  const link = scope.use(await RedisLink.open(parts))
  return { link, marks: redisMarks(link) }
}
