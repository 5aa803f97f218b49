// SPDX-License-Identifier: Apache-2.0
/** A fleet: one hub, one operator, and crowds of light agents in processes of their own. */
import { WIRE } from '@sallyport/core/transport'
import { randomBytes } from 'node:crypto'
import { readdir, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { TestOperator, type KnownAgent } from '../support/operator.ts'
import { startMain, temporaryFolder, type Running } from '../support/programs.ts'
import { Crowd } from './crowd.ts'
import type { CrowdCount, NewAgent } from './messages.ts'
import { readVitals, type Vitals } from './vitals.ts'

/** How a fleet is made. */
export interface FleetOptions {
  readonly crowdCount: number
  /** A hub that runs already and serves the site of `siteFile`; one of the fleet's own unless given. */
  readonly hub?: { readonly url: string; readonly siteFile: string } | undefined
  /** How long an agent lets the hub hold its poll. */
  readonly waitSeconds?: number | undefined
  /** More arguments for the fleet's own hub. */
  readonly hubArguments?: readonly string[] | undefined
  /** How long it will be soaked. */
  readonly soakMs?: number | undefined
}

/** Codes that are on their way at once. */
const CODES_AT_ONCE = 8
/** Agents that one crowd enrols at a time. */
const BATCH = 64
/** Why: all agents of a fleet come from one address, and enrol within minutes. */
const LIMITS = { enrolmentsPerSource: 1_000_000 }
/** What a hub forgets in months it forgets in a soak within minutes, and one person does the work of many. */
const SOAKED = {
  doneMs: 60_000,
  donePerSite: 2_000,
  siteLogEntries: 5_000,
  sweepMs: 5_000,
  pollsPerPerson: 1_000_000,
  readsPerPerson: 1_000_000,
  writesPerPerson: 1_000_000,
}
const LOOK_EVERY_MS = 50
const HUB_READY_MS = 600_000
/** Longer than a lease: what an agent lost on its way is delivered again. */
const JOB_PATIENCE_MS = 120_000

/** A running fleet. Disposing it ends whatever it started. */
export class Fleet implements AsyncDisposable {
  readonly operator = new TestOperator()
  readonly agents: KnownAgent[] = []
  readonly #scope = new AsyncDisposableStack()
  readonly #crowds: Crowd[] = []
  readonly #options: FleetOptions
  #hub: Running | undefined
  #folder = ''
  #url = ''

  private constructor(options: FleetOptions) {
    this.#options = options
  }

  /** Starts hub and crowds. With a hub of somebody else it writes the site file and waits until that hub serves it. */
  static async open(options: FleetOptions): Promise<Fleet> {
    const fleet = new Fleet(options)
    try {
      fleet.#folder = fleet.#scope.use(await temporaryFolder()).path
      const siteFile = options.hub?.siteFile ?? join(fleet.#folder, 'site.json')
      await writeFile(siteFile, JSON.stringify(fleet.operator.siteFile()))
      const limits = options.soakMs === undefined ? LIMITS : { ...LIMITS, ...SOAKED }
      await writeFile(fleet.#limitsFile, JSON.stringify(limits))
      if (options.hub === undefined) await fleet.#startHub()
      else await fleet.#findHub(options.hub.url)
      await fleet.#startCrowds()
      return fleet
    } catch (error) {
      await fleet[Symbol.asyncDispose]()
      throw error
    }
  }

  get #limitsFile(): string {
    return join(this.#folder, 'limits.json')
  }

  get url(): string {
    return this.#url
  }

  /** What the fleet's own hub takes; undefined for any other. */
  async vitals(): Promise<Vitals | undefined> {
    return this.#hub && readVitals(this.#hub.pid).catch(() => undefined)
  }

  /** Size of the hub's database with what belongs to it; 0 where it is not a file of the fleet's own hub. */
  async databaseMib(): Promise<number> {
    const folder = join(this.#folder, 'hub')
    const names = await readdir(folder).catch(() => [])
    const sizes = names.map(async (name) => (await stat(join(folder, name))).size)
    return (await Promise.all(sizes)).reduce((sum, size) => sum + size, 0) / 1_048_576
  }

  /** What each crowd takes. */
  async crowdVitals(): Promise<readonly Vitals[]> {
    return Promise.all(this.#crowds.map(({ pid }) => readVitals(pid)))
  }

  /** All crowds together. */
  get count(): CrowdCount {
    const failures: Record<string, number> = {}
    const sum = { heldCount: 0, pollCount: 0, answeredCount: 0, effectCount: 0 }
    for (const { count } of this.#crowds) {
      sum.heldCount += count.heldCount
      sum.pollCount += count.pollCount
      sum.answeredCount += count.answeredCount
      sum.effectCount += count.effectCount
      for (const [code, times] of Object.entries(count.failures)) {
        failures[code] = (failures[code] ?? 0) + times
      }
    }
    return { ...sum, failures }
  }

  /** Enrols so many agents, each by a code of its own. */
  async enrol(count: number): Promise<void> {
    const seeds = Array.from({ length: count }, (_, index) => index)
    const lanes = this.#crowds.map(async (crowd, lane) => {
      const mine = seeds.filter((index) => index % this.#crowds.length === lane)
      for (let from = 0; from < mine.length; from += BATCH) {
        const codes = await this.#makeCodes(mine.slice(from, from + BATCH))
        this.agents.push(...(await crowd.enrol(codes)))
      }
    })
    await Promise.all(lanes)
  }

  /** Lets every agent poll, each from its own moment within this time on. */
  poll(withinMs: number): void {
    const { waitSeconds = WIRE.maxWaitSeconds } = this.#options
    for (const crowd of this.#crowds) crowd.poll(withinMs, waitSeconds)
  }

  /** Waits until the hub holds so many polls. Returns after how many milliseconds, or undefined when it did not. */
  async untilHeld(count: number, maxMs: number): Promise<number | undefined> {
    const startedAt = performance.now()
    while (performance.now() - startedAt < maxMs) {
      if (this.count.heldCount >= count && (await this.#hubHolds(count))) {
        return performance.now() - startedAt
      }
      await sleep(LOOK_EVERY_MS)
    }
    return undefined
  }

  /**
   * Whether the fleet's own hub says so too. Why: what an agent has sent may still wait at the door of a busy hub. One in
   * a hundred may have ended its poll meanwhile.
   */
  async #hubHolds(count: number): Promise<boolean> {
    if (this.#hub === undefined) return true
    const answer = await fetch(String(this.#hub.ready['metricsUrl'])).catch(() => undefined)
    const text = (await answer?.text()) ?? ''
    const held = /^sallyport_hub_held_requests ([0-9]+)$/m.exec(text)?.[1] ?? 0
    return Number(held) >= Math.floor(count * 0.99)
  }

  /** Agents whose poll is held. */
  async held(): Promise<KnownAgent[]> {
    const absent = new Set((await Promise.all(this.#crowds.map((one) => one.absent()))).flat())
    return this.agents.filter(({ agentId }) => !absent.has(agentId))
  }

  /** Gives an agent a job and verifies its answer. Returns after how many milliseconds. */
  async job(agent: KnownAgent): Promise<number> {
    const startedAt = performance.now()
    const job = this.operator.job(agent, { jobType: 'fleet/count' })
    const label = await this.operator.submit(agent, this.operator.sign(job), job.jobId)
    const { state } = await this.operator.answerTo(agent, label, JOB_PATIENCE_MS)
    if (state !== 'done') throw new Error(`a job ended as ${state}`)
    return performance.now() - startedAt
  }

  /** Ends the fleet's own hub and starts it again at the same address. Returns how long it was away. */
  async restartHub(signal: NodeJS.Signals): Promise<number> {
    if (this.#hub === undefined) throw new Error('the hub is not of this fleet')
    const startedAt = performance.now()
    await this.#hub.end(signal)
    await this.#startHub()
    return performance.now() - startedAt
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#crowds.map((crowd) => crowd[Symbol.asyncDispose]()))
    await this.#hub?.end('SIGKILL')
    if (this.#url !== '') await this.operator.hub[Symbol.asyncDispose]()
    await this.#scope.disposeAsync()
  }

  async #startHub(): Promise<void> {
    const port = this.#url === '' ? '0' : new URL(this.#url).port
    const args = ['--data-dir', join(this.#folder, 'hub'), '--port', port, '--log-level', 'warn']
    const site = ['--site', join(this.#folder, 'site.json')]
    const limits = ['--profile', 'msp', '--limits', this.#limitsFile]
    const rest = ['--metrics-port', '0', ...(this.#options.hubArguments ?? [])]
    const all = [...args, ...site, ...limits, ...rest]
    this.#hub = await startMain('hub', all, { home: this.#folder })
    if (this.#url !== '') return
    this.#url = String(this.#hub.ready['url'])
    this.operator.connect(this.#url)
  }

  async #findHub(url: string): Promise<void> {
    this.operator.connect(url)
    const endsAt = performance.now() + HUB_READY_MS
    for (;;) {
      try {
        await this.operator.hub.listAgents({ limit: 1 })
        this.#url = url
        return
      } catch (error) {
        if (performance.now() > endsAt) throw error
        await sleep(1_000)
      }
    }
  }

  async #startCrowds(): Promise<void> {
    const seed = randomBytes(32)
    for (let n = 0; n < this.#options.crowdCount; n += 1) {
      this.#crowds.push(await Crowd.start(this.#url, seed))
    }
  }

  async #makeCodes(indices: readonly number[]): Promise<NewAgent[]> {
    const made: NewAgent[] = []
    const waiting = indices.values()
    const lane = async (): Promise<void> => {
      for (const index of waiting) {
        const name = `fleet-${index}`
        const { code } = await this.operator.makeCode(name)
        made.push({ index, name, code })
      }
    }
    await Promise.all(Array.from({ length: CODES_AT_ONCE }, lane))
    return made
  }
}
