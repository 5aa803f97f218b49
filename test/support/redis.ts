// SPDX-License-Identifier: Apache-2.0
/** A Redis of a test's own: in a temporary folder, on a private port of loopback. */
import { createClient } from '@redis/client'
import { spawn, type ChildProcess } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { freePort } from './free-port.ts'
import { patient } from './patience.ts'

const READY_MS = 10_000

/** A Redis that runs. Disposing it ends it and removes all that it wrote. */
export class TestRedis implements AsyncDisposable {
  readonly port: number
  readonly #folder: string
  #process: ChildProcess | undefined

  private constructor(port: number, folder: string) {
    this.port = port
    this.#folder = folder
  }

  /** Starts one. `settings` are as on its command line: `['--maxmemory', '1mb']`. */
  static async start(settings: readonly string[] = []): Promise<TestRedis> {
    const redis = await TestRedis.prepare()
    await redis.start(settings)
    return redis
  }

  /** A place for one that does not run yet. */
  static async prepare(): Promise<TestRedis> {
    return new TestRedis(await freePort(), await mkdtemp(join(tmpdir(), 'sallyport-redis-')))
  }

  get url(): string {
    return `redis://127.0.0.1:${this.port}`
  }

  /** Starts it, with what the last run saved, and waits until it answers. */
  async start(settings: readonly string[] = []): Promise<void> {
    const own = ['--port', String(this.port), '--bind', '127.0.0.1', '--dir', this.#folder]
    const quiet = ['--save', '', '--daemonize', 'no', '--loglevel', 'warning']
    this.#process = spawn('redis-server', [...own, ...quiet, ...settings], { stdio: 'ignore' })
    const deadline = performance.now() + patient(READY_MS)
    for (;;) {
      const isThere = await this.command('PING').then(
        (answer) => answer === 'PONG',
        () => false,
      )
      if (isThere) return
      if (performance.now() > deadline) throw new Error('redis-server does not answer')
      await sleep(20)
    }
  }

  /** Sends one command on a connection of its own. */
  async command(...words: string[]): Promise<unknown> {
    const client = createClient({ url: this.url, socket: { reconnectStrategy: false } })
    client.on('error', () => undefined)
    await client.connect()
    try {
      return await client.sendCommand(words)
    } finally {
      client.destroy()
    }
  }

  /** Ends it as a crash does. */
  async kill(): Promise<void> {
    const child = this.#process
    this.#process = undefined
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return
    const gone = new Promise((resolve) => child.once('exit', resolve))
    child.kill('SIGCONT')
    child.kill('SIGKILL')
    await gone
  }

  /** Stops it in the middle of whatever it does; connections stay. */
  freeze(): void {
    this.#process?.kill('SIGSTOP')
  }

  /** Lets it go on. */
  thaw(): void {
    this.#process?.kill('SIGCONT')
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill()
    await rm(this.#folder, { recursive: true, force: true })
  }
}
