// SPDX-License-Identifier: Apache-2.0
/** The journal: runs, answers and the room for them, as the runner uses them. */
import { afterAll, beforeEach, describe, expect, it } from '@jest/globals'
import { verifyAuditLog } from '@sallyport/core/audit'
import type { Journal } from '@sallyport/core/runner'
import { OUTBOX_LIMITS, type SqliteAgentStore } from '@sallyport/core/stores'
import {
  KEY,
  NOW_MS,
  ORIGIN,
  answerOf,
  approvalOf,
  digestOf,
  idOf,
  journalOf,
  openStore,
  removeFolders,
  runOf,
  tamper,
} from './agent-store-fixture.ts'

let store: SqliteAgentStore
let journal: Journal

beforeEach(() => {
  store?.[Symbol.dispose]()
  store = openStore()
  journal = journalOf(store)
})
afterAll(() => {
  store[Symbol.dispose]()
  removeFolders()
})

const write = <T>(work: () => T): T => journal.transaction(work)

describe('runs', () => {
  it('come back as they were added', () => {
    const runs = [runOf(1), runOf(2, { state: 'refused', jobType: 'sensors/host' })]
    write(() => runs.forEach((run) => journal.addRun(run)))
    expect([journal.findRun(idOf(1)), journal.findRun(idOf(2))]).toEqual(runs)
    expect(journal.findRun(idOf(3))).toBeUndefined()
  })

  it.each(['intent', 'finished', 'refused'] as const)('that are %s spend their id', (state) => {
    write(() => journal.addRun(runOf(1, { state })))
    expect(store.runs.has(idOf(1))).toBe(true)
    expect(() => write(() => journal.addRun(runOf(1)))).toThrowCode('ERR_STORE_CONFLICT')
    expect(journal.findRun(idOf(1))?.state).toBe(state)
  })

  it('without an outcome are listed, oldest first, until they have one', () => {
    write(() => [3, 1, 2].forEach((n) => journal.addRun(runOf(n))))
    write(() => journal.finishRun(idOf(2), NOW_MS))
    expect(journal.openRuns().map((run) => run.jobId)).toEqual([idOf(1), idOf(3)])
    expect(journal.findRun(idOf(2))?.state).toBe('finished')
  })

  it('end once, and only if they began', () => {
    write(() => journal.addRun(runOf(1)))
    write(() => journal.addRun(runOf(2, { state: 'refused' })))
    write(() => journal.finishRun(idOf(1), NOW_MS))
    for (const n of [1, 2, 3]) {
      expect(() => write(() => journal.finishRun(idOf(n), NOW_MS))).toThrowCode(
        'ERR_STORE_CONFLICT',
      )
    }
  })

  it('keep one value each, the last one, until they have ended', () => {
    const first = { digest: digestOf(1), plan: Uint8Array.of(2), value: Uint8Array.of(3) }
    const last = { digest: digestOf(1), plan: null, value: Uint8Array.of(4) }
    write(() => [1, 2].forEach((n) => journal.addRun(runOf(n))))
    write(() => journal.keep(idOf(1), first))
    expect(journal.openRuns().map(({ kept }) => kept)).toEqual([first, null])
    write(() => journal.keep(idOf(1), last))
    expect(journal.findRun(idOf(1))?.kept).toEqual(last)
    write(() => journal.finishRun(idOf(1), NOW_MS))
    for (const n of [1, 3]) {
      expect(() => write(() => journal.keep(idOf(n), first))).toThrowCode('ERR_STORE_CONFLICT')
    }
    expect(journal.findRun(idOf(1))?.kept).toEqual(last)
  })

  it('keep no more than a run may', () => {
    const kept = { digest: digestOf(1), plan: null, value: new Uint8Array(16_384) }
    write(() => journal.addRun(runOf(1)))
    write(() => journal.keep(idOf(1), { ...kept, plan: new Uint8Array(65_536) }))
    for (const more of [{ value: new Uint8Array(16_385) }, { plan: new Uint8Array(65_537) }]) {
      const over = { ...kept, ...more }
      expect(() => write(() => journal.keep(idOf(1), over))).toThrowCode('ERR_STORE_WRITE')
    }
  })

  it('count for their rate when they were admitted, since the instant asked for', () => {
    write(() => {
      for (const n of [10, 20, 30]) journal.addRun(runOf(n))
      journal.addRun(runOf(40, { state: 'refused' }))
      journal.addRun(runOf(50, { jobType: 'sensors/host' }))
      journal.finishRun(idOf(30), NOW_MS)
    })
    const since = (ms: number): number => store.runs.admittedSince('sensors/read', NOW_MS + ms)
    expect([since(0), since(20), since(21), since(31)]).toEqual([3, 2, 1, 0])
  })

  it('are not deleted, renamed or reopened, not even by SQL', () => {
    write(() => journal.addRun(runOf(1)))
    write(() => journal.finishRun(idOf(1), NOW_MS))
    for (const [sql, why] of [
      ['DELETE FROM runs', /never deleted/],
      ["UPDATE runs SET job_id = 'x'", /keeps its job id/],
      ["UPDATE runs SET state = 'intent'", /ends once/],
    ] as const) {
      expect(() => tamper(store.path, sql)).toThrow(why)
    }
  })
})

