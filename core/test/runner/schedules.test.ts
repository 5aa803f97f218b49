// SPDX-License-Identifier: Apache-2.0
/** Schedules over a real journal with a clock that does as it is told: one run for a due time, whatever happens. */
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseAuditEntry, verifyAuditLog } from '../../src/audit/index.ts'
import { digestOf, signDocument } from '../../src/crypto/index.ts'
import type { RunOutcome } from '../../src/plugins/ports.ts'
import {
  documents,
  encodeEnvelope,
  instantOf,
  parseDocument,
  parseEnvelope,
  type Schedule,
  type ScheduleOrder,
} from '../../src/protocol/index.ts'
import { REPORT_LIMITS, Scheduler, type Journal } from '../../src/runner/index.ts'
import { runIdOf } from '../../src/schedules/index.ts'
import {
  agent,
  AGENT_ID,
  makeId,
  makeOrder,
  makePorts,
  MINUTE,
  NOW,
  operator,
  signSchedule,
} from '../support/site.ts'
import { Bench, ORIGIN } from './bench.ts'

const HOUR = 60 * MINUTE
const ID = '01890000-0000-7000-8000-0000000000aa'
let folder: string

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'sallyport-schedules-'))
})

afterEach(() => {
  rmSync(folder, { recursive: true, force: true })
})

/** A bench with a scheduler, whose looks happen when the case says so. */
class Agent extends Bench {
  readonly warnings: string[] = []
  readonly scheduler: Scheduler
  isHeld = false

  constructor(changeJournal?: (journal: Journal) => Journal) {
    super(folder, changeJournal)
    this.scheduler = new Scheduler({
      admission: { self: makePorts().self, clock: this.store.clock },
      journal: this.journal,
      run: (due) => this.runner.runDue(due),
      sleep: async () => {},
      isHeld: () => this.isHeld,
      log: { info() {}, warn: (_fields, message) => void this.warnings.push(message) },
    })
  }

  /** Sets the clock, looks, and waits for what that began; returns how long nothing can be due. */
  async at(ms: number): Promise<number> {
    this.nowMs = ms
    const waitMs = this.scheduler.look()
    await this.scheduler.settled()
    return waitMs
  }

  async take(changes: Partial<Schedule> = {}): Promise<void> {
    await this.deliver(signSchedule({ scheduleId: ID, ...changes }))
  }

  async order(order: ScheduleOrder['order'], changes: Partial<ScheduleOrder> = {}): Promise<void> {
    const given = { scheduleId: ID, order, issuedAt: instantOf(this.nowMs), ...changes }
    await this.deliver(signDocument(documents.scheduleOrder, makeOrder(given), operator.signing))
  }

  /** The due times that ran, as minutes after noon. */
  minutes(): number[] {
    const due = (jobId: string) => Number.parseInt(jobId.replaceAll('-', '').slice(0, 12), 16)
    return this.runs.map(({ jobId }) => (due(jobId) - NOW) / MINUTE)
  }

  /** Details of the entries of an event. */
  details(event: string): Record<string, unknown>[] {
    const rows = [...this.store.audit.read(0, 5_000)]
    return rows
      .map(({ bytes }) => parseAuditEntry(bytes))
      .filter((entry) => entry.event === event)
      .map(({ details }) => details)
  }
}

