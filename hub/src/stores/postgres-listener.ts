// SPDX-License-Identifier: Apache-2.0
/** A connection of its own on which the hubs of one database tell each other what happened, and read its clock. */
import { setTimeout as sleep } from 'node:timers/promises'
import { Client, type Notification } from 'pg'
import { DatabaseClock, TIME_QUERY } from './postgres-clock.ts'
import { connectionConfig, expectPrimary } from './postgres-pool.ts'
import { splitPostgresUrl } from './postgres-url.ts'

const CHANNEL = 'sallyport'
/** Longest text of one message. Source: PostgreSQL 15, section VI.I (NOTIFY). */
const MAX_PAYLOAD = 7_900
/** More that nobody could be told yet is not kept: everybody looks at everything then. */
const MAX_PENDING = 10_000
/** Told instead of single subjects. */
const EVERYTHING = '*'
/** Units: milliseconds. */
const TIMES = { every: 3_000, patience: 3_000, retry: 200 } as const

/** Who is told. */
export interface Listeners {
  /** Another hub told of a subject. */
  readonly heard: (subject: string) => void
  /** Something may have been missed. */
  readonly missed: () => void
}

/** The connection, made again whenever it breaks. */
export class PostgresListener implements AsyncDisposable {
  readonly clock = new DatabaseClock()
  readonly #addresses: readonly string[]
  readonly #pending = new Set<string>()
  readonly #ended = new AbortController()
  #listeners: Listeners = { heard: () => undefined, missed: () => undefined }
  #client: Client | undefined
  #isTelling = false
  #running: Promise<void> = Promise.resolve()

  private constructor(url: string) {
    this.#addresses = splitPostgresUrl(url)
  }

  /** Connects, and reads the clock. Throws what the first attempt at every address came to. */
  static async open(url: string): Promise<PostgresListener> {
    const listener = new PostgresListener(url)
    await listener.#connect()
    listener.#running = listener.#keep()
    return listener
  }

  /** Says who is told. */
  listen(listeners: Listeners): void {
    this.#listeners = listeners
  }

  /** Whether others can be told and heard at this moment. */
  get isConnected(): boolean {
    return this.#client !== undefined
  }

  /** Tells the other hubs of a subject; later, when the connection is broken. */
  tell(subject: string): void {
    if (this.#pending.size >= MAX_PENDING) {
      this.#pending.clear()
      this.#pending.add(EVERYTHING)
    }
    this.#pending.add(subject)
    setImmediate(() => void this.#tellAll())
  }

  /** Has the other hubs look at everything. */
  tellEverything(): void {
    this.tell(EVERYTHING)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#ended.abort()
    await this.#tellAll()
    await this.#client?.end().catch(() => undefined)
    await this.#running
  }

  async #tellAll(): Promise<void> {
    if (this.#isTelling) return
    this.#isTelling = true
    while (this.#pending.size > 0 && this.#client !== undefined) {
      const subjects = takeSome(this.#pending)
      try {
        await this.#client.query('select pg_notify($1, $2)', [CHANNEL, subjects.join('\n')])
      } catch {
        for (const subject of subjects) this.#pending.add(subject)
        break
      }
    }
    this.#isTelling = false
  }

  /** Looks at the clock now and then, which shows too whether anybody is there; connects again when not. */
  async #keep(): Promise<void> {
    while (!this.#ended.signal.aborted) {
      const client = this.#client
      if (client === undefined) {
        await this.#connect().then(
          () => this.#listeners.missed(),
          () => this.#pause(TIMES.retry * (1 + Math.random())),
        )
        void this.#tellAll()
        continue
      }
      await this.#pause(TIMES.every)
      if (this.#ended.signal.aborted || this.#client !== client) continue
      await this.#readClock(client).catch(() => this.#lose(client))
    }
  }

  async #connect(): Promise<void> {
    let problem: unknown
    for (const address of this.#addresses) {
      const config = { ...connectionConfig(address), query_timeout: TIMES.patience }
      const client = new Client(config)
      client.on('error', () => this.#lose(client))
      client.on('end', () => this.#lose(client))
      client.on('notification', (message) => this.#hear(client, message))
      try {
        await client.connect()
        await expectPrimary(client)
        await client.query(`listen ${CHANNEL}`)
        await this.#readClock(client)
        this.#client = client
        return
      } catch (error) {
        problem = error
        void client.end().catch(() => undefined)
      }
    }
    throw problem
  }

  async #readClock(client: Client): Promise<void> {
    await this.clock.set(async () => {
      const { rows } = await client.query<{ now_ms: number }>(TIME_QUERY)
      return rows[0]!.now_ms
    })
  }

  #lose(client: Client): void {
    if (this.#client === client) this.#client = undefined
    void client.end().catch(() => undefined)
  }

  #hear(client: Client, { processId, payload = '' }: Notification): void {
    if (processId === (client as Client & { processID: number | null }).processID) return
    for (const subject of payload.split('\n')) {
      if (subject === EVERYTHING) this.#listeners.missed()
      else this.#listeners.heard(subject)
    }
  }

  async #pause(ms: number): Promise<void> {
    await sleep(ms, undefined, { signal: this.#ended.signal }).catch(() => undefined)
  }
}

/** Takes as many as fit into one message. */
function takeSome(pending: Set<string>): string[] {
  const taken: string[] = []
  let size = 0
  for (const subject of pending) {
    size += Buffer.byteLength(subject) + 1
    if (size > MAX_PAYLOAD && taken.length > 0) break
    taken.push(subject)
    pending.delete(subject)
  }
  return taken
}
