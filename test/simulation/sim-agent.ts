// SPDX-License-Identifier: Apache-2.0
/** A simulated agent: the real runner, admission, recorder, outbox, poll loop and audit log, on a disk that outlives it. */
import type { AdmissionPorts } from '@sallyport/core/admission'
import { AuditLog, auditOrigin } from '@sallyport/core/audit'
import { Runner, type Journal } from '@sallyport/core/runner'
import { makeBackOff, runPollLoop, type Delivery } from '@sallyport/core/transport'
import { isCodedError } from '@sallyport/sdk'
import { Disk, EMPTY_DISK, type DiskContent, type DiskLuck } from './disk.ts'
import { DiskAuditStore } from './disk-audit.ts'
import { makeDiskJournal } from './disk-journal.ts'
import { questionsOf } from './disk-questions.ts'
import { tamper } from './hub-mischief.ts'
import type { WatchedAgent } from './watched-agent.ts'
import { drawDiskFault } from './luck.ts'
import { makeSimHost } from './sim-host.ts'
import {
  BUNDLE,
  PEOPLE,
  SITE_ID,
  START_MS,
  TRUST,
  idOf,
  readersOf,
  type AgentName,
} from './site.ts'
import { Dead, Life } from './timeline.ts'
import { note, type World } from './world.ts'

/** Why longer than the agent's own five seconds: each look costs as much as a job's step. */
const FLUSH_EVERY_MS = 20_000
const STOP_GRACE_MS = 1_000

interface Process {
  readonly life: Life
  readonly runner: Runner
  readonly stop: AbortController
}

/** One agent: a disk, a clock, and a process that comes and goes. */
export class SimAgent implements WatchedAgent {
  readonly name: string
  readonly agentId: string
  readonly identity: AgentName['identity']
  readonly disk: Disk
  /** How far its clock is ahead. Units: milliseconds. */
  clockOffsetMs = 0
  setBackCount = 0
  readonly #world: World
  readonly #copies: DiskContent[] = []
  #process: Process | undefined
  #ids = 0

