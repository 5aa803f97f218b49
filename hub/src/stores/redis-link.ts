// SPDX-License-Identifier: Apache-2.0
/**
 * A Redis that remembers what was used once. Nothing is queued for it: while it is away, or slow, it is away, and whoever
 * asks is told so at once. One connection belongs to one run of Redis, and one generation to what that run still knows.
 */
import { CodedError, isCodedError } from '@sallyport/sdk'
import { createClient } from '@redis/client'
import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Log } from '../log.ts'
import type { OnceMemory } from '../sessions/once-store.ts'

/** The client of the library that the link uses now. */
export type RedisClient = ReturnType<typeof dialled>

/** What a link needs. */
export interface RedisLinkParts {
  /** `redis://` or `rediss://`. May hold a password; it is never logged. */
  readonly url: string
  readonly log: Log
  readonly times?: Partial<typeof TIMES>
}

interface Live {
  readonly client: RedisClient
  readonly generationKey: string
  readonly generation: string
}

/** Units: milliseconds. */
const TIMES = {
  /** Redis must answer within this time. */
  answer: 1_000,
  /** How often it is looked at while nobody asks anything. */
  look: 1_000,
  /** Between two attempts to reach it. */
  redial: 500,
}
const PREFIX = 'sallyport'

/** Keeps a connection to Redis, as well as that goes. */
export class RedisLink implements OnceMemory, AsyncDisposable {
  readonly #parts: RedisLinkParts
  readonly #times: typeof TIMES
  readonly #stop = new AbortController()
  #live: Live | undefined
  #isSaidAway = false
  #kept: Promise<void> = Promise.resolve()

  private constructor(parts: RedisLinkParts) {
    this.#parts = parts
    this.#times = { ...TIMES, ...parts.times }
  }

  /** Opens a link; when Redis is away it comes back without one, and goes on trying. */
  static async open(parts: RedisLinkParts): Promise<RedisLink> {
    const link = new RedisLink(parts)
    await link.#dial()
    link.#kept = link.#keep()
    return link
  }

  /** Changes when Redis was restarted or flushed, or when another Redis answers; undefined while it is away. */
  get generation(): string | undefined {
    return this.#live === undefined ? undefined : `r${this.#live.generation}`
  }

  /** The connection, while there is one. */
  get client(): RedisClient | undefined {
    return this.#live?.client
  }

  async take(kind: string, value: string, ttlMs: number): Promise<boolean> {
    const live = this.#live
    if (live === undefined) throw away()
    const outcome = await this.#ask(live, () =>
      live.client
        .multi()
        .get(live.generationKey)
        .set(`${PREFIX}:once:${kind}:${value}`, '1', {
          condition: 'NX',
          expiration: { type: 'PX', value: ttlMs },
        })
        .exec(),
    )
    const [generation, taken] = outcome as unknown as [unknown, unknown]
    if (generation === live.generation) return taken === 'OK'
    this.#drop(live, new CodedError('ERR_REDIS_FLUSHED', 'Redis has lost what it knew'))
    throw away()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort()
    this.#live?.client.destroy()
    this.#live = undefined
    await this.#kept
  }

  /** Looks at Redis while it is there, and for it while it is not. */
  async #keep(): Promise<void> {
    const { signal } = this.#stop
    while (!signal.aborted) {
      const ms = this.#live === undefined ? this.#times.redial : this.#times.look
      await sleep(ms, undefined, { signal, ref: false }).catch(() => undefined)
      if (signal.aborted) return
      if (this.#live === undefined) await this.#dial()
      else await this.#look(this.#live)
    }
  }

  async #look(live: Live): Promise<void> {
    const look = this.#ask(live, () => live.client.get(live.generationKey))
    const found = await look.catch(() => undefined)
    if (found === undefined || found === live.generation) return
    this.#drop(live, new CodedError('ERR_REDIS_FLUSHED', 'Redis has lost what it knew'))
  }

  async #dial(): Promise<void> {
    const client = dialled(this.#parts.url, this.#times.answer)
    try {
      await this.#inTime(client.connect())
      const generationKey = `${PREFIX}:generation:${runOf(await this.#inTime(client.info()))}`
      await this.#inTime(client.set(generationKey, randomUUID(), { condition: 'NX' }))
      const generation = await this.#inTime(client.get(generationKey))
      if (generation === null) throw away()
      const live = { client, generationKey, generation }
      client.on('error', (error) => this.#drop(live, error))
      client.on('end', () => this.#drop(live, away()))
      if (!client.isReady) throw away()
      this.#live = live
      this.#say('back')
    } catch (error) {
      end(client)
      this.#say('away', error)
    }
  }

  /** Asks something; what is not answered in time ends the connection, so that no late answer is taken for another. */
  async #ask<T>(live: Live, question: () => Promise<T>): Promise<T> {
    try {
      return await this.#inTime(question())
    } catch (error) {
      this.#drop(live, error)
      throw away(error)
    }
  }

  #drop(live: Live, error: unknown): void {
    if (this.#live !== live) return
    this.#live = undefined
    end(live.client)
    if (!this.#stop.signal.aborted) this.#say('away', error)
  }

  #say(what: 'away' | 'back', error?: unknown): void {
    const isAway = what === 'away'
    if (isAway === this.#isSaidAway && isAway) return
    if (isAway) this.#parts.log.warn({ reason: reasonOf(error) }, 'redis.away')
    else this.#parts.log.info({}, this.#isSaidAway ? 'redis.back' : 'redis.connected')
    this.#isSaidAway = isAway
  }

  async #inTime<T>(answer: Promise<T>): Promise<T> {
    const done = new AbortController()
    const { answer: ms } = this.#times
    const late = sleep(ms, undefined, { signal: done.signal, ref: false }).then(() => {
      throw new CodedError('ERR_DEADLINE', 'Redis did not answer in time')
    })
    late.catch(() => undefined)
    answer.catch(() => undefined)
    try {
      return await Promise.race([answer, late])
    } finally {
      done.abort()
    }
  }
}

function dialled(url: string, connectTimeout: number) {
  const client = createClient({
    url,
    disableOfflineQueue: true,
    socket: { connectTimeout, reconnectStrategy: false },
  })
  // Why: an emitter without a listener for errors ends the process.
  client.on('error', () => undefined)
  return client
}

/** The run of a Redis, by what it says of itself. Throws: ERR_REDIS_UNFIT when it might forget what it is told. */
function runOf(info: string): string {
  const of = (name: string) => new RegExp(`^${name}:(\\S+)`, 'm').exec(info)?.[1]
  const run = of('run_id')
  if (run === undefined) throw unfit('it does not say which run it is')
  if (of('role') !== 'master') throw unfit('it is a replica')
  if (of('maxmemory') !== '0' && of('maxmemory_policy') !== 'noeviction') {
    throw unfit('it drops keys when its memory is full; set maxmemory-policy to noeviction')
  }
  return run
}

function unfit(why: string): CodedError {
  return new CodedError('ERR_REDIS_UNFIT', `this Redis cannot be used: ${why}`)
}

function away(cause?: unknown): CodedError {
  return new CodedError('ERR_STORE_AWAY', 'the store of what was used is away', { cause })
}

/** Code, and our own words; never those of the library, which may name the address. */
function reasonOf(error: unknown): string {
  if (!isCodedError(error)) return 'unknown'
  return error.code.startsWith('ERR_REDIS_') ? error.message : error.code
}

function end(client: RedisClient): void {
  try {
    client.destroy()
  } catch {
    // It was closed before.
  }
}
