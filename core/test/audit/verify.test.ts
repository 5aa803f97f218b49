// SPDX-License-Identifier: Apache-2.0
/** Verification names where a log was altered, for every way of altering it, with and without rewritten hashes. */
import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import {
  AuditLog,
  leafHash,
  rootOf,
  signCheckpoint,
  verifyAuditLog,
  type AuditRow,
  type AuditVerdict,
  type VerifyOptions,
} from '@sallyport/core/audit'
import { encodeAuditEntry } from '../../src/audit/entry.ts'
import {
  AT_MS,
  KEY,
  MemoryAuditStore,
  ORIGIN,
  OTHER_KEY,
  eventOf,
  logOf,
} from './memory-audit-store.ts'

const verify = (store: MemoryAuditStore, options?: VerifyOptions): AuditVerdict =>
  verifyAuditLog(store, ORIGIN, KEY.publicKey, options)

/** A row with these bytes and their own hash: what someone writes who knows how the log works. */
function rowOf(index: number, bytes: Uint8Array): AuditRow {
  return { index, bytes, leafHash: leafHash(bytes) }
}

/** The bytes of an entry that never happened. */
function inventedBytes(index: number): Uint8Array {
  return encodeAuditEntry(index, AT_MS, { event: 'run.finished', details: { invented: true } })
}

/** Renumbers the rows from 0, as if nothing were missing or added. */
function renumber(store: MemoryAuditStore): void {
  store.rows = store.rows.map((row, index) => ({ ...row, index }))
}

describe('an untouched log', () => {
  it('verifies, whatever the sizes of its appends', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 12 }), { maxLength: 20 }), (appends) => {
        const { store } = logOf(...appends)
        expect(verify(store)).toEqual({
          ok: true,
          size: store.rows.length,
          root: rootOf(store.leafHashes(0, store.rows.length)),
          checkpointCount: appends.length,
          checkedCount: appends.length,
          setBacks: [],
        })
      }),
      { numRuns: 20 },
    )
  })

  it('verifies with few of its checkpoints checked, and says so', () => {
    const { store } = logOf(1, 1, 1, 1, 1)
    expect(verify(store, { maxCheckpoints: 2 })).toMatchObject({
      ok: true,
      checkpointCount: 5,
      checkedCount: 2,
    })
    expect(verify(store, { maxCheckpoints: 0 })).toMatchObject({ ok: true, checkedCount: 1 })
  })

  it('does not verify under the key or the name of another', () => {
    const { store } = logOf(2, 1)
    const fault = { ok: false, firstBadIndex: 0, notAfter: 1 }
    expect(verifyAuditLog(store, ORIGIN, OTHER_KEY.publicKey)).toMatchObject(fault)
    expect(verifyAuditLog(store, `${ORIGIN}x`, KEY.publicKey)).toMatchObject(fault)
  })
})

describe('an altered log whose kept hashes were left alone', () => {
  it('names exactly the entry of which one byte was edited, for every entry', () => {
    const { store } = logOf(3, 1, 4, 2)
    for (const row of store.rows) {
      const { index, bytes } = row
      const edited = bytes.with(index % bytes.length, bytes[index % bytes.length]! ^ 1)
      store.rows[index] = { ...row, bytes: edited }
      expect(verify(store)).toEqual({
        ok: false,
        firstBadIndex: index,
        notAfter: index,
        why: `entry ${index} does not have the hash that is kept for it`,
      })
      store.rows[index] = row
    }
  })

  it('names exactly the first of several edited entries', () => {
    const { store } = logOf(4, 4)
    for (const index of [6, 2, 3]) {
      store.rows[index] = { ...store.rows[index]!, bytes: inventedBytes(index) }
    }
    expect(verify(store)).toMatchObject({ ok: false, firstBadIndex: 2, notAfter: 2 })
  })

  it('names exactly the entry whose kept hash was edited', () => {
    const { store } = logOf(4, 4)
    store.rows[5] = { ...store.rows[5]!, leafHash: new Uint8Array(32) }
    expect(verify(store)).toMatchObject({ ok: false, firstBadIndex: 5, notAfter: 5 })
    for (const length of [0, 3, 40]) {
      store.rows[5] = { ...store.rows[5], leafHash: new Uint8Array(length) }
      expect(verify(store)).toMatchObject({ ok: false, firstBadIndex: 5, notAfter: 5 })
    }
  })

  it('names exactly the first of two entries whose bytes were swapped', () => {
    const { store } = logOf(2, 3, 3)
    const [a, b] = [store.rows[3]!, store.rows[6]!]
    store.rows[3] = { ...a, bytes: b.bytes }
    store.rows[6] = { ...b, bytes: a.bytes }
    expect(verify(store)).toMatchObject({ ok: false, firstBadIndex: 3, notAfter: 3 })
  })
})

