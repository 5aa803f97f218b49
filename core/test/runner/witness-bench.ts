// SPDX-License-Identifier: Apache-2.0
/** An agent's log and a hub in memory that witnesses it, or lies about it as a case wants. */
import { CodedError } from '@sallyport/sdk'
import { copyFileSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import {
  AuditLog,
  HUB_ORIGIN,
  auditOrigin,
  consistencyPath,
  cosignCheckpoint,
  epochIn,
  parseAuditEntry,
  parseCheckpoint,
  rangesOf,
  rootOf,
  leafHash,
  signCheckpoint,
  verifyConsistency,
  type AuditEntry,
  type WitnessRow,
} from '../../src/audit/index.ts'
import { makeSigningKey, seal, signDocument, type SigningKey } from '../../src/crypto/index.ts'
import { decodeBase64url, documents, encodeBase64url, instantOf } from '../../src/protocol/index.ts'
import { Witnessing, type WitnessChannel } from '../../src/runner/index.ts'
import type { Taken } from '../../src/runner/recorder.ts'
import { takeRestoration } from '../../src/runner/restorations.ts'
import type { TakerPorts } from '../../src/runner/taker.ts'
import { makeSqliteJournal, openSqliteAgentStore } from '../../src/stores/index.ts'
import type { AuditSegment, WitnessedHead } from '../../src/transport/contract.ts'
import {
  AGENT_ID,
  agent,
  makePorts,
  makeRestoration,
  operator,
  sealingKeyOf,
  stranger,
} from '../support/site.ts'

export const ORIGIN = auditOrigin(AGENT_ID)
export const NOW = Date.parse('2026-11-22T08:00:00.000Z')
export const MINUTE = 60_000

/** A hub that keeps what the contract says a hub keeps. */
export class WitnessHub implements WitnessChannel {
  head: WitnessedHead | null = null
  readonly all: WitnessedHead[] = []
  /** The last heads of chains that a later epoch ended. */
  readonly older: string[] = []
  segments: AuditSegment[] = []
  isAway = false
  /** Does as asked, and its answer is lost. */
  isDeaf = false
  fault: CodedError | undefined
  readonly lie: { cosign?: boolean; otherHead?: string; ownNote?: string; refuses?: boolean } = {}
  #key: SigningKey = makeSigningKey(new Uint8Array(32).fill(9))
  #own: Uint8Array[] = []

  get size(): number {
    return this.head?.size ?? 0
  }

  get leafHashes(): Uint8Array[] {
    return this.segments.flatMap((segment) => segment.leafHashes.map(decodeBase64url))
  }

  get key(): SigningKey {
    return this.#key
  }

  async readOwnHead(): ReturnType<WitnessChannel['readOwnHead']> {
    if (this.isAway) throw away()
    return this.head
  }

  async witnessHead(
    asked: Parameters<WitnessChannel['witnessHead']>[0],
  ): ReturnType<WitnessChannel['witnessHead']> {
    if (this.isAway) throw away()
    if (this.fault !== undefined) throw this.fault
    if (this.lie.refuses === true) throw refused('ERR_AUDIT_FORK')
    this.#expectGrowth(asked)
    const { size } = parseCheckpoint(asked.note)
    const note = cosignCheckpoint(asked.note, { key: this.#key, atMs: NOW })
    this.head = { size, note, witnessedAt: instantOf(NOW) }
    this.all.push(this.head)
    this.#own.push(leafHash(new TextEncoder().encode(note)))
    if (this.isDeaf) throw away()
    const { cosign = true, otherHead } = this.lie
    const shown = { ...this.head, note: otherHead ?? (cosign ? note : asked.note) }
    return { head: shown, hub: this.#ownHead(asked.hubSize) }
  }

  async storeSegment(segment: AuditSegment): Promise<number> {
    if (this.isAway) throw away()
    const next = this.leafHashes.length
    if (segment.from > next) throw refused('ERR_AUDIT_GAP')
    if (segment.from < next) return next
    this.segments.push(segment)
    return next + segment.leafHashes.length
  }

  /** What it holds now; its own log ends here. */
  backUp(): () => void {
    const { head, segments } = this
    const own = this.#own.length
    return () => {
      Object.assign(this, { head, segments: segments.slice() })
      this.#own.length = own
    }
  }

  /** The head of its own log. */
  ownNote(): string {
    return this.#sign(this.#own)
  }

  /** Its own log loses its entries. */
  forget(): void {
    this.#own = []
    this.#own.length = 0
    this.lie.ownNote = this.#sign([])
  }

  /** Its own log has other entries. */
  rewrite(): void {
    this.#own = this.#own.map(() => leafHash(Uint8Array.of(66)))
  }

  changeKey(): void {
    this.#key = makeSigningKey(new Uint8Array(32).fill(10))
  }

  /** Shows a head that the agent never signed. */
  forgeHead(size: number): void {
    const note = signCheckpoint({ origin: ORIGIN, size, root: rootOf([]) }, stranger.signing)
    this.head = { size, note, witnessedAt: instantOf(NOW) }
  }

  #expectGrowth(asked: { note: string; oldSize: number; consistency: string[] }): void {
    const { origin, size, root } = parseCheckpoint(asked.note)
    const last = this.head === null ? undefined : parseCheckpoint(this.head.note)
    const epoch = epochIn(origin, ORIGIN)!
    if (last !== undefined && epoch > epochIn(last.origin, ORIGIN)!) {
      this.older.push(this.head!.note)
      this.segments = []
      if (asked.oldSize === 0) return
    }
    const [oldSize, oldRoot] = [last?.size ?? 0, last?.root ?? rootOf([])]
    const path = asked.consistency.map(decodeBase64url)
    const claim = { oldSize, oldRoot, newSize: size, newRoot: root, path }
    if (asked.oldSize !== oldSize) throw refused('ERR_AUDIT_BEHIND')
    if (!verifyConsistency(claim)) throw refused('ERR_AUDIT_FORK')
  }

  #ownHead(since: number) {
    const size = this.#own.length
    const from = Math.min(since, size)
    const path = consistencyPath(rangesOf(this.#own), from, size)
    const note = this.lie.ownNote ?? this.#sign(this.#own)
    return {
      key: encodeBase64url(this.#key.publicKey),
      note,
      consistency: path.map(encodeBase64url),
    }
  }

  #sign(leaves: readonly Uint8Array[]): string {
    const head = { origin: HUB_ORIGIN, size: leaves.length, root: rootOf(leaves) }
    return signCheckpoint(head, this.#key)
  }
}

/** An agent that has a log and nothing else. */
export class WitnessBench implements Disposable {
  readonly store
  readonly log: AuditLog
  readonly witnessing: Witnessing
  readonly warnings: string[] = []
  isDiskFull = false
  readonly hub: WitnessHub
  readonly journal

  constructor(
    path: string,
    hub: WitnessHub,
    customersOf = (_about: readonly string[]) => [] as string[],
  ) {
    const clock = { now: () => NOW }
    this.hub = hub
    this.store = openSqliteAgentStore(path, { clock })
    const epoch = this.store.witness.epoch()?.number ?? 0
    this.log = new AuditLog(this.store.audit, ORIGIN, agent.signing, { epoch })
    const journal = makeSqliteJournal(this.store, this.log)
    this.journal = {
      ...journal,
      transaction: <T>(write: () => T): T =>
        journal.transaction(() => {
          const made = write()
          if (this.isDiskFull) throw new CodedError('ERR_STORE_WRITE', 'disk full')
          return made
        }),
    }
    this.witnessing = new Witnessing({
      log: this.log,
      origin: ORIGIN,
      key: agent.signing,
      reader: this.store.audit,
      store: this.store.witness,
      journal: this.journal,
      channel: hub,
      seal,
      readersOf: (about) => [sealingKeyOf(operator), ...customersOf(about)],
      clock: this.store.clock,
      logLines: { info() {}, warn: (_, message) => void this.warnings.push(message) },
    })
  }

  /** Appends so many entries, a few one by one and many at once. */
  note(count: number, what = 'one', about: readonly string[] = []): void {
    const events = Array.from({ length: count }, (_, n) => ({
      event: 'handle.used' as const,
      ...(about.length > 0 && { about }),
      details: { what, n },
    }))
    const appends = count > 20 ? [events] : events.map((event) => [event])
    for (const append of appends) {
      this.journal.transaction(() => this.journal.audit(append, NOW))
    }
  }

  /** Takes an operator's word that the hub was restored and has what it has now. */
  async believe(): Promise<void> {
    const word = makeRestoration({
      hubKey: encodeBase64url(this.hub.key.publicKey),
      hubHead: this.hub.ownNote(),
      issuedAt: instantOf(NOW),
      expiresAt: instantOf(NOW + MINUTE),
    })
    const envelope = signDocument(documents.hubRestoration, word, operator.signing)
    const receipt = { envelopeId: word.restorationId, receivedAtMs: NOW, openMs: 0 }
    const recorder = {
      recordTaken: (_: unknown, { write }: Taken) => this.journal.transaction(() => write(NOW)),
    }
    const admission = makePorts({ clock: { now: () => NOW, highest: () => NOW } })
    await takeRestoration(envelope, receipt, recorder as never, {
      ...({ admission, witness: this.store.witness } as unknown as TakerPorts),
    })
  }

  /** What an operator's word does. */
  lift(): void {
    const word = { isIsolated: false, why: 'this is the right one', issuedAtMs: NOW, sinceMs: NOW }
    this.journal.transaction(() => this.journal.putIsolationWord(word))
  }

  /** Changes the file behind the store's back, with the seat belts of its tables on. */
  run(script: string): void {
    using database = new DatabaseSync(this.store.path, { defensive: false })
    database.exec(script)
  }

  /** The same with the seat belts off. */
  tamper(script: string): void {
    this.run(`DROP TRIGGER audit_entries_stand; DROP TRIGGER audit_archives_stand; ${script}`)
  }

  /** A copy of the database as it stands. */
  copyTo(path: string): string {
    for (const end of ['', '-wal']) copyFileSync(`${this.store.path}${end}`, `${path}${end}`)
    return path
  }

  state(): WitnessRow {
    return this.store.witness.read()
  }

  entries(): AuditEntry[] {
    return [...this.store.audit.read(0, 10_000)].map(({ bytes }) => parseAuditEntry(bytes))
  }

  events(): string[] {
    return this.entries().map(({ event }) => event)
  }

  leafHashes(): Uint8Array[] {
    return this.store.audit.leafHashes(0, 10_000)
  }

  [Symbol.dispose](): void {
    this.store[Symbol.dispose]()
  }
}

function away(): CodedError {
  return new CodedError('ERR_HUB_UNREACHABLE', 'away')
}

function refused(code: string): CodedError {
  const details = { status: 409, code, correlationId: 'x' }
  return new CodedError('ERR_HUB_REFUSED', code, { details })
}
