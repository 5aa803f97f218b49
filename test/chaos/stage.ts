// SPDX-License-Identifier: Apache-2.0
/** Where a chaos run takes place: hubs, agents with a plugin that counts, an operator, and a troubled line for each. */
import { enrolAgent } from '@sallyport/agent'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { buildBundle } from '../support/build.ts'
import { TestOperator, type KnownAgent } from '../support/operator.ts'
import type { TestPostgres } from '../support/postgres.ts'
import { startMain, temporaryFolder, type Running } from '../support/programs.ts'
import type { TestRedis } from '../support/redis.ts'
import type { History } from './history.ts'
import type { Trouble, Who } from './cast.ts'
import { TroubleLine } from './trouble-line.ts'
import { drawsOf } from './wire-luck.ts'
import { freePort } from '../support/free-port.ts'

/** What a stage is made for. */
export interface StageOptions {
  readonly seed: number
  readonly agentCount: number
  readonly hubCount: number
  /** One database for all hubs; without it there is one hub with a file of its own. */
  readonly hasPostgres: boolean
  /** One Redis for all hubs. */
  readonly hasRedis: boolean
  /** The name of a fault that is planted in hubs and agents. */
  readonly mutation?: string | undefined
}

/** What is done to whom, and for how long. */
type Suffered = Pick<Trouble, 'kind' | 'who' | 'forMs'>

/** Tries to start a program that did not become ready on a busy machine. */
const START_ATTEMPTS = 4

/** A running stage. Disposing it ends everything. */
export class Stage implements AsyncDisposable {
  readonly operator = new TestOperator()
  readonly agents: KnownAgent[] = []
  readonly #scope = new AsyncDisposableStack()
  readonly #options: StageOptions
  readonly #history: History
  readonly #lines = new Map<Who, TroubleLine>()
  readonly #programs = new Map<Who, Running>()
  readonly #hubPorts: number[] = []
  /** What is being done to each, one thing after the other. */
  readonly #turns = new Map<Who, Promise<void>>()
  readonly #suffering = new Set<Who>()
  #postgres: TestPostgres | undefined
  #redis: TestRedis | undefined
  #databaseUrl: string | undefined
  #folder = ''

  private constructor(options: StageOptions, history: History) {
    this.#options = options
    this.#history = history
  }

  /** Starts everything, without any trouble yet. */
  static async open(options: StageOptions, history: History): Promise<Stage> {
    const stage = new Stage(options, history)
    try {
      await stage.#begin()
      return stage
    } catch (error) {
      await stage[Symbol.asyncDispose]()
      throw error
    }
  }

  /** What this hub's or agent's log says. */
  outputOf(who: Who): string {
    return this.#programs.get(who)?.output().stderr ?? ''
  }