describe('a log altered together with its kept hashes', () => {
  /** With one entry per append each checkpoint covers one entry more, and the place is exact. */
  const exact = (index: number): object => ({ ok: false, firstBadIndex: index, notAfter: index })
  const single = (): MemoryAuditStore => logOf(1, 1, 1, 1, 1, 1).store

  it('names an edited entry', () => {
    const store = single()
    store.rows[3] = rowOf(3, inventedBytes(3))
    expect(verify(store)).toMatchObject({
      ...exact(3),
      why: 'the entries were altered together with the kept hashes',
    })
  })

  it('names a removed entry, renumbered or not', () => {
    const store = single()
    store.rows.splice(2, 1)
    expect(verify(store)).toMatchObject({ ...exact(2), why: 'entry 2 is missing' })
    renumber(store)
    expect(verify(store)).toMatchObject({ ...exact(2), why: 'entry 2 says that it is entry 3' })
  })

  it('names the first entry that stands in another place than its own', () => {
    const store = single()
    store.rows[5] = { ...store.rows[5]!, index: 9 }
    expect(verify(store)).toMatchObject({ ...exact(5), why: 'entry 5 is missing' })
  })

  it('names an inserted entry', () => {
    const store = single()
    store.rows.splice(4, 0, rowOf(4, inventedBytes(4)))
    renumber(store)
    expect(verify(store)).toMatchObject(exact(4))
  })

  it('names a duplicated entry', () => {
    const store = single()
    store.rows.splice(2, 0, store.rows[1]!)
    renumber(store)
    expect(verify(store)).toMatchObject({ ...exact(2), why: 'entry 2 says that it is entry 1' })
  })

  it('names the first of two swapped entries', () => {
    const store = single()
    store.rows[1] = { ...store.rows[4]!, index: 1 }
    store.rows[4] = rowOf(4, inventedBytes(1))
    expect(verify(store)).toMatchObject(exact(1))
  })

  it('names an entry replaced by something that is none', () => {
    const store = single()
    store.rows[2] = rowOf(2, Uint8Array.of(1, 2, 3))
    expect(verify(store)).toMatchObject({ ...exact(2), why: 'entry 2 is not an audit entry' })
  })

  it('names the first entry that was cut off', () => {
    const store = single()
    store.rows.splice(4)
    expect(verify(store)).toMatchObject({ ...exact(4), why: 'entry 4 is missing' })
    store.rows.splice(0)
    expect(verify(store)).toMatchObject({ ...exact(0), why: 'entry 0 is missing' })
  })

  it('names the first entry that was added without a checkpoint', () => {
    const store = single()
    store.rows.push(rowOf(6, inventedBytes(6)))
    expect(verify(store)).toMatchObject({ ...exact(6), why: 'entry 6 is under no checkpoint' })
  })

  it('brackets the entry between two checkpoints where one append had several', () => {
    const { store } = logOf(2, 4, 3)
    store.rows[4] = rowOf(4, inventedBytes(4))
    expect(verify(store)).toMatchObject({ ok: false, firstBadIndex: 2, notAfter: 5 })
  })

  it('brackets up to the first entry that is odd to look at', () => {
    const { store } = logOf(2, 4, 3)
    store.rows.splice(4, 1)
    expect(verify(store)).toMatchObject({ ok: false, firstBadIndex: 2, notAfter: 4 })
  })

  it('never names a bracket without the first altered entry, whatever was altered', () => {
    const scene = fc.record({
      appends: fc.array(fc.integer({ min: 1, max: 5 }), { minLength: 1, maxLength: 8 }),
      places: fc.array(fc.nat(), { minLength: 1, maxLength: 3 }),
      isRewritten: fc.boolean(),
      dropped: fc.array(fc.nat(), { maxLength: 3 }),
    })
    fc.assert(
      fc.property(scene, ({ appends, places, isRewritten, dropped }) => {
        const { store } = logOf(...appends)
        const indices = places.map((place) => place % store.rows.length)
        for (const index of indices) {
          const row = rowOf(index, inventedBytes(index))
          store.rows[index] = isRewritten ? row : { ...store.rows[index]!, bytes: row.bytes }
        }
        for (const place of dropped) {
          const at = place % store.notes.length
          if (at < store.notes.length - 1) store.notes.splice(at, 1)
        }
        const verdict = verify(store, { maxCheckpoints: 1 + (places[0]! % 9) })
        if (verdict.ok) throw new Error('the alteration was not seen')
        const first = Math.min(...indices)
        expect(verdict.firstBadIndex).toBeLessThanOrEqual(first)
        expect(verdict.notAfter).toBeGreaterThanOrEqual(first)
        if (!isRewritten) expect([verdict.firstBadIndex, verdict.notAfter]).toEqual([first, first])
      }),
      { numRuns: 150 },
    )
  })
})

