// SPDX-License-Identifier: Apache-2.0
/** One delivery's way through an agent: open → admit → journal the intent → run → journal the outcome → answer. */
import { CodedError, isCodedError } from '@sallyport/sdk'
import { admit, checkForm, type AdmissionPorts, type Decision } from '../admission/index.ts'
import type { WitnessStore } from '../audit/index.ts'
import type { Identity } from '../crypto/index.ts'
import type { PluginHost } from '../plugins/ports.ts'
import type { Refusal } from '../protocol/index.ts'
import { WIRE, type Delivery } from '../transport/contract.ts'
import type { AnswerReaders } from './answer-readers.ts'
import { isAsked, recordLostQuestion } from './ask.ts'
import { SEALER, flushOutbox, sendAnswer } from './outbox.ts'
import type { BindingPins } from './binding-pins.ts'
import type { Journal, KeptRow, ResultChannel, RunRow, Sealer } from './ports.ts'
import { Recorder, type Receipt } from './recorder.ts'
import { resumeRow } from './resume.ts'
import { runJob } from './run-job.ts'
import { beginScheduled, type DueTime } from './scheduled-run.ts'
import type { AuthorityBook } from './authority-book.ts'
import { RunningJobs, type RunSignals } from './running.ts'
import { Slots } from './slots.ts'
import type { BundleSource } from './taker.ts'
import { TAKERS } from './takers.ts'

/** Jobs that run at the same time unless said otherwise. */
const DEFAULT_CONCURRENT_JOBS = 4
/** Jobs that wait for a slot; more are left to the hub. Why: more than an agent polls for while it works them off. */
const MAX_WAITING_JOBS = 96

/** Everything a runner works with. */
export interface RunnerPorts {
  readonly identity: Identity
  readonly admission: AdmissionPorts
  readonly readers: AnswerReaders
  readonly journal: Journal
  readonly host: PluginHost
  readonly channel: ResultChannel
  /** Unless given, JWE. */
  readonly sealer?: Sealer
  readonly bundles: BundleSource
  /** The bindings that signed pins change. Unless given, nothing is bound. */
  readonly pins?: BindingPins
  /** Where trust roots and policies are kept. Unless given, none is taken. */
  readonly book?: AuthorityBook
  /** Where it is kept how hub and agent stand with each other's logs. Unless given, no word about the hub is taken. */
  readonly witness?: Pick<WitnessStore, 'read' | 'write'>
  readonly clock: { now(): number }
  /** A new UUIDv7. */
  readonly makeId: () => string
  /** Count of jobs that run at the same time. Jobs that runs ask for are not counted. */
  readonly maxConcurrentJobs?: number
  readonly log: RunnerLog
}

/** Where the runner says what happens; each call is one structured line. */
export interface RunnerLog {
  info(fields: Readonly<Record<string, unknown>>, message: string): void
  warn(fields: Readonly<Record<string, unknown>>, message: string): void
}