describe('a schedule that an agent takes', () => {
  it('is answered with its next times, kept, and on record', async () => {
    using one = new Agent()
    await one.take()
    const answer = await one.answerTo(ID)
    expect(answer).toMatchObject({ state: 'done', jobId: null, checksPassedCount: 14 })
    expect(answer.output).toMatchObject({
      name: 'readings',
      effect: 'read',
      next: [10, 20, 30, 40, 50].map((minute) => instantOf(NOW + minute * MINUTE)),
    })
    expect(one.details('schedule.accepted')).toEqual([
      expect.objectContaining({
        scheduleId: ID,
        cron: '*/10 * * * *',
        signers: ['operator ops-1'],
      }),
    ])
    expect(one.store.schedules.list()).toMatchObject([{ scheduleId: ID, handledMs: NOW }])
  })

  it('is refused where one of its name is there, and taken once that was removed', async () => {
    using one = new Agent()
    await one.take()
    const other = signSchedule({ scheduleId: makeId() })
    const refused = await one.answerTo(await one.deliver(other))
    expect(refused).toMatchObject({ state: 'refused', refusal: { reason: 'not_schedulable' } })
    expect(one.events()).toContain('schedule.refused')
    await one.order('remove')
    const again = await one.answerTo(await one.deliver(signSchedule({ scheduleId: makeId() })))
    expect(again.state).toBe('done')
  })

  it('takes the name of one that has ended, and comes again without a change', async () => {
    using one = new Agent()
    await one.take({ expiresAt: instantOf(NOW + HOUR) })
    one.nowMs = NOW + 2 * HOUR
    const issuedAt = instantOf(one.nowMs)
    const other = { scheduleId: makeId(), issuedAt, notBefore: issuedAt }
    const taken = await one.answerTo(await one.deliver(signSchedule(other)))
    expect(taken.state).toBe('done')
    await one.at(NOW + 2 * HOUR + 10 * MINUTE)
    expect(one.minutes()).toEqual([130])
  })

  it('is refused as the 257th, and an order under another label than its own id', async () => {
    using one = new Agent()
    const { expiresAt } = documentIn(signSchedule())
    one.store.transaction(() => {
      for (let n = 0; n < 256; n += 1) {
        const each = { scheduleId: makeId(), name: `schedule-${n}`, expiresAt }
        one.store.schedules.put(each, Uint8Array.of(1), NOW)
      }
    })
    await one.take()
    expect(await one.answerTo(ID)).toMatchObject({ refusal: { reason: 'not_schedulable' } })
    const order = makeOrder({ scheduleId: ID, order: 'remove' })
    const label = await one.deliver(
      signDocument(documents.scheduleOrder, order, operator.signing),
      makeId(),
    )
    expect(await one.answerTo(label)).toMatchObject({ refusal: { reason: 'relabelled' } })
    expect(one.store.schedules.standing(ID)).toBeUndefined()
  })

  it('stays removed when it is sent again, and when the order came before it', async () => {
    using one = new Agent()
    await one.order('remove')
    await one.take()
    expect(await one.answerTo(ID)).toMatchObject({ refusal: { reason: 'not_schedulable' } })
    await one.order('resume', { issuedAt: instantOf(NOW + 20_000) })
    expect(one.store.schedules.standing(ID)).toBe('remove')
  })
})

