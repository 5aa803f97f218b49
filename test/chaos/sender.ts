// SPDX-License-Identifier: Apache-2.0
/** The operator of a run: submits every order until the hub has said yes or no, and looks what becomes of it. */
import { digestOf, seal } from '@sallyport/core/crypto'
import { encodeBase64url, instantOf, type Job } from '@sallyport/core/protocol'
import { hubRefusalOf, isPassing, type EnvelopeView } from '@sallyport/core/transport'
import { setTimeout as sleep } from 'node:timers/promises'
import type { KnownAgent, TestOperator } from '../support/operator.ts'
import type { History } from './history.ts'
import type { Order } from './schedule.ts'

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

/** Sends, looks, and at the end asks the ledgers. */
export class Sender {
  readonly #operator: TestOperator
  readonly #history: History
  #lookCount = 0

  constructor(operator: TestOperator, history: History) {
    this.#operator = operator
    this.#history = history
  }

  /** Signs, seals and submits one order, with the same bytes again for as long as nobody knows whether the hub has them. */
  async send(order: Order, agent: KnownAgent): Promise<AcceptedJob | undefined> {
    const job = this.#makeJob(order, agent)
    const { jobId, expiresAt } = job
    this.#history.note({ kind: 'ordered', jobId, order })
    const own = encodeBase64url(this.#operator.identity.sealing.publicKey)
    const sealed = await seal(this.#operator.sign(job), [agent.sealingKey, own])
    const envelope = { envelopeId: jobId, agentId: agent.agentId, sealed, expiresAt }
    for (let attemptCount = 1; ; attemptCount += 1) {
      try {
        await this.#operator.hub.submitEnvelope(envelope)
        this.#history.note({
          kind: 'submitted',
          jobId,
          outcome: 'accepted',
          attemptCount,
          why: null,
        })
        return { jobId, agent }
      } catch (error) {
        const why = hubRefusalOf(error)?.code ?? 'none'
        if (!isPassing(error) && !why.startsWith('ERR_SESSION')) {
          this.#history.note({ kind: 'submitted', jobId, outcome: 'refused', attemptCount, why })
          return undefined
        }
        await sleep(RETRY_MS)
      }
    }
  }

  /** Looks at a job until it has ended. Returns its last state. */
  async watch({ jobId }: AcceptedJob, signal: AbortSignal): Promise<void> {
    let state: EnvelopeView['state'] | undefined
    while (!signal.aborted && state !== 'answered' && state !== 'expired') {
      if (this.#lookCount >= LOOKS_AT_ONCE) await sleep(RETRY_MS)
      else state = (await this.look(jobId, state)) ?? state
    }
  }

  /** Looks once; with a state, for as long as it is that one. Undefined when the hub could not be asked. */
  async look(
    jobId: string,
    unless?: EnvelopeView['state'],
  ): Promise<EnvelopeView['state'] | undefined> {
    this.#lookCount += 1
    try {
      const wait = unless === undefined ? {} : { unless, waitSeconds: LOOK_SECONDS }
      const { state, result } = await this.#operator.hub.showEnvelope(jobId, wait)
      const answer = result === null ? null : digestOf(Buffer.from(result))
      this.#history.note({ kind: 'seen', jobId, state, answer })
      return state
    } catch (error) {
      const code = hubRefusalOf(error)?.code
      if (code === 'ERR_ENVELOPE_UNKNOWN') {
        this.#history.note({ kind: 'seen', jobId, state: 'unknown', answer: null })
      }
      await sleep(RETRY_MS)
      return undefined
    } finally {
      this.#lookCount -= 1
    }
  }

  /** Opens and verifies the answer to a job, if it has one. */
  async open({ jobId, agent }: AcceptedJob): Promise<void> {
    if ((await this.look(jobId)) !== 'answered') return
    const { state, refusal } = await this.#operator.answerTo(agent, jobId)
    this.#history.note({ kind: 'answered', jobId, state, reason: refusal?.reason ?? null })
  }

  /** Asks the ledger of an agent for the effects of all jobs that it was sent. */
  async count(agent: KnownAgent, jobIds: readonly string[]): Promise<void> {
    for (let from = 0; from < jobIds.length; from += COUNTS_AT_ONCE) {
      const keys = jobIds.slice(from, from + COUNTS_AT_ONCE)
      const changes = { jobType: 'tally/counts', input: { keys } }
      const { state, output, failure } = await this.#operator.run(agent, changes)
      if (state !== 'done') throw new Error(`a ledger cannot be read: ${state} ${failure?.code}`)
      const { counts } = output as { counts: Record<string, number> }
      for (const [jobId, effectCount] of Object.entries(counts)) {
        this.#history.note({ kind: 'counted', jobId, effectCount })
      }
    }
  }

  #makeJob({ jobType, beforeMs, afterMs, lifeMs }: Order, agent: KnownAgent): Job {
    const job = this.#operator.job(agent, { jobType })
    const input = jobType === 'tally/look' ? {} : { key: job.jobId, beforeMs, afterMs }
    return { ...job, input, expiresAt: instantOf(Date.now() + lifeMs) }
  }
}