/** Takes deliveries and gives each exactly one answer, whatever happens in between. */
export class Runner {
  readonly #ports: RunnerPorts
  readonly #recorder: Recorder
  readonly #active = new Set<string>()
  readonly #stop = new AbortController()
  readonly #running = new RunningJobs(this.#stop.signal, (jobId, code) =>
    this.#ports.log.warn({ jobId, code }, 'the end of a run cannot be written; it is tried again'),
  )
  readonly #slots: Slots
  readonly #toResume: RowToResume[] = []

  constructor(ports: RunnerPorts) {
    this.#ports = ports
    this.#slots = new Slots(ports.maxConcurrentJobs ?? DEFAULT_CONCURRENT_JOBS, MAX_WAITING_JOBS)
    this.#recorder = new Recorder(ports)
  }

  /** Count of deliveries in work. */
  get activeCount(): number {
    return this.#active.size
  }

  /**
   * Takes one delivery through to its answer; resolves when the hub holds the answer or the outbox keeps it. A job that
   * finds no slot and no room to wait is left alone; the hub will deliver it again.
   *
   * Trust: the delivery comes from the hub; only the signed bytes inside it steer what follows.
   * Throws: ERR_STORE_… when the journal cannot be written; then nothing ran and the hub will deliver again. What ran is
   * written once the journal can be.
   */
  async receive(delivery: Delivery): Promise<void> {
    const { envelopeId } = delivery
    if (this.#active.has(envelopeId)) return
    this.#active.add(envelopeId)
    try {
      const isKnown = this.#ports.journal.findOutbox(envelopeId) !== undefined
      if (isKnown || (await this.#work(delivery))) await this.#send(envelopeId)
    } finally {
      this.#active.delete(envelopeId)
    }
  }

  /**
   * After a start: runs without an outcome become `interrupted`, except those that kept something; returns how many.
   * Call it before the first delivery, then `resume`.
   */
  recover(): number {
    const rows = this.#ports.journal.openRuns()
    for (const row of rows) {
      if (isAsked(row)) recordLostQuestion(row, this.#ports)
      else if (hasKept(row)) this.#leave(row)
      else this.#recorder.recordInterrupted(row)
    }
    return rows.length - this.#toResume.length
  }

  /**
   * Resumes the runs that kept something; resolves when the hub holds their answers or the outbox keeps them. What cannot
   * be recorded, and what the end of the agent comes before, is left for the next start.
   */
  async resume(): Promise<void> {
    await Promise.all(this.#toResume.splice(0).map((row) => this.#resume(row)))
  }

  /**
   * Runs a schedule for a due time once there is a slot; resolves when its end is on record. The report waits for `flush`,
   * so that reports come in order. Without a slot, nothing is decided.
   *
   * Throws: ERR_STORE_…; then nothing ran.
   */
  async runDue(due: DueTime): Promise<void> {
    await this.#inSlot(async () => {
      const intent = beginScheduled(due, this.#recorder, this.#ports)
      if (intent === undefined) return true
      using running = this.#running.begin(intent.decision.authentic.job.jobId)
      return await runJob(intent, this.#recorder, { ...this.#ports, ...signalsOf(running) })
    })
  }

  /**
   * Writes what the disk did not take, and sends the answers the hub does not hold yet.
   *
   * Throws: the channel's errors; call again later.
   */
  async flush(): Promise<void> {
    this.#recorder.recordFlood()
    this.#running.tryAgain()
    await flushOutbox(this.#ports)
  }

  /**
   * Puts on record what was only counted until now. Call it at the end, once nothing is received any more.
   *
   * Throws: ERR_STORE_….
   */
  settle(): void {
    this.#recorder.recordFlood(true)
  }

  /** Begins no further job; those that wait for a slot are left to the hub. */
  rest(): void {
    this.#slots.close()
  }

  /** Aborts the runs in work; each is answered as interrupted, or left for the next start if it kept something. */
  abort(): void {
    this.#stop.abort()
  }

  /** Says whether there is an answer now. */
  async #work(delivery: Delivery): Promise<boolean> {
    const receivedAtMs = this.#ports.clock.now()
    const started = performance.now()
    const opened = await this.#open(delivery)
    const openMs = performance.now() - started
    const receipt = { envelopeId: delivery.envelopeId, receivedAtMs, openMs }
    if (!opened.ok) {
      this.#recorder.recordRefusal(receipt, unadmitted(opened.refusal))
      return true
    }
    const form = checkForm(opened.bytes)
    const take = form.ok ? TAKERS.get(form.value.payloadType) : undefined
    if (take === undefined) return this.#takeJob(opened.bytes, receipt)
    await take(opened.bytes, receipt, this.#recorder, { ...this.#ports, running: this.#running })
    return true
  }

  /** Why admission comes after the wait: a job is judged by the time, and by what is approved, when it begins. */
  #takeJob(bytes: Uint8Array, receipt: Receipt): Promise<boolean> {
    return this.#inSlot(async () => {
      const started = performance.now()
      const decision = admit({ envelopeId: receipt.envelopeId, bytes }, this.#ports.admission)
      const judged = { ...receipt, admitMs: performance.now() - started }
      if (decision.admitted) {
        const intent = this.#recorder.recordIntent(judged, decision)
        using running = this.#running.begin(decision.authentic.job.jobId)
        // Awaited here: the job counts as running until its outcome is on record.
        return await runJob(intent, this.#recorder, { ...this.#ports, ...signalsOf(running) })
      }
      this.#recorder.recordRefusal(judged, decision)
      return true
    })
  }

  /** Does the work once there is a slot; false when there is none. */
  async #inSlot(work: () => Promise<boolean>): Promise<boolean> {
    if (!(await this.#slots.take())) return false
    try {
      return await work()
    } finally {
      this.#slots.give()
    }
  }

  /** Why it counts as in work from now on: the hub may deliver it again, and its answer is still to come. */
  #leave(row: RowToResume): void {
    this.#active.add(row.envelopeId)
    this.#toResume.push(row)
  }

  async #resume(row: RowToResume): Promise<void> {
    const { envelopeId, jobId } = row
    using running = this.#running.begin(jobId)
    const ports = { ...this.#ports, ...signalsOf(running) }
    try {
      if (!(await this.#inSlot(() => resumeRow(row, this.#recorder, ports)))) return
      this.#active.delete(envelopeId)
      await this.#send(envelopeId)
    } catch (error) {
      if (!isCodedError(error)) throw error
      this.#ports.log.warn({ jobId, code: error.code }, 'run left for the next start')
    }
  }

  async #open(
    delivery: Delivery,
  ): Promise<{ ok: true; bytes: Uint8Array } | { ok: false; refusal: Refusal }> {
    try {
      const { identity, sealer = SEALER } = this.#ports
      const { sealed } = delivery
      return { ok: true, bytes: await sealer.open(sealed, identity.sealing, WIRE.maxSealedBytes) }
    } catch (error) {
      if (!(error instanceof CodedError)) throw error
      return { ok: false, refusal: { reason: 'unsealable', details: { code: error.code } } }
    }
  }

  /** A hub out of reach is no failure of the job: the answer stays in the outbox. */
  async #send(envelopeId: string): Promise<void> {
    try {
      await sendAnswer(envelopeId, this.#ports)
    } catch (error) {
      if (!isCodedError(error)) throw error
      this.#ports.log.warn({ envelopeId, code: error.code }, 'answer kept until the hub is back')
    }
  }
}

function signalsOf({ signal, stopping, again }: RunSignals): RunSignals {
  return { signal, stopping, again }
}

type RowToResume = RunRow & { readonly kept: KeptRow }

function hasKept(row: RunRow): row is RowToResume {
  return row.kept !== null
}

function unadmitted(refusal: Refusal): Extract<Decision, { admitted: false }> {
  return { admitted: false, refusal, checksPassedCount: 0 }
}