describe('due times', () => {
  it('run once each, as jobs with their own id, and answer with a report', async () => {
    using one = new Agent()
    const envelope = signSchedule({ scheduleId: ID })
    await one.deliver(envelope)
    for (let minute = 0; minute <= 35; minute += 1) await one.at(NOW + minute * MINUTE)
    expect(one.minutes()).toEqual([10, 20, 30])
    expect(one.runs[0]!.jobId).toBe(runIdOf(ID, AGENT_ID, NOW + 10 * MINUTE))
    await one.runner.flush()
    const [first, , third] = await one.reported()
    const jobDigest = digestOf(parseEnvelope(envelope, 100_000).payload)
    expect(first).toMatchObject({
      jobId: one.runs[0]!.jobId,
      jobDigest,
      jobType: 'sensors/read',
      state: 'done',
      output: { celsius: 41 },
      schedule: { scheduleId: ID, dueAt: instantOf(NOW + 10 * MINUTE) },
    })
    expect(first!.envelopeId).toBe(one.reports[0]!.envelopeId)
    expect(first!.envelopeId).not.toBe(first!.jobId)
    expect(third!.schedule?.dueAt).toBe(instantOf(NOW + 30 * MINUTE))
    expect(one.events().filter((event) => event === 'schedule.due')).toHaveLength(3)
    expect(one.store.schedules.pendingReports()).toEqual({ count: 0, bytes: 0 })
    expect(verifyAuditLog(one.store.audit, ORIGIN, agent.signing.publicKey)).toMatchObject({
      ok: true,
    })
  })

  it('are waited for no longer than until the next one', async () => {
    using one = new Agent()
    expect(await one.at(NOW)).toBe(5_000)
    await one.take()
    expect(await one.at(NOW + 10 * MINUTE - 1_500)).toBe(1_500)
    expect(await one.at(NOW + 10 * MINUTE)).toBe(5_000)
  })

  it('run at most once over restarts and jumps of the clock, back and forth', async () => {
    using one = new Agent()
    await one.take({ catchUp: 'once' })
    await one.at(NOW + 10 * MINUTE)
    one[Symbol.dispose]()
    using two = new Agent()
    for (const minute of [10, 9, 0, 10, 20, 19, 20]) await two.at(NOW + minute * MINUTE)
    expect(two.minutes()).toEqual([20])
    await two.at(NOW + 5 * HOUR)
    await two.at(NOW + 5 * HOUR + MINUTE)
    expect(two.minutes()).toEqual([20, 300])
    two.nowMs = NOW + 5 * HOUR - MINUTE
    for (let minute = 299; minute < 310; minute += 1) await two.at(NOW + minute * MINUTE)
    expect(two.minutes()).toEqual([20, 300])
    await two.at(NOW + 310 * MINUTE)
    expect(two.minutes()).toEqual([20, 300, 310])
  })

  it('have one run even if the note that they were decided on is lost', async () => {
    using one = new Agent()
    await one.take()
    await one.at(NOW + 10 * MINUTE)
    await one.runner.flush()
    const { journal } = one
    const list = () => one.store.schedules.list().map((row) => ({ ...row, handledMs: NOW }))
    using two = new Agent(() => ({ ...journal, schedules: bookWith(one, { list }) }))
    await two.at(NOW + 10 * MINUTE + 1_000)
    expect(two.runs).toEqual([])
    expect(one.details('job.refused')).toEqual([expect.objectContaining({ reason: 'replayed' })])
  })

  it('wait while the clock stands before a time it has shown, which is said once', async () => {
    using one = new Agent()
    await one.take({ catchUp: 'once' })
    await one.at(NOW + 10 * MINUTE)
    for (const minute of [-60, -50, -40]) await one.at(NOW + minute * MINUTE)
    expect(one.warnings).toHaveLength(1)
    expect(one.details('schedule.skipped')).toEqual([
      expect.objectContaining({ why: 'clock_untrusted' }),
    ])
    await one.at(NOW + 20 * MINUTE)
    await one.at(NOW - 60 * MINUTE)
    expect(one.minutes()).toEqual([10, 20])
    expect(one.warnings).toHaveLength(2)
  })

  it('are not decided on, nor passed over, by a clock that is not trusted', async () => {
    using one = new Agent()
    await one.take({ catchUp: 'once' })
    one.store.transaction(() => one.journal.raiseClock(NOW + 60 * MINUTE))
    await one.at(NOW + 30 * MINUTE)
    expect(one.events()).not.toContain('job.refused')
    expect(one.store.schedules.list()).toMatchObject([{ handledMs: NOW }])
    await one.at(NOW + 60 * MINUTE)
    expect(one.minutes()).toEqual([60])
  })

  it('that nobody was there for are passed over, and that is on record', async () => {
    using one = new Agent()
    await one.take({ catchUp: 'skip' })
    await one.at(NOW + 3 * HOUR + 5 * MINUTE)
    expect(one.runs).toEqual([])
    const missed = { count: 18, isMore: false }
    const until = instantOf(NOW + 3 * HOUR)
    expect(one.details('schedule.skipped')).toEqual([
      { scheduleId: ID, name: 'readings', why: 'missed', missed, until },
    ])
    await one.at(NOW + 4 * HOUR)
    expect(one.minutes()).toEqual([240])
    expect(one.details('schedule.skipped')).toHaveLength(2)
  })

  it('that nobody was there for are made up for by one run, which says so', async () => {
    using one = new Agent()
    await one.take({ catchUp: 'once' })
    one[Symbol.dispose]()
    using two = new Agent()
    await two.at(NOW + 3 * HOUR + 5 * MINUTE)
    await two.at(NOW + 3 * HOUR + 6 * MINUTE)
    expect(two.minutes()).toEqual([180])
    expect(two.details('schedule.skipped')).toEqual([])
    expect(two.details('schedule.due')).toEqual([
      expect.objectContaining({ caughtUp: { count: 18, isMore: false } }),
    ])
  })

  it('come while the run before still goes on: then nothing is begun twice', async () => {
    using one = new Agent()
    await one.take({ catchUp: 'once', cron: '* * * * *' })
    let end: (outcome: RunOutcome) => void = () => {}
    one.outcome = () => new Promise((resolve) => (end = resolve))
    one.nowMs = NOW + MINUTE
    one.scheduler.look()
    await new Promise((resolve) => setImmediate(resolve))
    for (const minute of [2, 3, 4]) {
      one.nowMs = NOW + minute * MINUTE
      one.scheduler.look()
    }
    expect(one.minutes()).toEqual([1])
    end({ state: 'done', output: {}, handlesUsed: [] })
    await one.scheduler.settled()
    one.outcome = { state: 'done', output: {}, handlesUsed: [] }
    await one.at(NOW + 4 * MINUTE + 1_000)
    expect(one.minutes()).toEqual([1, 4])
  })

  it('of a paused schedule pass by, and so do those until it is resumed', async () => {
    using one = new Agent()
    await one.take({ catchUp: 'once' })
    await one.order('pause')
    await one.at(NOW + 20 * MINUTE)
    one.nowMs = NOW + 25 * MINUTE
    await one.order('resume')
    await one.at(NOW + 26 * MINUTE)
    expect(one.runs).toEqual([])
    await one.at(NOW + 30 * MINUTE)
    expect(one.minutes()).toEqual([30])
    await one.order('resume', { issuedAt: instantOf(NOW - MINUTE) })
    await one.order('pause', { issuedAt: instantOf(NOW - MINUTE) })
    await one.at(NOW + 40 * MINUTE)
    expect(one.minutes()).toEqual([30, 40])
    await one.order('remove')
    await one.at(NOW + 50 * MINUTE)
    expect(one.minutes()).toEqual([30, 40])
    expect(one.store.schedules.list()).toEqual([])
  })

  it('pass while they are held, and are missed times afterwards', async () => {
    using one = new Agent()
    await one.take()
    one.isHeld = true
    expect(await one.at(NOW + 10 * MINUTE)).toBe(5_000)
    await one.at(NOW + 20 * MINUTE)
    expect([one.minutes(), one.details('schedule.due')]).toEqual([[], []])
    one.isHeld = false
    await one.at(NOW + 25 * MINUTE)
    expect(one.details('schedule.skipped')).toMatchObject([{ why: 'missed', missed: { count: 2 } }])
    await one.at(NOW + 30 * MINUTE)
    expect(one.minutes()).toEqual([30])
  })

  it('do not run when their schedule was paused while they waited for a slot', async () => {
    using one = new Agent()
    await one.take()
    await one.order('pause')
    await one.runner.runDue({ scheduleId: ID, dueAtMs: NOW + 10 * MINUTE, details: {} })
    expect(one.runs).toEqual([])
    expect(one.events()).not.toContain('schedule.due')
  })

  it('are not even refused when they were decided on while they waited for a slot', async () => {
    using one = new Agent()
    await one.take()
    await one.at(NOW + 20 * MINUTE)
    for (const minute of [10, 20]) {
      await one.runner.runDue({ scheduleId: ID, dueAtMs: NOW + minute * MINUTE, details: {} })
    }
    expect(one.minutes()).toEqual([20])
    expect(one.events()).not.toContain('job.refused')
  })

  it('of a schedule that nobody may run any more are refused, each with a report', async () => {
    using one = new Agent()
    await one.take()
    one.store.transaction(() =>
      one.store.standing.putWord({
        isIsolated: true,
        why: 'a case',
        issuedAtMs: NOW,
        sinceMs: NOW,
      }),
    )
    await one.at(NOW + 10 * MINUTE)
    await one.runner.flush()
    expect(one.runs).toEqual([])
    expect(await one.reported()).toMatchObject([
      { state: 'refused', refusal: { reason: 'isolated' }, schedule: { scheduleId: ID } },
    ])
    await one.at(NOW + 10 * MINUTE + 5_000)
    expect(one.events().filter((event) => event === 'job.refused')).toHaveLength(1)
  })

  it('of bytes that were altered on disk are refused, and the report still says for which schedule', async () => {
    using one = new Agent()
    await one.take()
    const envelope = one.store.schedules.envelope(ID)!
    const schedules = bookWith(one, { envelope: () => altered(envelope) })
    using two = new Agent(() => ({ ...one.journal, schedules }))
    await two.at(NOW + 10 * MINUTE)
    await two.runner.flush()
    expect(two.runs).toEqual([])
    expect(await two.reported()).toMatchObject([
      { state: 'refused', schedule: { scheduleId: ID }, jobType: null },
    ])
  })

  it('that a crash came into are answered as interrupted, for the schedule', async () => {
    using one = new Agent()
    await one.take()
    one.outcome = () => new Promise(() => {})
    one.nowMs = NOW + 10 * MINUTE
    one.scheduler.look()
    await new Promise((resolve) => setImmediate(resolve))
    one[Symbol.dispose]()
    using two = new Agent()
    two.nowMs = NOW + 11 * MINUTE
    expect(two.runner.recover()).toBe(1)
    await two.at(NOW + 11 * MINUTE)
    await two.runner.flush()
    expect(two.runs).toEqual([])
    expect(await two.reported()).toMatchObject([
      { state: 'interrupted', schedule: { scheduleId: ID, dueAt: instantOf(NOW + 10 * MINUTE) } },
    ])
  })

  it('are found again when the journal could not be written', async () => {
    let isBroken = false
    using one = new Agent((journal) => ({
      ...journal,
      addRun: (row) => {
        if (isBroken) throw Object.assign(new Error('full'), { code: 'ERR_STORE_FULL' })
        journal.addRun(row)
      },
    }))
    await one.take()
    isBroken = true
    await one.at(NOW + 10 * MINUTE)
    expect(one.runs).toEqual([])
    expect(one.warnings).toHaveLength(1)
    isBroken = false
    await one.at(NOW + 10 * MINUTE + 5_000)
    expect(one.minutes()).toEqual([10])
  })
})

