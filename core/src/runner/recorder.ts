// SPDX-License-Identifier: Apache-2.0
/** Every state change of a delivery as one durable transaction: journal, audit log and signed answer together. */
import type { AdmissionPorts, AuthenticJob, Decision } from '../admission/index.ts'
import { aboutInput, aboutResources } from '../audit/index.ts'
import { digestOf, type Identity } from '../crypto/index.ts'
import type { KeptByRun } from '../plugins/ports.ts'
import {
  documents,
  encodeJson,
  instantOf,
  parseDocument,
  resourcesOf,
  type Job,
  type Refusal,
} from '../protocol/index.ts'
import type { AnswerReaders } from './answer-readers.ts'
import { signAnswer, type Answer, type Outcome } from './answer.ts'
import type { HandleTally } from './handle-tally.ts'
import { cutOff } from './outcome.ts'
import { RefusalFlood } from './refusal-flood.ts'
import type { DueRunRow, Journal, RunRow, RefusedTimes } from './ports.ts'

/** Keys that one answer is sealed to. */
const MAX_READERS = 16

type Admitted = Extract<Decision, { admitted: true }>
type Refused = Extract<Decision, { admitted: false }>
type AuditEvents = Parameters<Journal['audit']>[0]
type AuditEvent = AuditEvents[number]['event']

/** What is known of a delivery before any decision. */
export interface Receipt {
  readonly envelopeId: string
  readonly receivedAtMs: number
  readonly openMs: number
  readonly admitMs?: number
  /** Present when nobody sent it: a schedule of this agent is due. */
  readonly due?: Due
}

/** A due time of a schedule. */
export interface Due extends Omit<DueRunRow, 'envelopeId'> {
  /** The name of the schedule. */
  readonly name: string
  /** How its schedule is refused from now on; null unless this time is. */
  readonly refused: RefusedTimes | null
  /** For the audit log. */
  readonly details: Readonly<Record<string, unknown>>
}

/** What of the decision on a job its run needs; after a restart no more is known. */
export type AdmittedRun = Omit<Admitted, 'authentic' | 'admitted' | 'rules' | 'wantedBy'> & {
  /** A run that is resumed after a restart has none: it asks for nothing. */
  readonly wantedBy?: Admitted['wantedBy']
  readonly authentic: Pick<AuthenticJob, 'job' | 'digest'>
}

/** What came between the run and its end. */
export type ResumedAfter = 'restart' | 'crash'

/** A run whose intent is durable. */
export interface Intent {
  readonly receipt: Receipt
  readonly decision: AdmittedRun
  readonly journalMs: number
}

/** What the recorder writes with. */
export interface RecorderPorts {
  readonly identity: Identity
  readonly admission: Pick<AdmissionPorts, 'self'>
  readonly readers: AnswerReaders
  readonly journal: Journal
  readonly clock: { now(): number }
  readonly makeId: () => string
}

/** A document of an operator that was taken. */
export interface Taken {
  /** SHA-256 of its signed payload. */
  readonly digest: string
  readonly readers: readonly string[]
  readonly output: unknown
  readonly event: AuditEvent
  /** For the audit log. */
  readonly details: Readonly<Record<string, unknown>>
  readonly checksPassedCount: number
  /** Changes the journal, within the transaction. */
  readonly write: (nowMs: number) => void
}

/** What the audit log says of a document that was refused. */
export type RefusedEvent = Extract<
  AuditEvent,
  | 'approval.refused'
  | 'cancellation.refused'
  | 'isolation.refused'
  | 'pin.refused'
  | 'policy.refused'
  | 'release.refused'
  | 'restoration.refused'
  | 'revocation.refused'
  | 'schedule.refused'
  | 'trust.refused'
>

/** Writes intents, outcomes, refusals and interruptions. */
export class Recorder {
  readonly #ports: RecorderPorts
  readonly #flood = new RefusalFlood()
  /** The last entry about a refusal: the answers to those that are only counted prove it. */
  #lastRefusal: number | undefined

  constructor(ports: RecorderPorts) {
    this.#ports = ports
  }

