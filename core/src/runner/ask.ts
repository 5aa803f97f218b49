// SPDX-License-Identifier: Apache-2.0
/** Jobs that a run asks for: admit → record → run → record, each as durable as the job at the top. */
import { setImmediate as nextTurn } from 'node:timers/promises'
import { CodedError } from '@sallyport/sdk'
import { MAX_ABOUT, aboutInput, aboutResources } from '../audit/index.ts'
import {
  admitAsked,
  type AdmissionPorts,
  type AskDecision,
  type Reach,
} from '../admission/index.ts'
import { digestOf } from '../crypto/index.ts'
import type { AskedJob, PluginHost, RunOutcome } from '../plugins/ports.ts'
import { encodeJson } from '../protocol/index.ts'
import { HandleTally } from './handle-tally.ts'
import type { Journal, RunRow } from './ports.ts'

/** Jobs of one run that are asked for at the same time. */
const MAX_OPEN = 4

/** Refused questions of one run. Why: each is an entry that is synced to disk. */
const MAX_REFUSED = 16

/** What asking works with. */
export interface AskPorts {
  readonly admission: AdmissionPorts
  readonly host: PluginHost
  readonly journal: Journal
  readonly clock: { now(): number }
  /** A new UUIDv7. */
  readonly makeId: () => string
}

/** The run that asks. */
export interface AskingRun {
  readonly jobId: string
  /** The label of the delivery at the top. */
  readonly envelopeId: string
  readonly reach: Reach
}

type Admitted = Extract<AskDecision, { admitted: true }>
type AuditEvents = Parameters<Journal['audit']>[0]

/** The questions of one run. */
export class Questions {
  readonly #asking: AskingRun
  readonly #ports: AskPorts
  readonly #open = new Set<Promise<unknown>>()
  #refusedCount = 0

  constructor(asking: AskingRun, ports: AskPorts) {
    this.#asking = asking
    this.#ports = ports
  }