describe('answers', () => {
  it('come back as they were put, oldest first', () => {
    const answers = [answerOf(2), answerOf(1, { jobId: idOf(9), sealed: '{"x":1}' })]
    write(() => answers.forEach((answer) => journal.putOutbox(answer)))
    expect(journal.outbox()).toEqual(answers)
    expect(journal.findOutbox(idOf(1))).toEqual(answers[1])
    expect(journal.findOutbox(idOf(3))).toBeUndefined()
  })

  it('stand: the first to an envelope and its first sealed form', () => {
    write(() => journal.putOutbox(answerOf(1)))
    write(() => journal.putOutbox(answerOf(1, { signed: Uint8Array.of(9) })))
    write(() => journal.setSealed(idOf(1), 'first'))
    write(() => journal.setSealed(idOf(1), 'second'))
    expect(journal.findOutbox(idOf(1))).toEqual(answerOf(1, { sealed: 'first' }))
  })

  it('stay when they are acknowledged, and are not sent again', () => {
    write(() => journal.putOutbox(answerOf(1)))
    write(() => journal.acknowledge(idOf(1), NOW_MS))
    write(() => journal.acknowledge(idOf(1), NOW_MS + 5))
    expect(journal.outbox()).toEqual([])
    expect(journal.findOutbox(idOf(1))?.acknowledgedAtMs).toBe(NOW_MS)
  })

  it('that are acknowledged end the recovery of their run', () => {
    write(() => journal.addRun(runOf(1)))
    const kept = { digest: digestOf(1), plan: Uint8Array.of(1), value: Uint8Array.of(2) }
    write(() => journal.keep(idOf(1), kept))
    write(() => {
      journal.finishRun(idOf(1), NOW_MS)
      journal.putOutbox(answerOf(1, { jobId: idOf(1) }))
    })
    expect(journal.findRun(idOf(1))?.payload).toEqual(runOf(1).payload)
    write(() => journal.acknowledge(idOf(1), NOW_MS + 7))
    expect(journal.findRun(idOf(1))).toMatchObject({
      acknowledgedAtMs: NOW_MS + 7,
      payload: new Uint8Array(),
      kept: null,
    })
  })

  it('to a second delivery of a job say nothing about the answer to the first', () => {
    write(() => journal.addRun(runOf(1)))
    write(() => journal.putOutbox(answerOf(2, { jobId: idOf(1) })))
    write(() => journal.acknowledge(idOf(2), NOW_MS))
    expect(journal.findRun(idOf(1))).toEqual(runOf(1))
    write(() => journal.finishRun(idOf(1), NOW_MS))
    write(() => journal.putOutbox(answerOf(3, { jobId: idOf(1) })))
    write(() => journal.acknowledge(idOf(3), NOW_MS))
    expect(journal.findRun(idOf(1))?.acknowledgedAtMs).toBeNull()
  })

  it('that are unknown cannot be acknowledged or sealed, which is no fault', () => {
    write(() => journal.acknowledge(idOf(1), NOW_MS))
    write(() => journal.setSealed(idOf(1), 'x'))
    expect(journal.outbox()).toEqual([])
  })

  it('larger than an answer can be are refused', () => {
    const signed = new Uint8Array(OUTBOX_LIMITS.maxSignedBytes + 1)
    expect(() => write(() => journal.putOutbox(answerOf(1, { signed })))).toThrowCode(
      'ERR_STORE_WRITE',
    )
  })
})