  /** Makes the intent durable; only then may the run begin. */
  recordIntent(receipt: Receipt, decision: Admitted): Intent {
    const { journal } = this.#ports
    const started = performance.now()
    const { job, digest, payload, signer, signers } = decision.authentic
    journal.transaction(() => {
      journal.addRun({
        jobId: job.jobId,
        envelopeId: receipt.envelopeId,
        jobType: job.jobType,
        state: 'intent',
        payload,
        // Why not the time of the delivery: it may have waited, and the rate counts what began.
        receivedAtMs: this.#ports.clock.now(),
        acknowledgedAtMs: null,
      })
      this.#audit([
        ...this.#handleDue(receipt),
        {
          event: 'job.admitted',
          ...jobIn(receipt, decision),
          details: {
            jobType: job.jobType,
            jobDigest: digest,
            effect: decision.jobManifest.effect,
            ...(job.step === 'plan' && { step: job.step }),
            signer: signer.keyId,
            signers: signers.map(({ name, role }) => `${role} ${name}`),
            rules: decision.rules.slice(0, 8),
            plugin: decision.plugin.digest,
          },
        },
      ])
    })
    return { receipt, decision, journalMs: performance.now() - started }
  }

  /** Makes what a run keeps durable, in place of what it kept before. */
  recordKept({ decision }: Intent, { plan, value }: KeptByRun): void {
    const { journal } = this.#ports
    const { plugin, authentic } = decision
    const kept = {
      digest: plugin.digest,
      plan: plan === undefined ? null : encodeJson(plan),
      value: encodeJson(value),
    }
    journal.transaction(() => journal.keep(authentic.job.jobId, kept))
  }

  /** Records that a run is taken up again; only then may it be looked after. */
  recordResumed({ receipt, decision }: Intent, after: ResumedAfter): void {
    const details = { after, plugin: decision.plugin.digest }
    this.#ports.journal.transaction(() =>
      this.#audit([{ event: 'run.resumed', ...jobIn(receipt, decision), details }]),
    )
  }

  /** Records what a run used that is left open for the next start. */
  recordLeft({ receipt, decision }: Intent, tally: HandleTally): void {
    const plugin = decision.plugin.name
    const events = tally.events({ ...jobIn(receipt, decision), plugin })
    if (events.length > 0) this.#ports.journal.transaction(() => this.#audit(events))
  }

  /** Records how a run ended, and its answer. */
  recordOutcome(intent: Intent, outcome: Outcome, run: { ms: number; tally: HandleTally }): void {
    const { receipt, decision, journalMs } = intent
    const { job } = decision.authentic
    const { name, version, digest } = decision.plugin
    const inLog = jobIn(receipt, decision)
    const handleEvents = run.tally.events({ ...inLog, plugin: name })
    const answer: Answer = {
      ...this.#answerTo(decision.authentic, receipt, inLog.about),
      outcome,
      plugin: { name, version, digest },
      checksPassedCount: decision.checksPassedCount,
      handlesUsed: run.tally.handles(),
      stepsMs: { ...stepsOf(receipt), journal: journalMs, run: run.ms, record: 0 },
    }
    const events = [...handleEvents, outcomeEvent(inLog, outcome, job.step)]
    this.#ports.journal.transaction(() => {
      this.#ports.journal.finishRun(job.jobId, this.#ports.clock.now())
      this.#putAnswer(answer, events)
    })
  }

  /** Records a refusal and its answer; the id of an authentic job is spent with it. */
  recordRefusal(
    receipt: Receipt,
    decision: Refused,
    event: 'job.refused' | RefusedEvent = 'job.refused',
  ): void {
    const { refusal, authentic, checksPassedCount } = decision
    const inLog = authentic && inputIn(receipt, authentic.job)
    const answer: Answer = {
      ...this.#answerTo(authentic, receipt, inLog?.about),
      outcome: { state: 'refused', refusal: plainRefusal(refusal) },
      checksPassedCount,
      handlesUsed: [],
      stepsMs: { ...stepsOf(receipt), journal: 0, run: 0, record: 0 },
    }
    const entry = {
      event,
      envelopeId: receipt.envelopeId,
      ...(receipt.due && { jobId: receipt.due.jobId }),
      ...inLog,
      details: { ...refusal, signer: authentic?.signer.keyId ?? null },
    }
    if (this.#isRepeatable(receipt, decision, event)) {
      return this.#putRepeatable(answer, entry, refusal.reason)
    }
    this.#ports.journal.transaction(() => {
      if (authentic && spendsId(refusal.reason)) this.#addRefusedRun(authentic, receipt)
      this.#putAnswer(answer, [...this.#handleDue(receipt), entry])
    })
  }

  /** Records that a crash came between intent and outcome. */
  recordInterrupted(row: RunRow, failure = cutOff()): void {
    const job = parseDocument(documents.job, row.payload)
    const outcome: Outcome = { state: 'interrupted', failure }
    const receipt = { envelopeId: row.envelopeId, receivedAtMs: row.receivedAtMs, openMs: 0 }
    const inLog = inputIn(receipt, job)
    const answer: Answer = {
      ...this.#answerTo({ job, digest: digestOf(row.payload) }, receipt, inLog.about),
      outcome,
      checksPassedCount: 0,
      handlesUsed: [],
      stepsMs: { ...stepsOf(receipt), journal: 0, run: 0, record: 0 },
    }
    this.#ports.journal.transaction(() => {
      this.#ports.journal.finishRun(row.jobId, this.#ports.clock.now())
      this.#putAnswer(answer, [outcomeEvent(inLog, outcome)])
    })
  }

  /** Records that a document of an operator was taken, what that changed, and its answer, in one transaction. */
  recordTaken(receipt: Receipt, taken: Taken): void {
    const { journal, clock } = this.#ports
    const answerOf = (): Answer => ({
      ...this.#answerTo(undefined, receipt),
      jobDigest: taken.digest,
      readers: this.#readers(taken.readers),
      outcome: { state: 'done', output: taken.output },
      checksPassedCount: taken.checksPassedCount,
      handlesUsed: [],
      stepsMs: { ...stepsOf(receipt), journal: 0, run: 0, record: 0 },
    })
    const { event, details } = taken
    journal.transaction(() => {
      taken.write(clock.now())
      // Only now: a trust root that was just taken says who may read.
      this.#putAnswer(answerOf(), [{ event, envelopeId: receipt.envelopeId, details }])
    })
  }

  /** Records that a document of an operator was refused, and its answer. */
  recordRefused(receipt: Receipt, refusal: Refusal, event: RefusedEvent): void {
    this.recordRefusal(receipt, { admitted: false, refusal, checksPassedCount: 0 }, event)
  }

  /** Records that a due time gets no run because too many reports wait for the hub: an entry for the first one. */
  recordWithheld({ scheduleId, name, dueAtMs }: Due, count: number): void {
    const { journal } = this.#ports
    const details = { scheduleId, name, why: 'reports_full', since: instantOf(dueAtMs) }
    journal.transaction(() => {
      journal.schedules.handle(scheduleId, dueAtMs)
      journal.schedules.withhold(scheduleId, count)
      if (count === 1) this.#audit([{ event: 'schedule.skipped', details }])
    })
  }

  /** Records how many due times got no run, once there is room again. */
  recordRoom({ scheduleId, name, dueAtMs }: Due, count: number): void {
    const { journal } = this.#ports
    const details = { scheduleId, name, why: 'reports_full', count, until: instantOf(dueAtMs) }
    journal.transaction(() => {
      journal.schedules.withhold(scheduleId, 0)
      this.#audit([{ event: 'schedule.skipped', details }])
    })
  }

  /** Notes that a due time was refused as the ones before it were: nothing but their number is kept. */
  recordRepeated({ scheduleId, dueAtMs }: Due, counted: RefusedTimes): void {
    const { journal, clock } = this.#ports
    journal.transaction(() => {
      journal.raiseClock(clock.now())
      journal.schedules.handle(scheduleId, dueAtMs)
      journal.schedules.keepRefused(scheduleId, counted)
    })
  }

  /** Notes that a due time was decided on, with what is known of its run; returns the entry that says so. */
  #handleDue({ envelopeId, due }: Receipt): AuditEvents {
    if (due === undefined) return []
    const { jobId, scheduleId, name, dueAtMs, digest, refused, details } = due
    const { schedules } = this.#ports.journal
    schedules.addRun({ jobId, envelopeId, scheduleId, dueAtMs, digest })
    schedules.handle(scheduleId, dueAtMs)
    schedules.keepRefused(scheduleId, refused)
    const said = { scheduleId, name, dueAt: instantOf(dueAtMs), ...details }
    return [{ event: 'schedule.due', jobId, envelopeId, details: said }]
  }

  /** Puts what was only counted on record, once its minute is over or the agent ends. */
  recordFlood(isEnd = false): void {
    const due = this.#flood.due(this.#ports.clock.now(), isEnd)
    if (due.length === 0) return
    this.#ports.journal.transaction(() => void this.#audit(due))
    this.#flood.settle()
  }

  /**
   * Whether anyone who can deliver could bring this about as often as they like: nobody vouches for the document, or the
   * id of its job is spent already, or stays unspent.
   */
  #isRepeatable(
    { due }: Receipt,
    { refusal: { reason }, authentic }: Refused,
    event: 'job.refused' | RefusedEvent,
  ): boolean {
    if (due !== undefined) return false
    if (event !== 'job.refused') return REPEATABLE.has(reason)
    if (authentic === undefined || !spendsId(reason)) return true
    return this.#ports.journal.findRun(authentic.job.jobId) !== undefined
  }

  /** Trust: whoever can deliver must not be able to fill the log. */
  #putRepeatable(answer: Answer, entry: AuditEvents[number], reason: string): void {
    this.recordFlood()
    const isOwn = this.#flood.hasOwnEntry(reason, this.#ports.clock.now())
    const index = isOwn ? undefined : this.#lastRefusal
    this.#ports.journal.transaction(() => {
      this.#lastRefusal = this.#putAnswer(answer, index === undefined ? [entry] : [], index)
    })
  }

  #addRefusedRun(authentic: NonNullable<Refused['authentic']>, receipt: Receipt): void {
    const { journal } = this.#ports
    const { job, payload } = authentic
    if (journal.findRun(job.jobId) !== undefined) return
    journal.addRun({
      jobId: job.jobId,
      envelopeId: receipt.envelopeId,
      jobType: job.jobType,
      state: 'refused',
      payload,
      receivedAtMs: receipt.receivedAtMs,
      acknowledgedAtMs: null,
    })
  }

  /** Returns the index of the entry that the answer proves: the last of the new ones, unless there are none. */
  #putAnswer(answer: Answer, events: AuditEvents, before?: number): number {
    const started = performance.now()
    const { journal, admission, identity, clock, makeId } = this.#ports
    const index = this.#audit(events).at(-1) ?? before!
    const proof = journal.prove(index)
    const { siteId, agentId } = admission.self
    const by = { siteId, agentId, identity, resultId: makeId(), nowMs: clock.now() }
    const record = performance.now() - started
    const timed = { ...answer, stepsMs: { ...answer.stepsMs, record } }
    journal.putOutbox({
      envelopeId: answer.envelopeId,
      jobId: answer.jobId,
      signed: signAnswer(timed, proof, by),
      readers: answer.readers,
      sealed: null,
      acknowledgedAtMs: null,
    })
    return index
  }

  #audit(events: AuditEvents): number[] {
    const now = this.#ports.clock.now()
    this.#ports.journal.raiseClock(now)
    return this.#ports.journal.audit(events, now)
  }

  #answerTo(
    authentic: { job: Job; digest: string } | undefined,
    receipt: Receipt,
    about?: readonly string[],
  ): Pick<
    Answer,
    'envelopeId' | 'jobId' | 'jobDigest' | 'jobType' | 'schedule' | 'receivedAtMs' | 'readers'
  > {
    const jobId = authentic?.job.jobId ?? receipt.due?.jobId ?? null
    const due = receipt.due ?? (jobId === null ? undefined : this.#dueRun(jobId, receipt))
    return {
      envelopeId: receipt.envelopeId,
      jobId,
      jobDigest: due?.digest ?? authentic?.digest ?? null,
      jobType: authentic?.job.jobType ?? null,
      ...(due && { schedule: { scheduleId: due.scheduleId, dueAt: instantOf(due.dueAtMs) } }),
      receivedAtMs: receipt.receivedAtMs,
      readers: this.#readers(authentic?.job.readers ?? [], about),
    }
  }

  /** After a restart: what an open run is due for, if it is. */
  #dueRun(jobId: string, { envelopeId }: Receipt): DueRunRow | undefined {
    const due = this.#ports.journal.schedules.findRun(jobId)
    return due?.envelopeId === envelopeId ? due : undefined
  }

  /**
   * Whom the trust root of this agent lets read it, and of those whom the authentic document names the people in that root.
   *
   * Trust: a document is signed by one person, and what an agent answers is not theirs alone to hand on.
   */
  #readers(named: readonly string[], about: readonly string[] = []): string[] {
    const { readers } = this.#ports
    const people = new Set(readers.people())
    const others = named.filter((key) => people.has(key))
    return [...new Set([...readers.of(about), ...others])].slice(0, MAX_READERS)
  }
}

