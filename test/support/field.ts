// SPDX-License-Identifier: Apache-2.0
/** A hub and agents as running processes in a temporary folder, with a test's own operator beside them. */
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { SQLInputValue } from 'node:sqlite'
import { enrolAgent } from '@sallyport/agent'
import { buildBundle } from './build.ts'
import { askDatabase, freshStores, storeArgs, type HubStores } from './hub-stores.ts'
import { TestOperator, type ApproveOptions, type KnownAgent } from './operator.ts'
import { startMain, temporaryFolder, type Running } from './programs.ts'

/** Suites attempt much from one address; what comes of that has a suite of its own. */
export const CALM = {
  backOffAfter: 1_000_000,
  penaltyAfter: 1_000_000,
  lockOutAfter: 1_000_000,
  requestsPerSource: 1_000_000,
  sessionsPerSource: 1_000_000,
  enrolmentsPerSource: 1_000_000,
}

/** What differs from a hub with defaults and people with usual names. */
export interface FieldOptions {
  readonly operator?: TestOperator
  /** More arguments for the hub. */
  readonly hubArgs?: readonly string[]
  /** Knobs of the hub that differ from its defaults; else it is calm about attempts. */
  readonly limits?: Readonly<Record<string, number>>
}

/** Where a case takes place. */
export class Field implements AsyncDisposable {
  readonly operator: TestOperator
  readonly #hubArgs: readonly string[]
  readonly #scope = new AsyncDisposableStack()
  readonly #running = new Map<string, Running>()
  #stores: HubStores = {}
  #folder = ''
  #url = ''

  private constructor({ operator = new TestOperator(), hubArgs = [] }: FieldOptions) {
    this.operator = operator
    this.#hubArgs = hubArgs
  }

  /** A hub with one operator, and no agent yet. */
  static async open(options: FieldOptions = {}): Promise<Field> {
    const field = new Field(options)
    field.#folder = field.#scope.use(await temporaryFolder()).path
    const site = join(field.#folder, 'site.json')
    await writeFile(site, JSON.stringify(field.operator.siteFile()))
    await writeFile(join(field.#folder, 'limits.json'), JSON.stringify(options.limits ?? CALM))
    field.#stores = await freshStores(field.#scope)
    await field.startHub()
    return field
  }

  /** A hub, a running agent, and on it the plugin whose effects can be counted. */
  static async openWithCounter(): Promise<{ field: Field; agent: KnownAgent }> {
    const field = await Field.open()
    const agent = await field.addAgent('pve1')
    await field.approve(agent, 'counter')
    return { field, agent }
  }

  /** Builds a plugin of `test/attack/plugins` and has the agent accept it. Returns the bundle. */
  async approve(
    agent: KnownAgent,
    plugin: string,
    options: ApproveOptions & { version?: string } = {},
  ): Promise<Uint8Array> {
    const bundle = await buildBundle(`attack/plugins/${plugin}.ts`, options.version)
    const { state, refusal } = await this.operator.approve(agent, bundle, options)
    if (state !== 'done') throw new Error(`${plugin} was not accepted: ${refusal?.reason}`)
    return bundle
  }

  /** What the ledger of an agent says under a key. */
  async countOf(agent: KnownAgent, key: string): Promise<number> {
    const { output } = await this.operator.run(agent, { jobType: 'counter/read', input: { key } })
    return (output as { count: number }).count
  }

  get folder(): string {
    return this.#folder
  }

  get url(): string {
    return this.#url
  }

  /** Where the hub keeps what it has: in this folder, unless a database is named. */
  get hubPlace(): HubStores & { readonly dataDir: string } {
    return { dataDir: join(this.#folder, 'hub'), ...this.#stores }
  }

  /** Asks or edits the hub's database behind its back. */
  askHub(text: string, ...values: SQLInputValue[]): Promise<Record<string, unknown>[]> {
    const { dataDir, database } = this.hubPlace
    return askDatabase({ database, file: join(dataDir, 'hub.db') }, text, values)
  }

  /** Changes one row of it. Throws when none or several were changed. */
  async changeHub(statement: string, ...values: SQLInputValue[]): Promise<void> {
    const rows = await this.askHub(`${statement} RETURNING *`, ...values)
    if (rows.length !== 1) throw new Error(`${rows.length} rows were changed by: ${statement}`)
  }

  stateDir(name: string): string {
    return join(this.#folder, 'agents', name)
  }

  program(name: string): Running {
    const running = this.#running.get(name)
    if (running === undefined) throw new Error(`${name} is not running`)
    return running
  }

  /** Starts the hub; after the first time on the same port. */
  async startHub(): Promise<void> {
    const port = this.#url === '' ? '0' : new URL(this.#url).port
    const args = [...storeArgs(this.#stores, this.hubPlace.dataDir), '--port', port]
    const site = ['--site', join(this.#folder, 'site.json')]
    const limits = ['--limits', join(this.#folder, 'limits.json')]
    const hub = await startMain('hub', [...args, ...site, ...limits, ...this.#hubArgs], {
      home: this.#folder,
    })
    this.#running.set('hub', hub)
    this.#url = String(hub.ready['url'])
    this.operator.connect(this.#url)
  }

  /** Enrols a new agent and starts it. */
  async addAgent(name: string): Promise<KnownAgent> {
    const { code, agentId } = await this.operator.makeCode(name)
    const clock = { now: Date.now }
    await enrolAgent({ code, hub: this.#url, stateDir: this.stateDir(name), clock })
    await this.startAgent(name)
    return this.operator.meet(agentId)
  }

  async startAgent(name: string, under: readonly string[] = []): Promise<Running> {
    const args = ['--state-dir', this.stateDir(name)]
    const agent = await startMain('agent', args, { home: this.#folder, under })
    this.#running.set(name, agent)
    return agent
  }

  /** Ends the hub or an agent. */
  async end(name: string, signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
    await this.program(name).end(signal)
    this.#running.delete(name)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const ends = [...this.#running.values()].map((running) => running.end('SIGKILL'))
    await Promise.all(ends)
    await this.operator.hub[Symbol.asyncDispose]()
    await this.#scope.disposeAsync()
  }
}