  /**
   * Admits and runs a job within the reach of this run; `signal` ends it.
   *
   * Trust: the asked job comes from a plugin. It runs only once its admission is on record.
   * Throws: ERR_LIMIT, and ERR_STORE_… when it cannot be recorded; nothing ran then, or its end is on record after a restart.
   */
  async ask(asked: AskedJob, signal: AbortSignal): Promise<RunOutcome> {
    signal.throwIfAborted()
    if (this.#open.size >= MAX_OPEN) throw limit(`a run may ask for ${MAX_OPEN} jobs at a time`)
    if (this.#refusedCount >= MAX_REFUSED) throw limit('too many of these questions were refused')
    const answering = this.#answer(asked, signal)
    this.#open.add(answering)
    try {
      const outcome = await answering
      if (outcome.state === 'refused') this.#refusedCount += 1
      return outcome
    } finally {
      this.#open.delete(answering)
    }
  }

  /** Resolves when every asked job has ended and whoever asked knows it. Never rejects. */
  async settled(): Promise<void> {
    while (this.#open.size > 0) {
      await Promise.allSettled(this.#open)
      // The use of the handle is reported once the answer has come back to it: after this turn at the latest.
      await nextTurn()
    }
  }

  async #answer(asked: AskedJob, signal: AbortSignal): Promise<RunOutcome> {
    const { admission, makeId } = this.#ports
    const jobId = makeId()
    const decision = admitAsked(asked, this.#asking.reach, admission)
    if (!decision.admitted) {
      const { refusal } = decision
      this.#record(() => [this.#entry('ask.refused', { jobId, asked, details: { ...refusal } })])
      return { state: 'refused', refusal }
    }
    this.#recordAdmitted(jobId, asked, decision)
    return await this.#run(jobId, { asked, decision, signal })
  }

  async #run(
    jobId: string,
    run: { asked: AskedJob; decision: Admitted; signal: AbortSignal },
  ): Promise<RunOutcome> {
    const { asked, decision, signal } = run
    const { envelopeId } = this.#asking
    const tally = new HandleTally()
    const questions = new Questions({ jobId, envelopeId, reach: decision.reach }, this.#ports)
    const outcome = await this.#ports.host.run({
      jobId,
      plugin: decision.plugin,
      jobName: decision.jobName,
      input: asked.input,
      signal,
      onHandle: (event) => tally.add(event),
      ask: (further, ended) => questions.ask(further, ended),
    })
    await questions.settled()
    const event = outcome.state === 'refused' ? 'ask.refused' : 'ask.finished'
    const entry = this.#entry(event, { jobId, asked, details: detailsOf(outcome) })
    this.#record(() => {
      this.#ports.journal.finishRun(jobId, this.#ports.clock.now())
      const about = aboutResources(decision.reach.resources)
      const { name: plugin } = decision.plugin
      const job = { jobId, envelopeId, plugin, ...(about.length > 0 && { about }) }
      return [...tally.events(job), entry]
    })
    return outcome
  }

  /** Why a run of its own: it counts against the rate of its job type, and a crash leaves it on record. */
  #recordAdmitted(jobId: string, asked: AskedJob, decision: Admitted): void {
    const { journal } = this.#ports
    const { effect } = decision.jobManifest
    const details = { effect, plugin: decision.plugin.digest, depth: decision.reach.depth }
    this.#record(() => {
      journal.addRun({
        jobId,
        envelopeId: this.#asking.envelopeId,
        jobType: asked.jobType,
        state: 'intent',
        payload: NO_PAYLOAD,
        receivedAtMs: decision.nowMs,
        acknowledgedAtMs: null,
      })
      return [this.#entry('ask.admitted', { jobId, asked, details })]
    })
  }

  #entry(
    event: 'ask.admitted' | 'ask.finished' | 'ask.refused',
    given: { jobId: string; asked: AskedJob; details: Record<string, unknown> },
  ): AuditEvents[number] {
    const { jobId: askedBy, envelopeId } = this.#asking
    const { jobId, asked, details } = given
    const about = aboutAsked(asked, this.#asking.reach)
    return {
      event,
      jobId,
      envelopeId,
      ...(about.length > 0 && { about }),
      details: { askedBy, jobType: asked.jobType, ...details },
    }
  }

  #record(write: () => AuditEvents): void {
    record(this.#ports, write)
  }
}

/** Why both: a question that reaches too far is about what it asked for, and about whose job asked. */
function aboutAsked({ input }: AskedJob, { resources }: Reach): string[] {
  return [...new Set([...aboutResources(resources), ...aboutInput(input)])].slice(0, MAX_ABOUT)
}

/** An asked job has no signed payload. */
const NO_PAYLOAD = new Uint8Array(0)

/** Whether an open run is one that another run asked for: those alone have no payload before they end. */
export function isAsked(row: RunRow): boolean {
  return row.payload.byteLength === 0
}

/** After a start: an asked job without an outcome is recorded as interrupted. Nobody waits for its answer. */
export function recordLostQuestion(row: RunRow, ports: Pick<AskPorts, 'journal' | 'clock'>): void {
  const { jobId, envelopeId, jobType } = row
  const details = { jobType, state: 'interrupted', code: 'ERR_RUN_INTERRUPTED' }
  record(ports, () => {
    ports.journal.finishRun(jobId, ports.clock.now())
    return [{ event: 'ask.finished', jobId, envelopeId, details }]
  })
}

function record(
  { journal, clock }: Pick<AskPorts, 'journal' | 'clock'>,
  write: () => AuditEvents,
): void {
  const nowMs = clock.now()
  journal.transaction(() => {
    const events = write()
    journal.raiseClock(nowMs)
    journal.audit(events, nowMs)
  })
}

function detailsOf(outcome: RunOutcome): Record<string, unknown> {
  const { state } = outcome
  if (state === 'refused') return { ...outcome.refusal }
  if (state === 'done') return { state, outputDigest: digestOf(encodeJson(outcome.output)) }
  const { code, message } = outcome.failure
  return { state, code, message }
}

function limit(message: string): CodedError {
  return new CodedError('ERR_LIMIT', message)
}