  /** Switches the troubles of all lines on or off. */
  trouble(isTroubled: boolean): void {
    for (const line of this.#lines.values()) line.isTroubled = isTroubled
  }

  /** Does something to somebody, and undoes it after its time. Things to one come one after the other. */
  suffer(trouble: Suffered): Promise<void> {
    const turn = (this.#turns.get(trouble.who) ?? Promise.resolve()).then(() =>
      this.#suffer(trouble),
    )
    this.#turns.set(trouble.who, turn)
    return turn
  }

  /** Whether something is being done to somebody. */
  isSuffering(who: Who): boolean {
    return this.#suffering.has(who)
  }

  /** Resolves when everything that was done is undone. */
  async rest(): Promise<void> {
    await Promise.all(this.#turns.values())
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([...this.#programs.values()].map((program) => program.end('SIGKILL')))
    await Promise.all([...this.#lines.values()].map((line) => line[Symbol.asyncDispose]()))
    if (this.#lines.has('operator')) await this.operator.hub[Symbol.asyncDispose]()
    await this.#scope.disposeAsync()
  }

  async #begin(): Promise<void> {
    const { agentCount, hubCount, hasPostgres, hasRedis } = this.#options
    this.#folder = this.#scope.use(await temporaryFolder()).path
    await writeFile(this.#siteFile, JSON.stringify(this.operator.siteFile()))
    if (hasPostgres) {
      await this.#startPostgres()
    }
    if (hasRedis) await this.#startRedis()
    const names = Array.from({ length: agentCount }, (_, n) => `agent-${n}`)
    for (const who of ['operator', ...names]) this.#lines.set(who, await this.#openLine(who))
    for (let n = 0; n < hubCount; n += 1) this.#hubPorts.push(await freePort())
    for (let n = 0; n < hubCount; n += 1) await this.#start(`hub-${n}`)
    this.operator.connect(this.#lines.get('operator')!.url)
    const bundle = await buildBundle('chaos/plugins/tally.ts')
    for (const who of names) this.agents.push(await this.#enrol(who, bundle))
  }

  async #startPostgres(): Promise<void> {
    const postgres = await import('../support/postgres.ts')
    this.#postgres = this.#scope.use(await postgres.TestPostgres.start())
    this.#databaseUrl = await this.#postgres.createDatabase()
  }

  async #startRedis(): Promise<void> {
    const redis = await import('../support/redis.ts')
    this.#redis = this.#scope.use(await redis.TestRedis.start())
  }

  #openLine(who: Who): Promise<TroubleLine> {
    return TroubleLine.open({
      draw: drawsOf(this.#options.seed, who),
      hubPorts: () => this.#hubPorts,
      onTrouble: ({ fault, requestDelayMs, answerDelayMs }) => {
        const what = `${fault}, ${requestDelayMs} ms, ${answerDelayMs} ms`
        this.#history.note({ kind: 'wire', who, what })
      },
    })
  }

  get #siteFile(): string {
    return join(this.#folder, 'site.json')
  }

  async #enrol(who: Who, bundle: Uint8Array): Promise<KnownAgent> {
    const { code, agentId } = await this.operator.makeCode(who)
    const hub = this.#lines.get(who)!.url
    await enrolAgent({ code, hub, stateDir: this.#stateDir(who), clock: { now: Date.now } })
    await this.#start(who)
    const agent = await this.operator.meet(agentId)
    const { state, refusal } = await this.operator.approve(agent, bundle)
    if (state !== 'done') throw new Error(`the plugin was not accepted: ${refusal?.reason}`)
    return agent
  }

  #stateDir(who: Who): string {
    return join(this.#folder, 'agents', who)
  }

  async #suffer({ kind, who, forMs }: Suffered): Promise<void> {
    this.#suffering.add(who)
    this.#history.note({ kind: 'done-to', who, what: `${kind} for ${forMs} ms` })
    if (kind === 'kill') await this.#fall(who, forMs)
    else if (kind === 'stop') await this.#freeze(who, forMs)
    else await this.#part(who, forMs)
    this.#history.note({ kind: 'done-to', who, what: `${kind} is over` })
    this.#suffering.delete(who)
  }

  async #fall(who: Who, forMs: number): Promise<void> {
    if (who === 'database') await this.#postgres?.end('SIGKILL')
    else if (who === 'redis') await this.#redis?.kill()
    else await this.#programs.get(who)?.end('SIGKILL')
    await sleep(forMs)
    if (who === 'database') await this.#postgres?.start()
    else if (who === 'redis') await this.#redis?.start()
    else await this.#start(who)
  }

  async #freeze(who: Who, forMs: number): Promise<void> {
    const { child } = this.#programs.get(who)!
    child.kill('SIGSTOP')
    await sleep(forMs)
    child.kill('SIGCONT')
  }

  async #part(who: Who, forMs: number): Promise<void> {
    const line = this.#lines.get(who)!
    line.part()
    await sleep(forMs)
    line.mend()
  }

  async #start(who: Who): Promise<void> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        this.#programs.set(who, await this.#startOnce(who))
        return
      } catch (error) {
        this.#history.note({ kind: 'done-to', who, what: `did not start: ${String(error)}` })
        if (attempt === START_ATTEMPTS) throw error
      }
    }
  }

  #planted(): { imports?: readonly string[] } {
    const { mutation } = this.#options
    if (mutation === undefined) return {}
    const mutant = new URL('mutant.ts', import.meta.url)
    mutant.searchParams.set('name', mutation)
    return { imports: [mutant.href] }
  }

  #startOnce(who: Who): Promise<Running> {
    const options = { home: this.#folder, ...this.#planted() }
    if (!who.startsWith('hub-')) {
      return startMain('agent', ['--state-dir', this.#stateDir(who)], options)
    }
    const port = String(this.#hubPorts[Number(who.slice('hub-'.length))])
    const lines = [...this.#lines.values()].flatMap(({ url }) => ['--public-url', url])
    const database = this.#databaseUrl === undefined ? [] : ['--database', this.#databaseUrl]
    const redis = this.#redis === undefined ? [] : ['--redis', this.#redis.url]
    const place = ['--data-dir', join(this.#folder, who), '--site', this.#siteFile]
    return startMain('hub', [...place, '--port', port, ...lines, ...database, ...redis], options)
  }
}