describe('due times that are refused one after the other', () => {
  const isolate = (one: Agent, isIsolated: boolean) =>
    one.store.transaction(() =>
      one.store.standing.putWord({
        isIsolated,
        why: 'a case',
        issuedAtMs: one.nowMs,
        sinceMs: one.nowMs,
      }),
    )
  const refusals = (one: Agent) => one.details('job.refused').map(({ reason }) => reason)

  it('are on record and reported once an hour, with how many there were, until one is not refused', async () => {
    using one = new Agent()
    await one.take({ cron: '* * * * *' })
    isolate(one, true)
    for (let minute = 1; minute <= 130; minute += 1) await one.at(NOW + minute * MINUTE)
    expect(refusals(one)).toEqual(['isolated', 'isolated', 'isolated'])
    await one.runner.flush()
    const due = (await one.reported()).map(({ schedule }) => schedule?.dueAt)
    expect(due).toEqual([1, 61, 121].map((minute) => instantOf(NOW + minute * MINUTE)))
    const before = { reason: 'isolated', count: 59 }
    const [first, second] = one.details('schedule.due')
    expect(first).not.toHaveProperty('refusedBefore')
    expect(second).toMatchObject({ refusedBefore: before })
    expect(one.store.schedules.list()).toMatchObject([
      { handledMs: NOW + 130 * MINUTE, refused: { reason: 'isolated', count: 9 } },
    ])
    isolate(one, false)
    await one.at(NOW + 131 * MINUTE)
    expect(one.minutes()).toEqual([131])
    expect(one.details('schedule.due').at(-1)).toMatchObject({ refusedBefore: { count: 9 } })
    expect(one.store.schedules.list()).toMatchObject([{ refused: null }])
    isolate(one, true)
    await one.at(NOW + 132 * MINUTE)
    expect(refusals(one)).toHaveLength(4)
  })

  it('are counted over a restart, each anew when the reason is another, and run at no later time', async () => {
    using one = new Agent()
    await one.take({ cron: '* * * * *' })
    isolate(one, true)
    await one.at(NOW + MINUTE)
    let isAltered = false
    const envelope = one.store.schedules.envelope(ID)!
    const schedules = bookWith(one, { envelope: () => (isAltered ? altered(envelope) : envelope) })
    using two = new Agent(() => ({ ...one.journal, schedules }))
    await two.at(NOW + 2 * MINUTE)
    expect(refusals(one)).toEqual(['isolated'])
    isAltered = true
    await two.at(NOW + 3 * MINUTE)
    await two.at(NOW + 4 * MINUTE)
    expect(refusals(one)).toEqual(['isolated', 'bad_signature'])
    isAltered = false
    isolate(two, false)
    await two.at(NOW + 4 * MINUTE + 5_000)
    expect(two.runs).toEqual([])
  })

  it('need no room among the reports', async () => {
    using one = new Agent()
    await one.take({ cron: '* * * * *' })
    isolate(one, true)
    await one.at(NOW + MINUTE)
    const full = { count: REPORT_LIMITS.read.count, bytes: 0 }
    const schedules = bookWith(one, { pendingReports: () => full })
    using two = new Agent(() => ({ ...one.journal, schedules }))
    await two.at(NOW + 2 * MINUTE)
    expect(one.store.schedules.list()).toMatchObject([{ withheldCount: 0, refused: { count: 1 } }])
  })
})