describe('altered checkpoints', () => {
  it('are named by the entries they alone prove', () => {
    const { store } = logOf(2, 3, 1)
    const { note } = store.notes[1]!
    for (const bad of [note.replace('\n5\n', '\n4\n'), `${note}x`, '', note.slice(0, -9)]) {
      store.notes[1] = { size: 5, note: bad }
      expect(verify(store)).toMatchObject({ ok: false, firstBadIndex: 2, notAfter: 4 })
    }
  })

  it('are not believed in the place of another', () => {
    const { store } = logOf(1, 1, 1)
    store.notes[1] = { size: 2, note: store.notes[2]!.note }
    expect(verify(store)).toMatchObject({
      firstBadIndex: 1,
      notAfter: 1,
      why: 'the checkpoint of 2 entries is not to be believed: it is that of 3',
    })
  })

  it('that fit altered entries but are not signed do not move the place', () => {
    const { store } = logOf(1, 1, 1, 1, 1)
    store.rows[1] = rowOf(1, inventedBytes(1))
    for (const size of [2, 3, 4]) {
      const root = rootOf(store.leafHashes(0, size))
      const note = signCheckpoint({ origin: ORIGIN, size, root }, OTHER_KEY)
      store.notes[size - 1] = { size, note }
    }
    for (const maxCheckpoints of [1, 9]) {
      const verdict = verify(store, { maxCheckpoints })
      expect(verdict).toMatchObject({ ok: false, firstBadIndex: 1, notAfter: 1 })
    }
  })

  it('of no entries prove nothing and are named', () => {
    const { store } = logOf(1)
    store.notes.unshift({ size: 0, note: store.notes[0]!.note })
    expect(verify(store)).toMatchObject({ ok: false, firstBadIndex: 0, notAfter: 0 })
  })

  it('that are all gone leave the first entry under none', () => {
    const { store } = logOf(2, 1)
    store.notes = []
    expect(verify(store)).toMatchObject({ ok: false, firstBadIndex: 0, notAfter: 0 })
  })
})