function stepsOf(receipt: Receipt): { open: number; admit: number } {
  return { open: receipt.openMs, admit: receipt.admitMs ?? 0 }
}

/** Reasons for which a document other than a job is refused however often, and by whomever, it is delivered. */
const REPEATABLE: ReadonlySet<Refusal['reason']> = new Set([
  'malformed',
  'duplicate_key',
  'too_large',
  'unknown_key',
  'wrong_role',
  'bad_signature',
  'wrong_audience',
  'not_a_reader',
  'expired',
  'replayed',
  'relabelled',
  'stale_version',
])

/** Why: an id that was refused must not run later, except where the refusal says nothing about the job itself. */
function spendsId(reason: Refusal['reason']): boolean {
  return reason !== 'replayed' && reason !== 'relabelled' && reason !== 'store_unavailable'
}

function plainRefusal(refusal: Refusal): Extract<Outcome, { state: 'refused' }>['refusal'] {
  return refusal as Extract<Outcome, { state: 'refused' }>['refusal']
}

/** What every entry about a job says of it. */
interface JobInLog {
  readonly jobId: string
  readonly envelopeId: string
  readonly about?: readonly string[]
}

/** A job whose type is known: it is about its resources. */
function jobIn({ envelopeId }: Receipt, { authentic, jobManifest }: AdmittedRun): JobInLog {
  const { jobId, input } = authentic.job
  const about = aboutResources(resourcesOf(jobManifest, input))
  return { jobId, envelopeId, ...(about.length > 0 && { about }) }
}

/** A job of which nothing but the signed input is known: it is about what the names of its fields say. */
function inputIn({ envelopeId }: Receipt, { jobId, input }: Job): JobInLog {
  const about = aboutInput(input)
  return { jobId, envelopeId, ...(about.length > 0 && { about }) }
}

function outcomeEvent(
  job: JobInLog,
  outcome: Outcome,
  step: Job['step'] = 'run',
): AuditEvents[number] {
  if (outcome.state === 'done') {
    const { output, verification } = outcome
    const outputDigest = digestOf(encodeJson(output))
    const details = { outputDigest, ...(verification && { verdict: verification.verdict }) }
    return { event: step === 'plan' ? 'job.planned' : 'run.finished', ...job, details }
  }
  if (outcome.state === 'refused') {
    const { reason, details } = outcome.refusal
    return {
      event: 'job.refused',
      ...job,
      details: { reason, ...(reason === 'plan_drifted' && details) },
    }
  }
  const { code, message } = outcome.failure
  const event = outcome.state === 'failed' ? 'run.failed' : 'run.interrupted'
  return { event, ...job, details: { code, message } }
}