describe('reports', () => {
  it('wait while the hub is away and come in order', async () => {
    using one = new Agent()
    await one.take()
    one.isHubAway = true
    for (const minute of [10, 20, 30]) await one.at(NOW + minute * MINUTE)
    await expect(one.runner.flush()).rejects.toThrow('away')
    expect(one.store.schedules.pendingReports().count).toBe(3)
    one.isHubAway = false
    await one.runner.flush()
    const due = (await one.reported()).map(({ schedule }) => schedule?.dueAt)
    expect(due).toEqual([10, 20, 30].map((minute) => instantOf(NOW + minute * MINUTE)))
    await one.runner.flush()
    expect(one.reports).toHaveLength(3)
  })

  it('that the hub does not take keep no answer to a job waiting', async () => {
    using one = new Agent()
    await one.take()
    one.isHubAway = true
    for (const minute of [10, 20]) await one.at(NOW + minute * MINUTE)
    await one.order('pause')
    one.isHubAway = false
    let triedCount = 0
    one.reports.push = () => {
      triedCount += 1
      throw Object.assign(new Error('no room'), { code: 'ERR_HUB_REFUSED' })
    }
    await expect(one.runner.flush()).rejects.toThrow('no room')
    expect(one.store.outbox.pending()).toHaveLength(2)
    expect(triedCount).toBe(1)
  })

  it('fill their room: then what looks does not run, which is said at the beginning and the end', async () => {
    using one = new Agent()
    await one.take()
    const { count, bytes } = REPORT_LIMITS.read
    let pending: { count: number; bytes: number } = { count, bytes: 0 }
    const schedules = bookWith(one, { pendingReports: () => pending })
    using two = new Agent(() => ({ ...one.journal, schedules }))
    for (const minute of [10, 20]) await two.at(NOW + minute * MINUTE)
    pending = { count: 1, bytes }
    await two.at(NOW + 30 * MINUTE)
    expect(two.runs).toEqual([])
    expect(one.store.schedules.list()).toMatchObject([{ withheldCount: 3 }])
    pending = { count: 0, bytes: 0 }
    await two.at(NOW + 40 * MINUTE)
    expect(two.minutes()).toEqual([40])
    expect(one.details('schedule.skipped')).toEqual([
      expect.objectContaining({ why: 'reports_full', since: instantOf(NOW + 10 * MINUTE) }),
      expect.objectContaining({ why: 'reports_full', count: 3 }),
    ])
  })
})

