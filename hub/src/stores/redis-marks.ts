// SPDX-License-Identifier: Apache-2.0
/** Marks of sessions in Redis, for all hubs that share one. */
import KeyvRedis from '@keyv/redis'
import { Keyv } from 'keyv'
import type { SessionMark, SessionMarks } from '../sessions/session-ends.ts'
import type { RedisClient, RedisLink } from './redis-link.ts'

const NAMESPACE = 'sallyport:session'

/** Gives none while Redis is away. Why anew for each connection: the library would queue for the old one. */
export function redisMarks(redis: RedisLink): SessionMarks {
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
