// SPDX-License-Identifier: Apache-2.0
/** A PostgreSQL of a test's own: in a temporary folder, on a private port of loopback, run by an unprivileged user. */
import { execFile, spawn, type ChildProcess } from 'node:child_process'
import { existsSync } from 'node:fs'
import { appendFile, chown, mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir, userInfo } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { Client } from 'pg'
import { freePort } from './free-port.ts'
import { patient } from './patience.ts'

const run = promisify(execFile)

const READY_MS = 20_000
const SUPERUSER = 'hub'

/** Who may run it: PostgreSQL refuses to be run by root. */
interface Account {
  readonly uid?: number
  readonly gid?: number
}

/** How it is started. */
export interface PostgresOptions {
  /** Lines for its configuration: `['max_connections = 5']`. */
  readonly settings?: readonly string[]
  /** Whether it waits for the disk. Why not by default: only a loss of power would show, and tests have none. */
  readonly fsync?: boolean
}

/** A PostgreSQL that runs. Disposing it ends it and removes all that it wrote. */
export class TestPostgres implements AsyncDisposable {
  readonly port: number
  readonly folder: string
  readonly #account: Account
  #process: ChildProcess | undefined
  #databaseCount = 0

  constructor(place: { port: number; folder: string; account: Account }) {
    this.port = place.port
    this.folder = place.folder
    this.#account = place.account
  }

  /** Makes a cluster and starts it. */
  static async start(options: PostgresOptions = {}): Promise<TestPostgres> {
    const postgres = await TestPostgres.prepare()
    await postgres.run('initdb', [
      ...['-D', postgres.dataDir, '-U', SUPERUSER, '--auth=trust', '--encoding=UTF8'],
      ...['--locale=C', '--no-sync'],
    ])
    await postgres.configure(options)
    await postgres.start()
    return postgres
  }

  /** Makes a standby that follows this one, and starts it. */
  async startStandby(): Promise<TestPostgres> {
    const standby = await TestPostgres.prepare()
    await standby.run('pg_basebackup', [
      ...['-D', standby.dataDir, '-d', this.url(), '--write-recovery-conf'],
      ...['--checkpoint=fast', '--no-sync', '--wal-method=stream'],
    ])
    await standby.configure({})
    await standby.start()
    return standby
  }

  /** Makes a standby the primary. */
  async promote(): Promise<void> {
    await this.query('select pg_promote()')
  }

  /** A place for a cluster, of which nothing is made yet. */
  static async prepare(): Promise<TestPostgres> {
    const account = await unprivileged()
    const folder = await mkdtemp(join(tmpdir(), 'sallyport-pg-'))
    if (account.uid !== undefined) await chown(folder, account.uid, account.gid!)
    return new TestPostgres({ port: await freePort(), folder, account })
  }

  get dataDir(): string {
    return join(this.folder, 'data')
  }

  /** The address of one of its databases. */
  url(database = 'postgres'): string {
    return `postgres://${SUPERUSER}@127.0.0.1:${this.port}/${database}`
  }

  /** Makes an empty database, or a copy of one that nobody is connected to, and returns its address. */
  async createDatabase(template = 'template1'): Promise<string> {
    this.#databaseCount += 1
    const name = `hub_${this.#databaseCount}`
    await this.query(`create database ${name} template ${template}`)
    return this.url(name)
  }

  /** Runs a statement as the superuser. */
  async query(text: string, database = 'postgres'): Promise<Record<string, unknown>[]> {
    const client = new Client({ connectionString: this.url(database) })
    client.on('error', () => undefined)
    await client.connect()
    try {
      return (await client.query(text)).rows as Record<string, unknown>[]
    } finally {
      await client.end()
    }
  }

  /** Ends every connection to its databases but the one that asks. Returns how many. */
  async terminateAll(): Promise<number> {
    const rows = await this.query(
      "select pg_terminate_backend(pid) from pg_stat_activity where backend_type = 'client backend' " +
        'and pid <> pg_backend_pid()',
    )
    return rows.length
  }

  /** Adds lines to its configuration, for the next start. */
  async configure({ settings = [], fsync = false }: PostgresOptions): Promise<void> {
    const lines = [
      `port = ${this.port}`,
      "listen_addresses = '127.0.0.1'",
      `unix_socket_directories = '${this.folder}'`,
      `fsync = ${fsync ? 'on' : 'off'}`,
      'max_connections = 60',
      'shared_buffers = 32MB',
      // Below its folder: what is killed leaves nothing behind.
      'dynamic_shared_memory_type = mmap',
      ...settings,
    ]
    await appendFile(join(this.dataDir, 'postgresql.conf'), `${lines.join('\n')}\n`)
  }

  /** Starts it and waits until it answers. */
  async start(): Promise<void> {
    this.#process = spawn(join(await binaries(), 'postgres'), ['-D', this.dataDir], {
      ...this.#account,
      stdio: 'ignore',
      cwd: this.folder,
    })
    const endsAt = Date.now() + patient(READY_MS)
    for (;;) {
      try {
        await this.query('select 1')
        return
      } catch (error) {
        if (Date.now() > endsAt || this.#process.exitCode !== null) throw error
        await new Promise((done) => setTimeout(done, 30))
      }
    }
  }

  /** Ends it: SIGINT ends connections and closes in order, SIGKILL is a crash. */
  async end(signal: NodeJS.Signals = 'SIGINT'): Promise<void> {
    const process = this.#process
    this.#process = undefined
    if (process === undefined || process.exitCode !== null) return
    const gone = new Promise((done) => process.once('exit', done))
    process.kill(signal)
    await gone
  }

  /** Runs one of its programs as the account that owns it. */
  async run(program: string, args: readonly string[]): Promise<void> {
    await run(join(await binaries(), program), args, { ...this.#account, cwd: this.folder })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.end('SIGINT')
    await rm(this.folder, { recursive: true, force: true })
  }
}

/** Where the newest installed PostgreSQL has its programs. */
async function binaries(): Promise<string> {
  const root = '/usr/lib/postgresql'
  const versions = existsSync(root) ? await readdir(root) : []
  const newest = versions.toSorted((a, b) => Number(b) - Number(a))[0]
  if (newest === undefined)
    throw new Error('PostgreSQL is not installed: apt-get install postgresql')
  return join(root, newest, 'bin')
}

async function unprivileged(): Promise<Account> {
  if (userInfo().uid !== 0) return {}
  for (const name of ['postgres', 'nobody']) {
    try {
      const [uid, gid] = await Promise.all(['-u', '-g'].map((flag) => run('id', [flag, name])))
      return { uid: Number(uid!.stdout), gid: Number(gid!.stdout) }
    } catch {
      continue
    }
  }
  throw new Error('there is no unprivileged account that could run PostgreSQL')
}