describe('checkpoints known from elsewhere', () => {
  const known = (store: MemoryAuditStore, ...sizes: number[]): string[] =>
    sizes.map((size) => store.notes.find((row) => row.size === size)!.note)

  it('pass when the log contains what they say', () => {
    const { store } = logOf(2, 2, 2)
    const knownCheckpoints = [...known(store, 4, 2), ...known(store, 6)]
    expect(verify(store, { knownCheckpoints })).toMatchObject({ ok: true, checkpointCount: 3 })
    store.notes.splice(0, 2)
    expect(verify(store, { knownCheckpoints })).toMatchObject({ ok: true, checkpointCount: 1 })
  })

  it('tell that a log was cut back to one of its own checkpoints', () => {
    const { store } = logOf(1, 1, 1, 1)
    const knownCheckpoints = known(store, 4)
    store.rows.splice(2)
    store.notes.splice(2)
    expect(verify(store)).toMatchObject({ ok: true, size: 2 })
    expect(verify(store, { knownCheckpoints })).toMatchObject({
      ok: false,
      firstBadIndex: 2,
      notAfter: 2,
      why: 'entry 2 is missing',
    })
  })

  it('tell that everything is gone', () => {
    const knownCheckpoints = known(logOf(3).store, 3)
    const fault = { ok: false, firstBadIndex: 0, notAfter: 0 }
    expect(verify(new MemoryAuditStore(), { knownCheckpoints })).toMatchObject(fault)
  })

  it('tell that a log was set back and went on differently', () => {
    const { store } = logOf(2, 2, 2, 2)
    const knownCheckpoints = known(store, 2, 6)
    store.rows.splice(4)
    store.notes.splice(2)
    new AuditLog(store, ORIGIN, KEY).append([eventOf(70), eventOf(71), eventOf(72)], AT_MS)
    expect(verify(store)).toMatchObject({ ok: true, size: 7 })
    expect(verify(store, { knownCheckpoints })).toMatchObject({
      ok: false,
      firstBadIndex: 2,
      notAfter: 5,
    })
  })

  it('tell that two histories of one length were signed', () => {
    const [one, other] = [logOf(1).store, logOf().store]
    new AuditLog(other, ORIGIN, KEY).append([eventOf(70)], AT_MS)
    const knownCheckpoints = [...known(one, 1), ...known(other, 1)]
    const fault = { ok: false, firstBadIndex: 0, notAfter: 0 }
    expect(verify(one, { knownCheckpoints })).toMatchObject(fault)
  })

  it('must be of this log and signed by its key', () => {
    const { store } = logOf(1)
    const foreign = signCheckpoint({ origin: ORIGIN, size: 1, root: rootOf([]) }, OTHER_KEY)
    for (const note of [foreign, 'nonsense']) {
      expect(() => verify(store, { knownCheckpoints: [note] })).toThrowCode(
        'ERR_CHECKPOINT_UNKNOWN',
      )
    }
  })
})

describe('a log with an entry that the agent signed and that is none', () => {
  it('is what was signed: its bytes are proven, whatever they say', () => {
    const store = new MemoryAuditStore()
    const row = rowOf(0, Uint8Array.of(1))
    const note = signCheckpoint({ origin: ORIGIN, size: 1, root: rootOf([row.leafHash]) }, KEY)
    Object.assign(store, { rows: [row], notes: [{ size: 1, note }] })
    expect(verify(store)).toMatchObject({ ok: true, size: 1 })
  })
})

describe('a log that went on in a new epoch', () => {
  /** Heads at 2 and 4, set back to 2, then on to 5 in epoch 1. */
  function setBack(): { store: MemoryAuditStore; lost: string; kept: string } {
    const { store, log } = logOf(2, 2)
    const [kept, lost] = store.notes.map(({ note }) => note) as [string, string]
    store.rows.splice(2)
    store.notes.splice(1)
    store.saved = undefined
    const restored = new AuditLog(store, ORIGIN, KEY)
    restored.continueIn(1, () => restored.append([eventOf(70), eventOf(71), eventOf(72)], AT_MS))
    expect(log.epoch).toBe(0)
    return { store, lost, kept }
  }

  it('verifies, and says which known head of before lost how much', () => {
    const { store, lost, kept } = setBack()
    expect(verify(store)).toMatchObject({ ok: true, size: 5, setBacks: [] })
    expect(verify(store, { knownCheckpoints: [kept, lost] })).toMatchObject({
      ok: true,
      setBacks: [{ epoch: 0, lostSize: 4, keptSize: 2 }],
    })
  })

  it('is not excused by a checkpoint of a later epoch that nobody signed', () => {
    const { store, lost } = setBack()
    store.notes[1] = { size: 5, note: store.notes[1]!.note.replace('\n5\n', '\n6\n') }
    expect(verify(store, { knownCheckpoints: [lost] }).ok).toBe(false)
  })

  it('has no checkpoint of an earlier epoch after one of a later', () => {
    const { store } = setBack()
    store.rows.push(rowOf(5, inventedBytes(5)))
    const late = signCheckpoint(
      { origin: ORIGIN, size: 6, root: rootOf(store.leafHashes(0, 6)) },
      KEY,
    )
    store.notes.push({ size: 6, note: late })
    expect(verify(store)).toMatchObject({ ok: false, firstBadIndex: 5, notAfter: 5 })
  })
})
