// SPDX-License-Identifier: Apache-2.0
/** One agent under attack: sends it anything, says why it refused, and holds ledger, log and the next job against that. */
import { expect } from '@jest/globals'
import { randomUUIDv7 } from 'node:crypto'
import { readFileSync } from 'node:fs'
import {
  documents,
  encodeBase64url,
  encodeJson,
  instantOf,
  pae,
  type Job,
  type Result,
} from '@sallyport/core/protocol'
import type { Identity } from '@sallyport/core/crypto'
import { auditEvents } from './audit.ts'
import { Field } from './field.ts'
import type { KnownAgent } from './operator.ts'
import { patient } from './patience.ts'

/** Answers waited for at once: the hub holds 64 requests of one person. */
const AT_ONCE = 24
/** Times the next job may be measured: one slow turn of a busy machine says nothing. */
const TRIES = 5

/** What was sent: envelope bytes, and a label where the case wants one of its own. */
export interface Sent {
  readonly bytes: Uint8Array
  readonly label?: string
}

/** An agent with the counting plugin, and what was sent to it. */
export class Target implements AsyncDisposable {
  readonly field: Field
  readonly agent: KnownAgent
  /** Effects that were meant. */
  #expected = 0
  /** Reasons of refusal by label, as the agent answered. */
  readonly #refused = new Map<string, string>()

  constructor(field: Field, agent: KnownAgent) {
    this.field = field
    this.agent = agent
  }

  /** A hub and a running agent. */
  static async open(): Promise<Target> {
    const { field, agent } = await Field.openWithCounter()
    return new Target(field, agent)
  }

  get operator(): Field['operator'] {
    return this.field.operator
  }

  /** A job that would add one under the key `victim`. */
  adding(changes: Partial<Job> = {}): Job {
    return this.operator.job(this.agent, {
      jobType: 'counter/add',
      input: { key: 'victim' },
      ...changes,
    })
  }

  /** Payload bytes that the codec would never write, signed all the same. */
  signRaw(
    payload: Uint8Array,
    by: Identity = this.operator.identity,
    payloadType: string = documents.job.payloadType,
  ): Uint8Array {
    const sig = encodeBase64url(by.signing.sign(pae(payloadType, payload)))
    const signatures = [{ keyid: by.signing.keyId, sig }]
    return encodeJson({ payloadType, payload: encodeBase64url(payload), signatures })
  }

  /** A job whose text was edited before it was signed. */
  signText(edit: (text: string) => string, job: Job = this.adding()): Uint8Array {
    const text = new TextDecoder().decode(encodeJson(job))
    const edited = edit(text)
    if (edited === text) throw new Error('the edit changed nothing')
    return this.signRaw(new TextEncoder().encode(edited))
  }

  /** Sends all and returns the answers in their order. */
  async answers(all: readonly Sent[]): Promise<Result[]> {
    const results: Result[] = []
    for (let from = 0; from < all.length; from += AT_ONCE) {
      results.push(
        ...(await Promise.all(all.slice(from, from + AT_ONCE).map((one) => this.#send(one)))),
      )
    }
    return results
  }

  /** Sends all and returns why each was refused; the state of what was not. */
  async reasons(all: readonly Sent[]): Promise<string[]> {
    return (await this.answers(all)).map(({ state, refusal }) => refusal?.reason ?? state)
  }

  /** Hands a sealed text to the hub as it is; why it was refused. */
  async fateOf(sealed: string): Promise<string> {
    const [envelopeId, expiresAt] = [randomUUIDv7(), instantOf(Date.now() + 60_000)]
    const { agentId } = this.agent
    await this.operator.hub.submitEnvelope({ envelopeId, agentId, sealed, expiresAt })
    const { state, refusal } = await this.#answerTo(envelopeId)
    return refusal?.reason ?? state
  }

  /** All of these are refused for this reason, with no effect, and the agent goes on. */
  async expectRefused(reason: string, all: readonly (Uint8Array | Sent)[]): Promise<void> {
    const sent = all.map((one) => (one instanceof Uint8Array ? { bytes: one } : one))
    const reasons = await this.reasons(sent)
    expect(reasons).toEqual(all.map(() => reason))
    await this.expectUnharmed()
  }

  /** Each is refused for the reason beside it, with no effect, and the agent goes on. */
  async expectEach(cases: Readonly<Record<string, readonly [string, Uint8Array]>>): Promise<void> {
    const names = Object.keys(cases)
    const reasons = await this.reasons(names.map((name) => ({ bytes: cases[name]![1] })))
    const found = Object.fromEntries(names.map((name, at) => [name, reasons[at]]))
    expect(found).toEqual(Object.fromEntries(names.map((name) => [name, cases[name]![0]])))
    await this.expectUnharmed()
  }

  /** So many jobs that add one under `victim` were meant to run, all told. */
  expectEffects(count: number): void {
    this.#expected = count
  }

  /** The ledger has no effect of an attack, and the next valid job is answered within a second. */
  async expectUnharmed(): Promise<void> {
    expect(await this.field.countOf(this.agent, 'victim')).toBe(this.#expected)
    const tookMs: number[] = []
    while (tookMs.length < TRIES && !tookMs.some((ms) => ms < patient(1_000))) {
      const startedMs = performance.now()
      const input = { key: `valid-${randomUUIDv7()}`.slice(0, 48) }
      const result = await this.operator.run(this.agent, { jobType: 'counter/add', input })
      expect(result).toMatchObject({ state: 'done', output: { count: 1 } })
      tookMs.push(performance.now() - startedMs)
    }
    expect(Math.min(...tookMs)).toBeLessThan(patient(1_000))
  }

  /** Every refusal that was answered is in the agent's log, by itself or, in a flood, counted. Ends the agent. */
  async expectOnRecord(): Promise<void> {
    await this.field.end(this.agent.name)
    const entries = auditEvents(this.field.stateDir(this.agent.name))
    const own = new Map<string, number>()
    const counted = new Map<string, number>()
    for (const { event, envelopeId, details } of entries) {
      if (event.endsWith('.refused') && this.#refused.has(envelopeId!)) {
        expect(details['reason']).toBe(this.#refused.get(envelopeId!))
        own.set(envelopeId!, (own.get(envelopeId!) ?? 0) + 1)
      }
      if (event !== 'job.refused-often') continue
      for (const [reason, count] of Object.entries(details['counts'] as Record<string, number>))
        counted.set(reason, (counted.get(reason) ?? 0) + count)
    }
    expect([...own.values()].filter((count) => count !== 1)).toEqual([])
    const uncounted = [...this.#refused].filter(([label]) => !own.has(label))
    const missing = Map.groupBy(uncounted, ([, reason]) => reason)
    expect(Object.fromEntries([...missing].map(([reason, all]) => [reason, all.length]))).toEqual(
      Object.fromEntries(counted),
    )
  }

  /** Memory of a program, the agent's unless another is named. Units: MiB. */
  memory(name: string = this.agent.name): number {
    const { pid } = this.field.program(name)
    const [, kib] = /^VmRSS:\s+([0-9]+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))!
    return Number(kib) / 1_024
  }

  async #send({ bytes, label }: Sent): Promise<Result> {
    const id = await this.operator.submit(this.agent, bytes, label)
    return this.#answerTo(id)
  }

  async #answerTo(label: string): Promise<Result> {
    const result = await this.operator.answerTo(this.agent, label, 60_000)
    if (result.refusal !== undefined) this.#refused.set(label, result.refusal.reason)
    return result
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.field[Symbol.asyncDispose]()
  }
}
