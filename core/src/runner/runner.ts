// SPDX-License-Identifier: Apache-2.0
/** One delivery's way through an agent: open → admit → journal the intent → run → journal the outcome → answer. */
import { CodedError, isCodedError } from '@sallyport/sdk'
import { admit, checkForm, type AdmissionPorts, type Decision } from '../admission/index.ts'
import { open, type Identity } from '../crypto/index.ts'
import type { PluginHost } from '../plugins/ports.ts'
import { documents, type Refusal } from '../protocol/index.ts'
import { WIRE, type Delivery } from '../transport/contract.ts'
import { acceptApproval, type BundleSource } from './approvals.ts'
import { flushOutbox, sendAnswer } from './outbox.ts'
import type { Journal, ResultChannel } from './ports.ts'
import { Recorder } from './recorder.ts'
import { runJob } from './run-job.ts'

/** Everything a runner works with. */
export interface RunnerPorts {
  readonly identity: Identity
  readonly admission: AdmissionPorts
  readonly operatorReaders: readonly string[]
  readonly journal: Journal
  readonly host: PluginHost
  readonly channel: ResultChannel
  readonly bundles: BundleSource
  readonly clock: { now(): number }
  /** A new UUIDv7. */
  readonly makeId: () => string
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

  constructor(ports: RunnerPorts) {
    this.#ports = ports
    this.#recorder = new Recorder(ports)
  }

  /** Count of deliveries in work. */
  get activeCount(): number {
    return this.#active.size
  }

  /**
   * Takes one delivery through to its answer; resolves when the hub holds the answer or the outbox keeps it.
   *
   * Trust: the delivery comes from the hub; only the signed bytes inside it steer what follows.
   * Throws: ERR_STORE_… when the journal cannot be written; then nothing ran and the hub will deliver again.
   */
  async receive(delivery: Delivery): Promise<void> {
    const { envelopeId } = delivery
    if (this.#active.has(envelopeId)) return
    this.#active.add(envelopeId)
    try {
      const answered = this.#ports.journal.findOutbox(envelopeId) !== undefined
      if (!answered) await this.#work(delivery)
      await this.#send(envelopeId)
    } finally {
      this.#active.delete(envelopeId)
    }
  }

  /** After a start: runs without an outcome become `interrupted`; returns how many. */
  recover(): number {
    const rows = this.#ports.journal.openRuns()
    for (const row of rows) this.#recorder.recordInterrupted(row)
    return rows.length
  }

  /** Sends the answers the hub does not hold yet. Throws: the channel's errors; call again later. */
  async flush(): Promise<void> {
    await flushOutbox(this.#ports)
  }

  /** Aborts the runs in work; each is answered as interrupted. */
  abort(): void {
    this.#stop.abort()
  }

  async #work(delivery: Delivery): Promise<void> {
    const receivedAtMs = this.#ports.clock.now()
    const started = performance.now()
    const opened = await this.#open(delivery)
    const openMs = performance.now() - started
    const receipt = { envelopeId: delivery.envelopeId, receivedAtMs, openMs }
    if (!opened.ok) return this.#recorder.recordRefusal(receipt, unadmitted(opened.refusal))
    const form = checkForm(opened.bytes)
    if (form.ok && form.value.payloadType === documents.approval.payloadType) {
      return acceptApproval(opened.bytes, receipt, this.#recorder, this.#ports)
    }
    const { envelopeId } = delivery
    const decision = admit({ envelopeId, bytes: opened.bytes }, this.#ports.admission)
    const admitMs = performance.now() - started - openMs
    if (!decision.admitted) return this.#recorder.recordRefusal({ ...receipt, admitMs }, decision)
    const intent = this.#recorder.recordIntent({ ...receipt, admitMs }, decision)
    await runJob(intent, this.#recorder, { host: this.#ports.host, signal: this.#stop.signal })
  }

  async #open(
    delivery: Delivery,
  ): Promise<{ ok: true; bytes: Uint8Array } | { ok: false; refusal: Refusal }> {
    try {
      const { sealing } = this.#ports.identity
      return { ok: true, bytes: await open(delivery.sealed, sealing, WIRE.maxSealedBytes) }
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

function unadmitted(refusal: Refusal): Extract<Decision, { admitted: false }> {
  return { admitted: false, refusal, checksPassedCount: 0 }
}
