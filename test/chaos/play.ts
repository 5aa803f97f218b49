// SPDX-License-Identifier: Apache-2.0
/** A run while it goes on: orders are sent and looked after, troubles suffered, kills lie in wait. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { Ambush } from './ambush.ts'
import type { History } from './history.ts'
import type { Order } from './cast.ts'
import type { Schedule, Strike } from './schedule.ts'
import { Sender, type AcceptedJob } from './sender.ts'
import type { Stage } from './stage.ts'
import { Steps } from './steps.ts'

/** Plays on a stage. */
export class Play {
  readonly sender: Sender
  /** Jobs that hubs accepted. */
  readonly accepted: AcceptedJob[] = []
  readonly #stage: Stage
  readonly #steps: Steps
  readonly #startedAt = performance.now()
  readonly #jobs: Promise<void>[] = []
  /** Aborted when nothing more is to begin. */
  readonly #ending = new AbortController()
  readonly #ended = new Promise((done) => this.#ending.signal.addEventListener('abort', done))
  /** Aborted when nobody waits for the end of a job any more. */
  readonly #over = new AbortController()

  constructor(stage: Stage, history: History) {
    this.#stage = stage
    this.#steps = new Steps(history)
    this.sender = new Sender(stage.operator, history)
  }

  /** Does everything at its time. Resolves when the time is over, and what was done is undone. Units: milliseconds. */
  async byTheClock({ troubles, orders, ambushes }: Schedule, lengthMs: number): Promise<void> {
    for (const ambush of ambushes) void this.#spring(ambush)
    void this.#eachAtItsTime(troubles, (trouble) => void this.#stage.suffer(trouble))
    void this.#eachAtItsTime(orders, (order) => this.#send(order))
    await this.#until(lengthMs)
    await this.#rest()
  }

  /** Does one strike after the other, each as soon as the hub is back from the one before. */
  async strikeByStrike(strikes: readonly Strike[]): Promise<void> {
    for (const { orders, ambush } of strikes) {
      for (const order of orders) this.#send(order)
      await this.#spring(ambush)
      if (this.#ending.signal.aborted) break
    }
    await this.#rest()
  }

  /** Waits until every order has come to its end, for so long at most; returns how long. Units: milliseconds. */
  async settle(patienceMs: number): Promise<number> {
    const startedAt = performance.now()
    const timer = setTimeout(() => this.#over.abort(), patienceMs)
    await Promise.all(this.#jobs)
    clearTimeout(timer)
    return performance.now() - startedAt
  }

  /** Nothing more is begun, and nothing waited for. */
  stop(): void {
    this.#ending.abort()
    this.#over.abort()
  }

  async #rest(): Promise<void> {
    this.#ending.abort()
    await this.#stage.rest()
  }

  async #eachAtItsTime<T extends { readonly atMs: number }>(
    all: readonly T[],
    begin: (one: T) => void,
  ): Promise<void> {
    for (const one of all) if (await this.#until(one.atMs)) begin(one)
  }

  /** Whether that time came before the end did. */
  #until(atMs: number): Promise<boolean> {
    const { signal } = this.#ending
    const leftMs = Math.max(0, atMs - (performance.now() - this.#startedAt))
    return sleep(leftMs, true, { signal }).catch(() => false)
  }

  #send(order: Order): void {
    this.#jobs.push(this.#seeThrough(order))
  }

  async #seeThrough(order: Order): Promise<void> {
    const { signal } = this.#over
    const job = await this.sender.send(order, this.#stage.agents[order.agent]!, signal)
    if (job === undefined) return
    this.accepted.push(job)
    await this.sender.watch(job, signal)
  }

  /** Waits for its step. Who is down or frozen then is left alone. */
  async #spring(ambush: Ambush): Promise<void> {
    await Promise.race([this.#steps.passed(ambush.order, ambush.step), this.#ended])
    await sleep(ambush.delayMs)
    const isEnding = this.#ending.signal.aborted
    if (!isEnding && !this.#stage.isSuffering(ambush.who)) await this.#stage.suffer(ambush)
  }
}
