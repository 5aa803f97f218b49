// SPDX-License-Identifier: Apache-2.0
/** The agent's side of the witnessed log: asks for its own head first, then shows what is new and uploads it. */
import {
  encodeIndex,
  encodePart,
  hubSizeOf,
  judgeOwnHead,
  judgeWitness,
  planSegment,
  type AuditEventInput,
  type AuditLog,
  type AuditReader,
  type KnownHub,
  type OwnHeadVerdict,
  type ReadersOf,
  type SegmentPlan,
  type WitnessRow,
  type WitnessStore,
} from '../audit/index.ts'
import type { HighWaterClock } from '../admission/index.ts'
import type { SigningKey } from '../crypto/index.ts'
import { decodeBase64url, encodeBase64url, epochMs, instantOf } from '../protocol/index.ts'
import type { AuditSegment, HubHead, WitnessedHead } from '../transport/contract.ts'
import { hubRefusalOf } from '../transport/faults.ts'
import type { Journal } from './ports.ts'
import type { RunnerLog } from './runner.ts'

/** Clocks may differ by so much: a job of the lost memory may have been issued that far ahead. */
const MAX_SKEW_MS = 30_000

/** How the hub says that a head does not grow from the one it holds. */
const HEAD_REFUSALS: readonly unknown[] = ['ERR_AUDIT_FORK', 'ERR_AUDIT_BEHIND']

/** The routes of the witness. */
export interface WitnessChannel {
  readOwnHead(): Promise<WitnessedHead | null>
  /** Throws: ERR_HUB_REFUSED with ERR_AUDIT_FORK or ERR_AUDIT_BEHIND when the head does not grow from the one held. */
  witnessHead(head: {
    note: string
    oldSize: number
    consistency: string[]
    hubSize: number
  }): Promise<{ head: WitnessedHead; hub: HubHead }>
  /** Returns the index after the last entry that the hub has. Throws: ERR_HUB_REFUSED with ERR_AUDIT_GAP. */
  storeSegment(segment: AuditSegment): Promise<number>
}

/** What witnessing works with. */
export interface WitnessingPorts {
  readonly log: AuditLog
  /** Origin of epoch 0. */
  readonly origin: string
  readonly key: SigningKey
  readonly reader: AuditReader
  readonly store: WitnessStore
  readonly journal: Pick<
    Journal,
    'transaction' | 'audit' | 'raiseClock' | 'isolationWord' | 'putIsolationWord'
  >
  readonly channel: WitnessChannel
  readonly seal: (bytes: Uint8Array, readers: readonly string[]) => Promise<string>
  readonly readersOf: ReadersOf
  readonly clock: HighWaterClock
  readonly logLines: RunnerLog
}

/** Shows heads and uploads segments; one call at a time. */
export class Witnessing {
  readonly #ports: WitnessingPorts

  constructor(ports: WitnessingPorts) {
    this.#ports = ports
  }

  /** Whether there is something that the hub has not witnessed, or not stored. */
  get isBehind(): boolean {
    const { log, store } = this.#ports
    const known = store.read()
    if (known.forkNote !== null && this.#isIsolated()) return false
    if (known.epoch !== log.epoch) return log.size > 0
    return log.size > known.size || known.segmentsTo < known.size
  }

  /**
   * Holds the head that the hub keeps of this agent against its log. Before this nothing is polled.
   *
   * Throws: the channel's errors; ask again later. ERR_AUDIT_BROKEN.
   */
  async checkOwn(): Promise<void> {
    const head = await this.#ports.channel.readOwnHead()
    const known = this.#ports.store.read()
    if (head === null) {
      if (known.size > 0) this.#beginAnew('it has forgotten the head that it witnessed')
      return
    }
    const verdict = this.#judge(head.note)
    if (verdict.kind === 'foreign') {
      return this.#doubt(`it shows a head that this agent did not sign: ${verdict.why}`, head.note)
    }
    if (verdict.kind === 'fits') return this.#keepOwn(head, verdict)
    if (verdict.kind === 'fork') return this.#isolate(head.note, verdict)
    this.#beginEpoch(head.note, verdict)
  }

  /** Shows the newest head and uploads what the hub does not have. Throws: the channel's errors; call again later. */
  async show(): Promise<void> {
    const { log, store, channel } = this.#ports
    if (!this.#maySettleFork()) return
    const known = store.read()
    const oldSize = known.epoch === log.epoch ? known.size : 0
    const proof = log.size > oldSize ? log.growth(oldSize) : undefined
    if (proof !== undefined) {
      const { note, path } = proof
      const hub = hubIn(known)
      const body = { note, oldSize, consistency: path.map(encodeBase64url) }
      const answer = await this.#ask(() =>
        channel.witnessHead({ ...body, hubSize: hubSizeOf(hub) }),
      )
      if (answer === undefined) return
      this.#keep(proof, { epoch: log.epoch, hub }, answer)
    }
    await this.#upload()
  }

  /** Why asked again: only a head with this agent's own signature makes it isolate itself, never the hub's word. */
  async #ask<T>(call: () => Promise<T>): Promise<T | undefined> {
    try {
      return await call()
    } catch (error) {
      if (!HEAD_REFUSALS.includes(hubRefusalOf(error)?.code)) throw error
    }
    const before = this.#ports.store.read()
    const head = await this.#ports.channel.readOwnHead()
    const verdict = head === null ? undefined : this.#judge(head.note)
    if (head === null || verdict === undefined) {
      this.#beginAnew('it has forgotten the head that it witnessed')
    } else if (verdict.kind === 'foreign') {
      this.#doubt('it refuses a head and shows none that would speak against it', head.note)
    } else if (verdict.kind === 'fits') {
      const isNews = verdict.size !== before.size || before.epoch !== this.#ports.log.epoch
      if (isNews && !verdict.isOlder) this.#keepOwn(head, verdict)
      else this.#doubt('it refuses a head that grows from the one it shows', head.note)
    } else this.#isolate(head.note, verdict)
    return undefined
  }