  constructor(world: World, { name, agentId, identity }: AgentName) {
    this.name = name
    this.agentId = agentId
    this.identity = identity
    this.#world = world
    this.disk = new Disk(EMPTY_DISK, this.#luck())
  }

  now(): number {
    return START_MS + this.#world.timeline.nowMs + this.clockOffsetMs
  }

  /** Whether it is up, works on nothing, and the hub has all its answers. */
  get isIdle(): boolean {
    const process = this.#process
    const { outbox } = this.disk.content
    const isUp = process?.life.isAlive === true && process.runner.activeCount === 0
    return isUp && [...outbox.values()].every((row) => row.acknowledgedAtMs !== null)
  }

  /** Starts the process, again and again until its disk lets it. */
  start(): void {
    const life = new Life(this.name)
    try {
      this.#process = this.#begin(life)
      note(this.#world, this.name, 'started')
    } catch (error) {
      if (!isCodedError(error) && !(error instanceof Dead)) throw error
      this.#die(life, `did not start: ${error instanceof Dead ? 'killed' : error.code}`)
    }
  }

  /** Ends the process between two things that happen to it. It is started again after a while. */
  kill(why: string): void {
    const life = this.#process?.life
    if (life?.isAlive) this.#die(life, why)
  }

  /** As a service is stopped: nothing further begins, what runs gets a moment, then is aborted. */
  stopGently(): void {
    const process = this.#process
    if (process?.life.isAlive !== true) return
    note(this.#world, this.name, 'is told to stop')
    process.stop.abort()
    process.runner.rest()
    const { timeline } = this.#world
    timeline.after(STOP_GRACE_MS, () => process.runner.abort(), process.life)
    timeline.after(3 * STOP_GRACE_MS, () => this.#die(process.life, 'stopped'), process.life)
  }

  /** Keeps a copy of the disk, for a later `setBack`. */
  copyDisk(): void {
    this.#copies.push(this.disk.content)
  }

  /**
   * Puts an older copy of the disk in place while the process is down.
   *
   * Why an epoch at once: the agent asks a witness of its log, and this one always knows its newest head.
   */
  setBack(): void {
    const copy = this.#copies.shift()
    if (copy === undefined || copy.entries.length === this.disk.content.entries.length) return
    this.kill('killed, and its disk set back')
    this.setBackCount += 1
    const highestMs = Math.max(this.now(), this.disk.content.highestMs)
    this.disk.content = { ...copy, epochMs: highestMs + 60_000, highestMs }
  }

  #die(life: Life, why: string): void {
    if (!life.isAlive) return
    life.isAlive = false
    const { timeline, chance } = this.#world
    note(this.#world, this.name, why)
    timeline.after(chance.between(50, 5_000), () => this.start())
  }

  #luck(): DiskLuck {
    const world = this.#world
    return {
      transaction: () => drawDiskFault(world.chance, world.troubles),
      cannotRead: () => world.chance.happens(world.troubles.cannotRead),
      losePower: () => this.kill('loses power in a transaction'),
    }
  }

  #begin(life: Life): Process {
    const { disk } = this
    const log = new AuditLog(
      new DiskAuditStore(disk),
      auditOrigin(this.agentId),
      this.identity.signing,
    )
    const journal = makeDiskJournal(disk, log, life)
    const runner = this.#makeRunner(life, journal)
    const process = { life, runner, stop: new AbortController() }
    this.#process = process
    journal.transaction(() => {
      journal.raiseClock(this.now())
      journal.audit([{ event: 'agent.started', details: {} }], this.now())
    })
    runner.recover()
    void runner.resume().catch((error: unknown) => this.#onError(error))
    void this.#poll(process)
    void this.#flush(process)
    return process
  }

  #makeRunner(life: Life, journal: Journal): Runner {
    const { mailbox, wire, vault, judge } = this.#world
    return new Runner({
      identity: this.identity,
      readers: { of: () => readersOf(PEOPLE.ann, PEOPLE.ben), people: () => [] },
      admission: this.#admission(),
      journal,
      host: makeSimHost(this.#world, this, life),
      channel: {
        answer: (envelopeId, sealed) => {
          life.expectAlive()
          judge.onAnswer(this, envelopeId, { sealed, signed: vault.read(sealed) })
          const keep = (): void => {
            const outcome = mailbox.answer(this.agentId, envelopeId, sealed)
            note(this.#world, 'hub', `is answered ${envelopeId}: ${outcome}`)
          }
          return wire.call(`answer ${envelopeId}`, keep, life)
        },
        report: async () => {},
      },
      bundles: { fetch: (digest) => wire.call(`fetch ${digest.slice(0, 12)}`, () => BUNDLE, life) },
      sealer: vault.sealerOf(life),
      clock: { now: () => this.now() },
      makeId: () => idOf(`${this.name} ${(this.#ids += 1)}`),
      maxConcurrentJobs: 2,
      log: { info() {}, warn() {} },
    })
  }

  #admission(): AdmissionPorts {
    const { agentId, disk } = this
    const sealingKey = readersOf(this.identity)[0]!
    const clock = { now: () => this.now(), highest: () => disk.seen.highestMs }
    return {
      self: { siteId: SITE_ID, agentId, sealingKey },
      trust: TRUST,
      clock,
      ...questionsOf(disk),
      checkInput: () => [],
      agentName: 'pve1',
      policy: { decide: () => ({ allowed: true, rules: ['all'] }) },
    }
  }

  #poll({ life, runner, stop }: Process): Promise<void> {
    const { wire, timeline, chance } = this.#world
    return runPollLoop(
      {
        takeDeliveries: ({ waitSeconds, again }) =>
          wire.call('poll', () => this.#deliver(waitSeconds, again), life),
        receive: (delivery) => runner.receive(delivery),
        backOff: makeBackOff(() => chance.next()),
        onError: (error) => this.#onError(error),
        timing: {
          now: () => timeline.nowMs,
          sleep: (ms, signal) => timeline.sleep(ms, life, signal),
        },
      },
      stop.signal,
    )
  }

  async #deliver(waitSeconds: number, again: boolean): Promise<Delivery[]> {
    const found = await this.#world.mailbox.take(this.agentId, { waitSeconds, again })
    const delivered = tamper(this.#world, found)
    for (const { envelopeId } of delivered) note(this.#world, 'hub', `hands out ${envelopeId}`)
    return delivered
  }

  async #flush({ life, runner, stop }: Process): Promise<void> {
    const { timeline } = this.#world
    while (!stop.signal.aborted) {
      await runner.flush().catch((error: unknown) => this.#onError(error))
      await timeline.sleep(FLUSH_EVERY_MS, life, stop.signal).catch(() => undefined)
    }
  }

  /** Accidents have codes; anything else is a mistake in the code. */
  #onError(error: unknown): void {
    if (error instanceof Dead) return
    if (isCodedError(error)) return note(this.#world, this.name, `trouble: ${error.code}`)
    this.#world.judge.fail('code', `${this.name}: ${String(error)}`)
  }
}
