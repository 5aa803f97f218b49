// SPDX-License-Identifier: Apache-2.0
/** Where marks of sessions are kept for a short time: in Redis, or in the memory of a hub that is the only one. */
import KeyvRedis from '@keyv/redis'
import { Keyv } from 'keyv'
import { BoundedMap } from '../sessions/bounded-map.ts'
import type { SessionMark } from '../sessions/session-ends.ts'
import type { RedisClient, RedisLink } from './redis-link.ts'

const MAX_MARKS = 50_000
const NAMESPACE = 'sallyport:session'

/** Gives the marks of this moment; undefined while there is no place that all processes of the hub share. */
export function openSessionMarks(
  redis: RedisLink | undefined,
  { isAlone }: { readonly isAlone: boolean },
): () => Keyv<SessionMark> | undefined {
  if (redis !== undefined) return marksIn(redis)
  const memory = new Keyv<SessionMark>({ store: new BoundedMap(MAX_MARKS) })
  return () => (isAlone ? memory : undefined)
}

/** Why anew for each connection: the library would queue for the old one. */
function marksIn(redis: RedisLink): () => Keyv<SessionMark> | undefined {
  let held: { client: RedisClient; marks: Keyv<SessionMark> } | undefined
  return () => {
    const { client } = redis
    if (client === undefined) return undefined
    if (held?.client !== client) held = { client, marks: open(client) }
    return held.marks
  }
}

function open(client: RedisClient): Keyv<SessionMark> {
  const store = new KeyvRedis<SessionMark>(client)
  const marks = new Keyv<SessionMark>({ store, namespace: NAMESPACE, useKeyPrefix: false })
  // Why: an emitter without a listener for errors ends the process; what cannot be read is asked of the database.
  store.on('error', () => undefined)
  marks.on('error', () => undefined)
  return marks
}