  #judge(note: string): OwnHeadVerdict {
    const { log, origin, key } = this.#ports
    return judgeOwnHead(note, log, { origin, key })
  }

  /** Why the size of the hub: the answer to the head that was shown last may have been lost, or the hub was set back. */
  #keepOwn(head: WitnessedHead, { size, isOlder }: { size: number; isOlder: boolean }): void {
    const { log, store, journal } = this.#ports
    const known = store.read()
    const isSameEpoch = known.epoch === log.epoch
    const why = 'it shows an older head than it had witnessed'
    if (isSameEpoch && isOlder && known.size > 0) return this.#beginAnew(why, head.note)
    if (isOlder || (known.size === size && isSameEpoch)) return
    if (isSameEpoch && size < known.size) this.#doubt(why, head.note)
    const segmentsTo = isSameEpoch ? Math.min(known.segmentsTo, size) : 0
    const witnessedAtMs = epochMs(head.witnessedAt)
    const row = { ...store.read(), size, epoch: log.epoch, witnessedAtMs, segmentsTo }
    journal.transaction(() => store.write(row))
  }

  #keep(
    shown: { readonly note: string; readonly size: number },
    known: { epoch: number; hub: KnownHub | undefined },
    answer: { head: WitnessedHead; hub: HubHead },
  ): void {
    const { store, journal } = this.#ports
    const hub = {
      key: decodeBase64url(answer.hub.key),
      note: answer.hub.note,
      consistency: answer.hub.consistency.map(decodeBase64url),
    }
    // Why asked anew: an operator's word came meanwhile, and this answers to another head than is known now.
    if (store.read().hubNote !== (known.hub?.note ?? null)) return
    const verdict = judgeWitness(shown, known.hub, { note: answer.head.note, hub })
    if (!verdict.ok) this.#doubt(verdict.why, hub.note)
    const before = store.read()
    const row = {
      ...before,
      size: shown.size,
      epoch: known.epoch,
      witnessedAtMs: verdict.ok ? verdict.atMs : before.witnessedAtMs,
      segmentsTo: before.epoch === known.epoch ? before.segmentsTo : 0,
      // Why the new one after a doubt too: what it does next is held against what it says now.
      hubKey: hub.key,
      hubNote: hub.note,
    }
    journal.transaction(() => store.write(row))
  }

  async #upload(): Promise<void> {
    const { reader, readersOf, store, journal } = this.#ports
    for (let known = store.read(); known.segmentsTo < known.size; known = store.read()) {
      const rows = reader.read(known.segmentsTo, known.size)
      const plan = planSegment(rows, readersOf)
      if (plan === undefined) return
      const parts = await Promise.all([
        ...plan.parts.map((part) => this.#seal(encodePart(part), part.readers)),
        ...plan.indexes.map((index) => this.#sealIndex(plan, index)),
      ])
      const { from, to, leafHashes } = plan
      const segment = { from, leafHashes: leafHashes.map(encodeBase64url), parts }
      const stored = await this.#store(segment)
      const isSaid = stored === 0 || (stored > from && stored <= known.size)
      const row = { ...store.read(), segmentsTo: isSaid ? stored : to }
      journal.transaction(() => store.write(row))
    }
  }

  #sealIndex(
    plan: SegmentPlan,
    index: SegmentPlan['indexes'][number],
  ): Promise<{ sealed: string }> {
    const { key, log } = this.#ports
    return this.#seal(encodeIndex(plan, index, { origin: log.origin, key }), [index.reader])
  }

  async #seal(bytes: Uint8Array, readers: readonly string[]): Promise<{ sealed: string }> {
    return { sealed: await this.#ports.seal(bytes, readers) }
  }

  /** Why from the beginning: a hub that lost segments says from where on when it is given the first again. */
  async #store(segment: AuditSegment): Promise<number> {
    try {
      return await this.#ports.channel.storeSegment(segment)
    } catch (error) {
      if (segment.from === 0 || hubRefusalOf(error)?.code !== 'ERR_AUDIT_GAP') throw error
      return 0
    }
  }

  /** The hub has lost what it witnessed: that is on record, and it is shown everything again. */
  #beginAnew(why: string, evidence?: string): void {
    const { store, journal } = this.#ports
    this.#doubt(why, evidence)
    journal.transaction(() => store.write({ ...store.read(), size: 0, segmentsTo: 0 }))
  }

  /** The memory was set back: what came after it is lost, and jobs of that time may have run. */
  #beginEpoch(note: string, lost: { epoch: number; size: number }): void {
    const { log, clock } = this.#ports
    const number = Math.max(log.epoch, lost.epoch) + 1
    const sinceMs = Math.max(clock.now(), clock.highest()) + MAX_SKEW_MS
    const ownSize = log.size
    const setBack = { ownSize, lostSize: lost.size, lostEpoch: lost.epoch, head: note }
    log.continueIn(number, () =>
      this.#record(
        [
          { event: 'audit.set-back', details: setBack },
          { event: 'epoch.begun', details: { epoch: number, since: instantOf(sinceMs) } },
        ],
        ({ store }) => {
          store.beginEpoch({ number, sinceMs, fromSize: ownSize })
          store.write({ ...store.read(), forkNote: null })
        },
      ),
    )
    this.#ports.logLines.warn(
      { epoch: number, ownSize, lostSize: lost.size, since: instantOf(sinceMs) },
      'this agent was set back: its newest entries are lost, and jobs issued before now are refused',
    )
  }

  #isolate(note: string, { size, epoch }: { size: number; epoch: number }): void {
    const { store, logLines } = this.#ports
    if (store.read().forkNote !== null && this.#isIsolated()) return
    const why = `a second log is signed with the key of this agent: its head of ${size} entries is not in this log`
    const details = { isIsolated: true, by: 'agent', why, forkSize: size, forkEpoch: epoch }
    const event = { event: 'isolation.accepted', details: { ...details, head: note } } as const
    this.#record([event], ({ journal }, nowMs) => {
      store.write({ ...store.read(), forkNote: note })
      journal.putIsolationWord({ isIsolated: true, why, issuedAtMs: nowMs, sinceMs: nowMs })
    })
    logLines.warn(details, 'this agent takes no jobs until an operator lifts its isolation')
  }

  /** Whether heads may be shown: not while the fork stands. An operator who lifts it has said which log is the right one. */
  #maySettleFork(): boolean {
    const { forkNote } = this.#ports.store.read()
    if (forkNote === null) return true
    if (this.#isIsolated()) return false
    const verdict = this.#judge(forkNote)
    if (verdict.kind === 'foreign' || verdict.kind === 'fits') return true
    this.#beginEpoch(forkNote, verdict)
    return true
  }

  #isIsolated(): boolean {
    return this.#ports.journal.isolationWord()?.isIsolated === true
  }

  /** Once: what is on record already is not said again. Jobs go on, because none of them rests on the hub's word. */
  #doubt(why: string, evidence?: string): void {
    const known = this.#ports.store.read()
    if (known.doubt !== null) return
    const details = { liar: 'hub', why, known: known.hubNote, shown: evidence ?? null }
    this.#record([{ event: 'hub.doubted', details }], ({ store }, nowMs) =>
      store.write({ ...known, doubt: why, doubtedSinceMs: nowMs }),
    )
    this.#ports.logLines.warn({ why }, 'the hub is not a faithful witness; jobs go on')
  }

  #record(
    events: readonly AuditEventInput[],
    write: (ports: WitnessingPorts, nowMs: number) => void,
  ): void {
    const { journal, clock } = this.#ports
    const nowMs = clock.now()
    journal.transaction(() => {
      write(this.#ports, nowMs)
      journal.raiseClock(nowMs)
      journal.audit(events, nowMs)
    })
  }
}

function hubIn({ hubKey: key, hubNote: note }: WitnessRow): KnownHub | undefined {
  return key === null || note === null ? undefined : { key, note }
}
