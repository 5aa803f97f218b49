// SPDX-License-Identifier: Apache-2.0
/** Counting within time: how many points a subject used up since its window began, in memory or on Redis. */
import { sha256 } from '@sallyport/core/crypto'
import {
  RateLimiterMemory,
  RateLimiterRedis,
  type RateLimiterAbstract,
} from 'rate-limiter-flexible'

/** Points of one subject in its window. */
export interface Tally {
  readonly points: number
  /** Until it is forgotten. Units: milliseconds. */
  readonly leftMs: number
}

/** Counts of one kind, by subject. */
export interface Tallies {
  /** Adds points, or takes some back; the first begin a window. */
  add(subject: string, points: number): Promise<Tally>
  /** What there is; nothing when the window is over. */
  read(subject: string): Promise<Tally>
  /** Sets points for a time of their own. Units: milliseconds. */
  set(subject: string, points: number, forMs: number): Promise<void>
  forget(subject: string): Promise<void>
}

/** How tallies of one kind are kept. */
export interface TalliesOptions {
  /** The kind; counts of two kinds do not meet. */
  readonly name: string
  /** Length of a window. Units: milliseconds. */
  readonly windowMs: number
}

/** Opens tallies, all in the same place. */
export type OpenTallies = (options: TalliesOptions) => Tallies

const NONE: Tally = { points: 0, leftMs: 0 }
const SECOND_MS = 1_000
/** Redis answers within this time, or does not count. */
const PATIENCE_MS = 250

/** Keeps tallies in memory: at most so many subjects of each kind, of which the one added first goes. */
export function memoryTallies(maxSubjects: number): OpenTallies {
  return ({ name, windowMs }) => {
    const limiter = new RateLimiterMemory(optionsOf(name, windowMs))
    const subjects = new Set<string>()
    const note = (subject: string) => {
      subjects.add(subject)
      if (subjects.size <= maxSubjects) return
      const [oldest] = subjects
      if (oldest === undefined) return
      subjects.delete(oldest)
      void limiter.delete(oldest)
    }
    return talliesOf(limiter, note)
  }
}

/** Where several hubs count together. */
export interface SharedPlace {
  /** The connection, while there is one. Another run of Redis is another object. */
  readonly client: object | undefined
}

/**
 * Keeps tallies on Redis, and in memory while it is away or slow.
 *
 * Why: a limit that fails closed would stop every agent when Redis restarts, and one that fails open would be no limit.
 */
export function sharedTallies(place: SharedPlace, maxSubjects: number): OpenTallies {
  const openOwn = memoryTallies(maxSubjects)
  return (options) => {
    const own = openOwn(options)
    const shared = new WeakMap<object, Tallies>()
    const now = (client: object) => {
      const known = shared.get(client) ?? redisTallies(client, options)
      shared.set(client, known)
      return known
    }
    const ask = async <T>(question: (tallies: Tallies) => Promise<T>): Promise<T> => {
      const { client } = place
      if (client === undefined) return question(own)
      return inTime(question(now(client))).catch(() => question(own))
    }
    return {
      add: (subject, points) => ask((tallies) => tallies.add(subject, points)),
      read: (subject) => ask((tallies) => tallies.read(subject)),
      set: (subject, points, forMs) => ask((tallies) => tallies.set(subject, points, forMs)),
      forget: async (subject) => {
        await own.forget(subject)
        await ask((tallies) => tallies.forget(subject))
      },
    }
  }
}

/** Whole seconds: Redis would keep a shorter time for ever. */
function redisTallies(client: object, { name, windowMs }: TalliesOptions): Tallies {
  const options = { ...optionsOf(name, wholeSeconds(windowMs)), storeClient: client }
  const limiter = new RateLimiterRedis({ ...options, useRedisPackage: true })
  const tallies = talliesOf(limiter, () => {})
  return {
    add: (subject, points) => tallies.add(keyOf(subject), points),
    read: (subject) => tallies.read(keyOf(subject)),
    set: (subject, points, forMs) => tallies.set(keyOf(subject), points, wholeSeconds(forMs)),
    forget: (subject) => tallies.forget(keyOf(subject)),
  }
}

/** No address stands in Redis as it is. */
function keyOf(subject: string): string {
  return Buffer.from(sha256(Buffer.from(subject))).toString('base64url')
}

async function inTime<T>(answer: Promise<T>): Promise<T> {
  const { promise, reject } = Promise.withResolvers<never>()
  const timer = setTimeout(reject, PATIENCE_MS)
  try {
    return await Promise.race([answer, promise])
  } finally {
    clearTimeout(timer)
  }
}

/** Why so many points: what is too much is decided by whoever counts, never by the library. */
function optionsOf(name: string, windowMs: number) {
  return {
    keyPrefix: `sallyport:limit:${name}`,
    points: Number.MAX_SAFE_INTEGER,
    duration: Math.max(windowMs / SECOND_MS, 0.001),
  }
}

function wholeSeconds(ms: number): number {
  return Math.ceil(ms / SECOND_MS) * SECOND_MS
}

function talliesOf(limiter: RateLimiterAbstract, note: (subject: string) => void): Tallies {
  const tallyOf = ({
    consumedPoints,
    msBeforeNext,
  }: {
    consumedPoints: number
    msBeforeNext: number
  }) => (msBeforeNext <= 0 ? NONE : { points: consumedPoints, leftMs: msBeforeNext })
  return {
    async add(subject, points) {
      note(subject)
      return tallyOf(await limiter.penalty(subject, points))
    },
    async read(subject) {
      const known = await limiter.get(subject)
      return known === null ? NONE : tallyOf(known)
    },
    async set(subject, points, forMs) {
      note(subject)
      await limiter.set(subject, points, forMs / SECOND_MS)
    },
    async forget(subject) {
      await limiter.delete(subject)
    },
  }
}
