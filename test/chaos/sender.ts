// SPDX-License-Identifier: Apache-2.0
/** The operator of a run: submits every order until the hub has said yes or no, and looks what becomes of it. */
import { digestOf, seal } from '@sallyport/core/crypto'
import { encodeBase64url, instantOf, type Job } from '@sallyport/core/protocol'
import {
  hubRefusalOf,
  isPassing,
  type EnvelopeView,
  type HubClient,
} from '@sallyport/core/transport'
import { setTimeout as sleep } from 'node:timers/promises'
import type { KnownAgent, TestOperator } from '../support/operator.ts'
import type { History } from './history.ts'
import type { Order } from './cast.ts'

/** A job that the hub has. */
export interface AcceptedJob {
  readonly jobId: string
  readonly agent: KnownAgent
}

const RETRY_MS = 400
const LOOK_SECONDS = 10
/** Jobs that are looked at once; what waits is looked at later. */
const LOOKS_AT_ONCE = 24
const COUNTS_AT_ONCE = 400
/** Why so many: a hub that is asked for thousands of jobs at once says for a while that it is too much. */
const LOOK_ATTEMPTS = 150

/** Sends, looks, and at the end asks the ledgers. */
export class Sender {
  readonly #operator: TestOperator
  readonly #history: History
  #lookCount = 0

  constructor(operator: TestOperator, history: History) {
    this.#operator = operator
    this.#history = history
  }

  /**
   * Signs, seals and submits one order, with the same bytes again for as long as nobody knows whether the hub has them, or
   * until `signal` ends it.
   */
  async send(
    order: Order,
    agent: KnownAgent,
    signal: AbortSignal,
  ): Promise<AcceptedJob | undefined> {
    const job = this.#makeJob(order, agent)
    const { jobId, expiresAt } = job
    this.#history.note({ kind: 'ordered', jobId, order })
    const own = encodeBase64url(this.#operator.identity.sealing.publicKey)
    const sealed = await seal(this.#operator.sign(job), [agent.sealingKey, own])
    const envelope = { envelopeId: jobId, agentId: agent.agentId, sealed, expiresAt }
    let why: string | undefined
    let attemptCount = 0
    do {
      if (attemptCount > 0) await sleep(RETRY_MS)
      attemptCount += 1
      why = await this.#submit(envelope)
    } while (why === 'again' && !signal.aborted)
    const outcome = why === undefined ? 'accepted' : why === 'again' ? 'unknown' : 'refused'
    this.#history.note({ kind: 'submitted', jobId, outcome, attemptCount, why: why ?? null })
    return outcome === 'accepted' ? { jobId, agent } : undefined
  }

  /** What the hub has against it, or that nobody knows. */
  async #submit(envelope: Parameters<HubClient['submitEnvelope']>[0]): Promise<string | undefined> {
    try {
      await this.#operator.hub.submitEnvelope(envelope)
      return undefined
    } catch (error) {
      const code = hubRefusalOf(error)?.code ?? 'none'
      return isPassing(error) || code.startsWith('ERR_SESSION') ? 'again' : code
    }
  }

  /** Looks at a job until it has ended. */
  async watch({ jobId }: AcceptedJob, signal: AbortSignal): Promise<void> {
    let state: EnvelopeView['state'] | undefined
    while (!signal.aborted && state !== 'answered' && state !== 'expired') {
      if (this.#lookCount >= LOOKS_AT_ONCE) await sleep(RETRY_MS)
      else {
        const seen = await this.look(jobId, state, signal)
        if (seen === undefined || seen === 'unknown') await sleep(RETRY_MS)
        else state = seen
      }
    }
  }

  /** Looks once; with a state, for as long as it is that one. Undefined when the hub could not be asked. */
  async look(
    jobId: string,
    unless?: EnvelopeView['state'],
    signal?: AbortSignal,
  ): Promise<EnvelopeView['state'] | 'unknown' | undefined> {
    this.#lookCount += 1
    try {
      const wait = unless === undefined ? {} : { unless, waitSeconds: LOOK_SECONDS }
      const view = await this.#operator.hub.showEnvelope(jobId, { ...wait, signal })
      const { state, result, deliveryCount } = view
      const answer = result === null ? null : digestOf(Buffer.from(result))
      this.#history.note({ kind: 'seen', jobId, state, answer, deliveryCount })
      return state
    } catch (error) {
      if (hubRefusalOf(error)?.code !== 'ERR_ENVELOPE_UNKNOWN') return undefined
      const state = 'unknown'
      this.#history.note({ kind: 'seen', jobId, state, answer: null, deliveryCount: 0 })
      return state
    } finally {
      this.#lookCount -= 1
    }
  }

  /** The last look at a job: until the hub says something. To be asked for when everything is mended. */
  async lookLast(jobId: string): Promise<EnvelopeView['state'] | 'unknown' | undefined> {
    for (let attempt = 1; ; attempt += 1) {
      const state = await this.look(jobId)
      if (state !== undefined || attempt === LOOK_ATTEMPTS) return state
      await sleep(RETRY_MS)
    }
  }

  /** Opens and verifies the answer to a job, if it has one. Rejects when that is none of the agent's. */
  async open({ jobId, agent }: AcceptedJob): Promise<void> {
    if ((await this.lookLast(jobId)) !== 'answered') return
    const { state, refusal } = await this.#operator.answerTo(agent, jobId)
    this.#history.note({ kind: 'answered', jobId, state, reason: refusal?.reason ?? null })
  }

  /** Asks the ledger of an agent for the effects of all jobs that it was sent. Units: milliseconds. */
  async count(agent: KnownAgent, jobIds: readonly string[], patienceMs: number): Promise<void> {
    for (let from = 0; from < jobIds.length; from += COUNTS_AT_ONCE) {
      const keys = jobIds.slice(from, from + COUNTS_AT_ONCE)
      const { state, output, failure } = await this.#ask(agent, { keys }, patienceMs)
      if (state !== 'done') throw new Error(`the ledger cannot be read: ${state} ${failure?.code}`)
      const { counts } = output as { counts: Record<string, number> }
      for (const [jobId, effectCount] of Object.entries(counts)) {
        this.#history.note({ kind: 'counted', jobId, effectCount })
      }
    }
  }

  #ask(agent: KnownAgent, input: { keys: string[] }, patienceMs: number) {
    const job = this.#operator.job(agent, { jobType: 'tally/counts', input })
    const submitted = this.#operator.submit(agent, this.#operator.sign(job), job.jobId)
    return submitted.then((jobId) => this.#operator.answerTo(agent, jobId, patienceMs))
  }

  #makeJob({ jobType, beforeMs, afterMs, lifeMs }: Order, agent: KnownAgent): Job {
    const job = this.#operator.job(agent, { jobType })
    const input = jobType === 'tally/look' ? {} : { key: job.jobId, beforeMs, afterMs }
    return { ...job, input, expiresAt: instantOf(Date.now() + lifeMs) }
  }
}
