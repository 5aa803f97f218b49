// SPDX-License-Identifier: Apache-2.0
/** An agent without its processes, for tests of the runner. */
import { CodedError } from '@sallyport/sdk'
import { join } from 'node:path'
import { AuditLog, auditOrigin } from '../../src/audit/index.ts'
import { open, seal } from '../../src/crypto/index.ts'
import type { RunOutcome, RunRequest } from '../../src/plugins/ports.ts'
import { documents, parseDocument, parseEnvelope, type Result } from '../../src/protocol/index.ts'
import {
  Runner,
  type Journal,
  type RunnerPorts,
  type SealedReport,
} from '../../src/runner/index.ts'
import {
  makeSqliteJournal,
  openSqliteAgentStore,
  type SqliteAgentStore,
} from '../../src/stores/index.ts'
import {
  agent,
  AGENT_ID,
  bundle,
  labelOf,
  makeId,
  makePorts,
  NOW,
  operator,
  sealingKeyOf,
} from '../support/site.ts'

export const ORIGIN = auditOrigin(AGENT_ID)
/** What a bench holds until it has accepted something. */
const HELD = makePorts()
/** An agent without its processes: a real journal, a host and a hub that do as they are told. */
export class Bench implements Disposable {
  readonly store: SqliteAgentStore
  readonly sent = new Map<string, string[]>()
  readonly reports: SealedReport[] = []
  readonly runs: RunRequest[] = []
  isHubAway = false
  readonly stopped: { digest: string; code: string }[] = []
  readonly forgiven: string[] = []
  /** What the hub has under any digest; with a map, what it has under each. */
  bundleAtHub: Uint8Array | undefined | ReadonlyMap<string, Uint8Array> = bundle
  nowMs = NOW
  outcome: RunOutcome | ((request: RunRequest) => Promise<RunOutcome>) = {
    state: 'done',
    output: { celsius: 41 },
    handlesUsed: [],
  }
  journal: Journal
  readonly runner: Runner

  constructor(
    folder: string,
    changeJournal: (journal: Journal) => Journal = (journal) => journal,
    changes: Partial<RunnerPorts> = {},
  ) {
    const clock = { now: () => this.nowMs }
    this.store = openSqliteAgentStore(join(folder, 'agent.db'), { clock })
    const log = new AuditLog(this.store.audit, ORIGIN, agent.signing)
    this.journal = changeJournal(makeSqliteJournal(this.store, log))
    this.runner = new Runner({
      identity: agent,
      readers: { of: () => [sealingKeyOf(operator)], people: () => [] },
      admission: makePorts({
        approvals: { find: (name) => this.store.approvals.find(name) ?? HELD.approvals.find(name) },
        revocations: this.store.revocations,
        quarantine: this.store.quarantine,
        replay: this.store.runs,
        rate: this.store.runs,
        standing: this.store.standing,
        cancellations: this.store.cancellations,
        clock: this.store.clock,
      }),
      journal: this.journal,
      host: {
        run: (request) => this.#run(request),
        stop: async (digest, { code }) => void this.stopped.push({ digest, code }),
        forgive: (digest) => void this.forgiven.push(digest),
        counters: () => ({}),
        [Symbol.asyncDispose]: async () => {},
      },
      channel: {
        answer: (id, sealed) => this.#answer(id, sealed),
        report: (report) => this.#report(report),
      },
      bundles: { fetch: async (digest) => this.#fetch(digest) },
      witness: this.store.witness,
      clock,
      makeId,
      log: { info() {}, warn() {} },
      ...changes,
    })
  }

  async deliver(envelope: Uint8Array, envelopeId = labelOf(envelope)): Promise<string> {
    const sealed = await seal(envelope, [sealingKeyOf(agent)])
    await this.runner.receive({ envelopeId, sealed })
    return envelopeId
  }

  /** The answer the hub holds, opened by the operator. */
  async answerTo(envelopeId: string): Promise<Result> {
    const [sealed] = this.sent.get(envelopeId) ?? []
    return this.open(sealed!)
  }

  /** The reports the hub holds, in the order in which it got them. */
  async reported(): Promise<Result[]> {
    return Promise.all(this.reports.map(({ sealed }) => this.open(sealed)))
  }

  /** What the agent sealed for the operator. */
  async open(sealed: string): Promise<Result> {
    const bytes = await open(sealed, operator.sealing, 8_000_000)
    return parseDocument(documents.result, parseEnvelope(bytes, 8_000_000).payload)
  }

  events(): string[] {
    const rows = [...this.store.audit.read(0, 1_000)]
    return rows.map(
      (row) => (JSON.parse(Buffer.from(row.bytes).toString()) as { event: string }).event,
    )
  }

  [Symbol.dispose](): void {
    this.store[Symbol.dispose]()
  }

  #fetch(digest: string): Uint8Array | undefined {
    return this.bundleAtHub instanceof Map
      ? (this.bundleAtHub as ReadonlyMap<string, Uint8Array>).get(digest)
      : (this.bundleAtHub as Uint8Array | undefined)
  }

  async #run(request: RunRequest): Promise<RunOutcome> {
    this.runs.push(request)
    return typeof this.outcome === 'function' ? this.outcome(request) : this.outcome
  }

  async #report(report: SealedReport): Promise<void> {
    if (this.isHubAway) throw new CodedError('ERR_HUB_UNREACHABLE', 'away')
    this.reports.push(report)
  }

  async #answer(envelopeId: string, sealed: string): Promise<void> {
    if (this.isHubAway) throw new CodedError('ERR_HUB_UNREACHABLE', 'away')
    this.sent.set(envelopeId, [...(this.sent.get(envelopeId) ?? []), sealed])
  }
}
