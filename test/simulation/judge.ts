// SPDX-License-Identifier: Apache-2.0
/** Watches a run and says which invariant broke. It shares no code with what it judges but the verifiers of proofs. */
import type { RunRequest } from '@sallyport/core/plugins'
import { epochMs } from '@sallyport/core/protocol'
import { isDeepStrictEqual } from 'node:util'
import { eventOf, highestAtOf } from './entries.ts'
import { AnswerBook, type GivenAnswer, type KnownAnswer } from './answer-book.ts'
import type { Paper } from './papers.ts'
import { START_MS } from './site.ts'
import type { WatchedAgent } from './watched-agent.ts'

/** Clocks of operators and hosts may differ by this. Units: milliseconds. */
const SKEW_MS = 30_000

/** An invariant that broke. */
export interface Violation {
  readonly invariant: string
  readonly what: string
}

/** The judge of one run. */
export class Judge {
  readonly violations: Violation[] = []
  /** What was seen to happen, so that a simulation in which nothing does is found out. */
  readonly reached = new Set<string>()
  /** What people signed, by id. */
  readonly papers = new Map<string, Paper>()
  /** Labels under which the hub ever delivered something else than what was submitted. */
  readonly spoilt = new Set<string>()
  readonly #effects = new Map<string, { count: number; by: string }>()
  readonly #answers: AnswerBook
  readonly #believed = new Map<string, KnownAnswer>()

  /** With `isThorough` it verifies the signatures of all answers. */
  constructor(isThorough: boolean) {
    this.#answers = new AnswerBook((invariant, what) => this.fail(invariant, what), isThorough)
  }

  fail(invariant: string, what: string): void {
    this.violations.push({ invariant, what })
  }

  /** Whether a job had its effect. */
  hasEffect(jobId: string): boolean {
    return this.#effects.has(jobId)
  }

  /** A plugin is about to run a job: all that entitles it must be durable by now. */
  onRun(agent: WatchedAgent, request: RunRequest): void {
    const { jobId, jobName, input, isPlanOnly = false, signedPlan = null, resume } = request
    const paper = this.papers.get(jobId)
    if (paper?.job === undefined) return this.fail('I1', `a run of ${jobId}, which nobody signed`)
    const { document, isRight } = paper.job
    if (resume !== undefined) return void this.reached.add('resumed')
    this.reached.add(`ran ${paper.name.split('/')[0]!}`)
    const say = (invariant: string, why: string): void =>
      this.fail(invariant, `${agent.name} ran ${paper.name}: ${why}`)
    if (!isRight) say('I1', 'it must never run')
    if (document.agentId !== agent.agentId) say('I1', 'it is for another agent')
    if (document.jobType !== `world/${jobName}`) say('I1', `as ${jobName}`)
    if (!isDeepStrictEqual(document.input, input)) say('I1', 'with another input')
    if (isPlanOnly !== (document.step === 'plan')) say('I1', 'as another step')
    if (!isDeepStrictEqual(document.plan, signedPlan)) say('I1', 'by another plan')
    const { content } = agent.disk
    const now = Math.max(agent.now(), highestAtOf(content.entries))
    if (now > START_MS + paper.expiresMs + SKEW_MS) say('I1', 'after its end')
    if (now < START_MS + paper.issuedMs - SKEW_MS) say('I1', 'before its beginning')
    if (content.epochMs > epochMs(document.issuedAt)) say('I2', 'from before its memory was lost')
    const issued = content.approvals.map(({ approval }) => approval.issuedAt)
    const isVoid = (since: string): boolean => issued.every((at) => at <= since)
    if (issued.length === 0) say('I1', 'without an approval')
    if (content.revocations.some(({ issuedAt }) => isVoid(issuedAt))) say('I1', 'though revoked')
    if (content.isolation?.isIsolated) say('I1', 'though isolated')
    if (content.cancellations.some((row) => row.jobId === jobId)) say('I1', 'though cancelled')
    const run = content.runs.get(jobId)
    if (run?.state !== 'intent') say('I4', 'without a durable intent')
    const isOnRecord = content.entries.some((row) => eventOf(row, jobId) === 'job.admitted')
    if (!isOnRecord) say('I4', 'without an entry in the audit log')
  }

  /** The world was changed by a job. */
  onEffect(agent: WatchedAgent, jobId: string): void {
    const count = (this.#effects.get(jobId)?.count ?? 0) + 1
    this.#effects.set(jobId, { count, by: agent.name })
    const name = this.papers.get(jobId)?.name ?? jobId
    if (count > 1) this.fail('I2', `${agent.name}: ${name} took effect ${count} times`)
    if (this.#answers.isRefused(agent, jobId)) {
      this.fail('I3', `${agent.name}: ${name} took effect after its refusal`)
    }
  }

  /** An agent hands an answer to the network. */
  onAnswer(agent: WatchedAgent, envelopeId: string, given: GivenAnswer): void {
    const kept = agent.disk.content.outbox.get(envelopeId)
    if (kept?.sealed !== given.sealed) this.fail('I3', `${agent.name} sent what it had not kept`)
    const answer = this.#answers.take(agent, envelopeId, given)
    if (answer !== undefined) {
      this.reached.add([answer.state, answer.reason ?? ''].join(' ').trim())
    }
    // Why only then: one that lost its memory may say so of whatever it did before.
    const didIt = agent.setBackCount === 0 && this.#effects.get(envelopeId)?.by === agent.name
    const isFalse = didIt && answer?.state === 'refused'
    if (isFalse) this.fail('I3', `${agent.name} refused ${envelopeId}, which took effect`)
    const document = this.papers.get(answer?.jobId ?? '')?.job?.document
    if (answer?.state === 'done' && document?.step === 'run' && !this.hasEffect(envelopeId)) {
      this.fail('I3', `${agent.name} says done of ${envelopeId}, which took no effect`)
    }
  }

  /** Someone was shown an answer to what they submitted. Says whether they believe it. */
  onShown(paper: Paper, sealed: string): boolean {
    const answer = this.#answers.find(sealed)
    if (answer?.envelopeId !== paper.id) return false
    // Why null: what is no job, or not signed by anyone known, is refused without a word on its bytes.
    const isUnknown = answer.jobDigest === null && paper.job?.isRight !== true
    if (answer.jobDigest !== paper.digest && !isUnknown) return false
    const before = this.#believed.get(paper.id)
    this.#believed.set(paper.id, before ?? answer)
    const hasChanged = before !== undefined && before.state !== answer.state
    if (hasChanged && before.setBackCount === answer.setBackCount) {
      this.fail('I3', `${paper.name} was ${before.state} and is ${answer.state}`)
    }
    return true
  }

  /** Once all is healed and quiet. */
  atEnd(agents: readonly WatchedAgent[]): void {
    for (const agent of agents) this.#answers.judgeLog(agent, [...this.#effects.keys()])
    for (const agent of agents) {
      const open = [...agent.disk.content.runs.values()].filter(({ state }) => state === 'intent')
      for (const { jobId } of open) this.fail('I3', `${agent.name} left ${jobId} open`)
    }
  }
}
