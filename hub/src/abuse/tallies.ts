// SPDX-License-Identifier: Apache-2.0
/** Counting within time: how many points a subject used up since its window began, in memory or on Redis. */
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

/** Keeps tallies in memory: at most so many subjects of each kind, of which the one added first goes. */
export function memoryTallies(maxSubjects: number): OpenTallies {
  return ({ name, windowMs }) => {
    const limiter = new RateLimiterMemory(optionsOf(name, windowMs))
    const subjects = new Set<string>()
    const note = (subject: string) => {
      if (subjects.has(subject)) return
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

/** What keeps counts for several hubs. It is the library's client; this row does not look into it. */
export type RedisClient = object

/**
 * Keeps tallies on Redis, and in memory while it is away.
 *
 * Why: a limit that fails closed would stop every agent when Redis restarts, and one that fails open would be no limit.
 */
export function redisTallies(client: RedisClient, maxSubjects: number): OpenTallies {
  return ({ name, windowMs }) => {
    // Whole seconds: Redis would keep a shorter time for ever.
    const options = optionsOf(name, wholeSeconds(windowMs))
    const insurance = new RateLimiterMemory(options)
    const limiter = new RateLimiterRedis({
      ...options,
      storeClient: client,
      useRedisPackage: true,
      rejectIfRedisNotReady: true,
      insuranceLimiter: insurance,
    })
    const seen = new Set<string>()
    return talliesOf(limiter, (subject) => {
      seen.add(subject)
      if (seen.size <= maxSubjects) return
      const [oldest] = seen
      if (oldest === undefined) return
      seen.delete(oldest)
      void insurance.delete(oldest)
    })
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