describe('room for answers', () => {
  /** Fills the outbox up to the last rows that are free. */
  function fill(free: number): void {
    write(() => {
      for (let n = 0; n < OUTBOX_LIMITS.maxPendingRows - free; n += 1) {
        store.outbox.put(answerOf(1_000 + n))
      }
    })
  }

  it('is kept for a run from its beginning', () => {
    fill(1)
    write(() => journal.addRun(runOf(1)))
    expect(() => write(() => journal.addRun(runOf(2)))).toThrowCode('ERR_STORE_FULL')
    expect(() => write(() => journal.putOutbox(answerOf(3)))).toThrowCode('ERR_STORE_FULL')
    write(() => {
      journal.finishRun(idOf(1), NOW_MS)
      journal.putOutbox(answerOf(1, { jobId: idOf(1) }))
    })
    expect(journal.outbox()).toHaveLength(OUTBOX_LIMITS.maxPendingRows)
  })

  it('is not kept for further answers about a run that has ended', () => {
    write(() => journal.addRun(runOf(1)))
    write(() => journal.finishRun(idOf(1), NOW_MS))
    fill(0)
    const replay = answerOf(2, { jobId: idOf(1) })
    expect(() => write(() => journal.putOutbox(replay))).toThrowCode('ERR_STORE_FULL')
  })

  it('comes back with acknowledgements, and refused runs take none', () => {
    fill(0)
    write(() => journal.addRun(runOf(1, { state: 'refused' })))
    expect(() => write(() => journal.addRun(runOf(2)))).toThrowCode('ERR_STORE_FULL')
    write(() => journal.acknowledge(idOf(1_000), NOW_MS))
    write(() => journal.addRun(runOf(2)))
    expect(journal.openRuns()).toHaveLength(1)
  })
})

describe('the audit log of the journal', () => {
  it('commits with what it is about and proves it within the same transaction', () => {
    const proof = write(() => {
      journal.addRun(runOf(1))
      const details = { jobType: 'sensors/read' }
      const event = { event: 'job.admitted', jobId: idOf(1), details } as const
      expect(journal.audit([event, event], NOW_MS)).toEqual([0, 1])
      return journal.prove(1)
    })
    expect(proof).toMatchObject({ index: 1, treeSize: 2 })
    expect(verifyAuditLog(store.audit, ORIGIN, KEY.publicKey)).toMatchObject({ ok: true, size: 2 })
  })
})

describe('the clock and the approvals of the journal', () => {
  it('are those of the store', () => {
    write(() => {
      journal.raiseClock(NOW_MS)
      journal.putBundle(digestOf(1), Uint8Array.of(1))
      journal.putApproval(approvalOf(1, 0), Uint8Array.of(2), NOW_MS)
    })
    expect(store.clock.highest()).toBe(NOW_MS)
    expect(journal.hasBundle(digestOf(1))).toBe(true)
    expect(store.approvals.find('sensors')).toEqual({
      approval: Uint8Array.of(2),
      bundle: Uint8Array.of(1),
    })
  })
})