/** The schedules of an agent, with what a case changes about them. */
function bookWith(one: Agent, changes: Partial<Journal['schedules']>): Journal['schedules'] {
  const book = one.store.schedules
  return {
    list: () => book.list(),
    envelope: (id) => book.envelope(id),
    standing: (id) => book.standing(id),
    put: (schedule, envelope, atMs) => book.put(schedule, envelope, atMs),
    order: (order, atMs) => book.order(order, atMs),
    handle: (id, dueAtMs) => book.handle(id, dueAtMs),
    withhold: (id, count) => book.withhold(id, count),
    keepRefused: (id, refused) => book.keepRefused(id, refused),
    addRun: (row) => book.addRun(row),
    findRun: (jobId) => book.findRun(jobId),
    pendingReports: () => book.pendingReports(),
    ...changes,
  }
}

function documentIn(envelope: Uint8Array): Schedule {
  return parseDocument(documents.schedule, parseEnvelope(envelope, 100_000).payload)
}

/** A schedule with another signature. */
function altered(envelope: Uint8Array): Uint8Array {
  const { payloadType, payload, signatures } = parseEnvelope(envelope, 100_000)
  const others = signatures.map(({ keyId, signature }) => ({
    keyId,
    signature: signature.map((byte) => byte ^ 1),
  }))
  return encodeEnvelope({ payloadType, payload, signatures: others })
}
