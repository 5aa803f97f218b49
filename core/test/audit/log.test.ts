// SPDX-License-Identifier: Apache-2.0
/** The writing side: one checkpoint per append, proofs against it, and no word about a log that was altered. */
import { randomBytes } from 'node:crypto'
import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import {
  AuditLog,
  leafHash,
  parseCheckpoint,
  rootOf,
  verifyAuditLog,
  verifyConsistency,
  verifyInclusion,
} from '@sallyport/core/audit'
import { AuditProof, decodeBase64url } from '@sallyport/core/protocol'
import {
  AT_MS,
  KEY,
  MemoryAuditStore,
  ORIGIN,
  OTHER_KEY,
  eventOf,
  logOf,
} from './memory-audit-store.ts'

/** Whether a proof leads from its entry to its own checkpoint. */
function holds(proof: AuditProof): boolean {
  const { size, root } = parseCheckpoint(proof.checkpoint)
  return verifyInclusion({
    leafHash: leafHash(decodeBase64url(proof.entry)),
    index: proof.index,
    size: proof.treeSize,
    path: proof.path.map(decodeBase64url),
    root: size === proof.treeSize ? root : new Uint8Array(32),
  })
}

/** A log over the same store, as after a restart. */
const reopened = (store: MemoryAuditStore): AuditLog => new AuditLog(store, ORIGIN, KEY)

describe('appending', () => {
  it('numbers the entries without gaps and signs one checkpoint over all of them', () => {
    const { store, log } = logOf(2, 1)
    const entries = log.append([eventOf(3), eventOf(4)], AT_MS)
    expect(entries.map((entry) => entry.index)).toEqual([3, 4])
    expect(store.rows.map((row) => row.index)).toEqual([0, 1, 2, 3, 4])
    expect(store.notes.map((row) => row.size)).toEqual([2, 3, 5])
    const { size, root } = parseCheckpoint(store.notes[2]!.note)
    expect([size, root]).toEqual([5, rootOf(store.leafHashes(0, 5))])
  })

  it('returns the entries as they were recorded', () => {
    const { log } = logOf()
    expect(log.append([eventOf(7)], AT_MS)).toEqual([
      { index: 0, at: '2026-11-22T08:00:00.000Z', event: 'handle.used', details: { n: 7 } },
    ])
  })

  it('of nothing signs nothing', () => {
    const { store, log } = logOf(1)
    expect(log.append([], AT_MS)).toEqual([])
    expect(store.notes).toHaveLength(1)
  })

  it('goes on after a restart where the log ended', () => {
    const { store } = logOf(3, 2)
    reopened(store).append([eventOf(5)], AT_MS)
    expect(verifyAuditLog(store, ORIGIN, KEY.publicKey)).toMatchObject({ ok: true, size: 6 })
  })

  it.each([
    ['lost', undefined],
    ['damaged', Uint8Array.of(1, 2, 3)],
    ['of another log', new Uint8Array(8)],
  ])('goes on after a restart whose saved frontier is %s', (_, saved) => {
    const { store } = logOf(3, 2)
    store.saved = saved
    reopened(store).append([eventOf(5)], AT_MS)
    expect(verifyAuditLog(store, ORIGIN, KEY.publicKey)).toMatchObject({ ok: true, size: 6 })
  })

  it('goes on after transactions that were rolled back', () => {
    const { store, log } = logOf(2)
    const keep = { rows: [...store.rows], notes: [...store.notes], saved: store.saved }
    const rollBack = (): unknown =>
      Object.assign(store, { ...keep, rows: [...keep.rows], notes: [...keep.notes] })
    log.append([eventOf(90), eventOf(91)], AT_MS)
    rollBack()
    log.append([eventOf(92)], AT_MS)
    log.append([eventOf(93)], AT_MS)
    rollBack()
    log.append([eventOf(2)], AT_MS)
    expect(holds(log.prove(2))).toBe(true)
    expect(verifyAuditLog(store, ORIGIN, KEY.publicKey)).toMatchObject({ ok: true, size: 3 })
  })

  it('lets an accident of its store through', () => {
    const { store } = logOf(1)
    store.frontier = () => 7 as unknown as Uint8Array
    expect(() => reopened(store).append([eventOf(1)], AT_MS)).toThrow(TypeError)
  })
})

describe('a log that was altered while the agent was away', () => {
  const alterations: [string, (store: MemoryAuditStore) => void][] = [
    ['lost its last entry', (store) => store.rows.pop()],
    ['lost its last checkpoint', (store) => store.notes.pop()],
    ['lost all its checkpoints', (store) => store.notes.splice(0)],
    [
      'has a checkpoint by another key',
      (store) => {
        const other = new MemoryAuditStore()
        const forger = new AuditLog(other, ORIGIN, OTHER_KEY)
        forger.append([eventOf(0), eventOf(1), eventOf(2)], AT_MS)
        store.notes[1] = other.notes[0]!
      },
    ],
    [
      'has other hashes and no frontier',
      (store) => {
        store.saved = undefined
        store.rows[1] = { ...store.rows[1]!, leafHash: new Uint8Array(32) }
      },
    ],
  ]

  it.each(alterations)('is not continued when it %s', (_, alter) => {
    const { store } = logOf(2, 1)
    alter(store)
    const log = reopened(store)
    expect(() => log.append([eventOf(3)], AT_MS)).toThrowCode('ERR_AUDIT_BROKEN')
    expect(() => log.prove(0)).toThrowCode('ERR_AUDIT_BROKEN')
  })

  it('is continued on its true history when the frontier survived', () => {
    const { store } = logOf(2, 1)
    store.rows[1] = { ...store.rows[1]!, bytes: Uint8Array.of(1) }
    reopened(store).append([eventOf(3)], AT_MS)
    const verdict = verifyAuditLog(store, ORIGIN, KEY.publicKey)
    expect(verdict).toMatchObject({ ok: false, firstBadIndex: 1, notAfter: 1 })
  })
})

describe('proving', () => {
  it('leads from every entry to the newest checkpoint, before and after a restart', () => {
    const sizes = fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 24 })
    fc.assert(
      fc.property(sizes, (appends) => {
        const { store, log } = logOf(...appends)
        for (const prover of [log, reopened(store)]) {
          for (const { index } of store.rows) {
            const proof = prover.prove(index)
            expect(AuditProof.parse(proof)).toEqual(proof)
            expect([proof.treeSize, holds(proof)]).toEqual([store.rows.length, true])
          }
        }
      }),
      { numRuns: 15 },
    )
  })

  it('of the newest entry reads no old hashes', () => {
    const { store, log } = logOf(...Array.from({ length: 64 }, () => 1))
    const asked: number[] = []
    store.leafHashes = (from, to) => {
      asked.push(to - from)
      return MemoryAuditStore.prototype.leafHashes.call(store, from, to)
    }
    expect(holds(log.prove(63))).toBe(true)
    expect(asked).toEqual([])
  })

  it('is refused for an index outside the log', () => {
    const { log } = logOf(2)
    expect(() => log.prove(2)).toThrow(RangeError)
    expect(() => logOf().log.prove(0)).toThrow(RangeError)
  })

  it('is refused for an entry that is not what was signed', () => {
    const { store, log } = logOf(3)
    store.rows[1] = { ...store.rows[1]!, bytes: store.rows[0]!.bytes }
    expect(() => log.prove(1)).toThrowCode('ERR_AUDIT_BROKEN')
    store.rows.splice(1, 1)
    expect(() => log.prove(1)).toThrowCode('ERR_AUDIT_BROKEN')
  })

  it('is refused when the checkpoint vanished meanwhile', () => {
    const { store, log } = logOf(2)
    store.notes.pop()
    expect(() => log.prove(1)).toThrowCode('ERR_AUDIT_BROKEN')
  })
})

describe('growth', () => {
  it('is proved from every earlier size, before and after a restart', () => {
    const { store, log } = logOf(3, 1, 5, 2, 1, 1, 4)
    for (const prover of [log, reopened(store)]) {
      for (let oldSize = 0; oldSize <= 17; oldSize += 1) {
        const proof = prover.growth(oldSize)!
        expect(proof.oldRoot).toEqual(rootOf(store.leafHashes(0, oldSize)))
        expect(parseCheckpoint(proof.note)).toMatchObject({ size: 17, root: proof.root })
        expect(verifyConsistency({ ...proof, newSize: proof.size, newRoot: proof.root })).toBe(true)
      }
    }
  })

  it('from the head that was shown last reads only the hashes since then', () => {
    const { store, log } = logOf(...Array.from({ length: 37 }, () => 1))
    log.growth(0)
    log.append([eventOf(90), eventOf(91)], AT_MS)
    log.append([eventOf(92)], AT_MS)
    const asked: number[] = []
    store.leafHashes = (from, to) => {
      asked.push(from)
      return MemoryAuditStore.prototype.leafHashes.call(store, from, to)
    }
    expect(log.growth(37)).toMatchObject({ oldSize: 37, size: 40 })
    expect(Math.min(...asked)).toBeGreaterThanOrEqual(37)
  })

  it('leaves the root of every earlier size known', () => {
    const { store, log } = logOf(2, 3)
    for (const size of [0, 1, 2, 3, 5]) {
      expect(log.rootAt(size)).toEqual(rootOf(store.leafHashes(0, size)))
    }
    expect(() => log.rootAt(6)).toThrow(RangeError)
  })

  it('of an empty log is nothing; from beyond the log there is none', () => {
    expect(logOf().log.growth(0)).toBeUndefined()
    expect(() => logOf(2).log.growth(3)).toThrow(RangeError)
  })

  it('is not proved when a kept hash was altered, or the checkpoint vanished', () => {
    const { store, log } = logOf(2, 3)
    const row = store.rows[1]!
    store.rows[1] = { ...row, leafHash: new Uint8Array(32) }
    expect(() => reopened(store).growth(2)).toThrowCode('ERR_AUDIT_BROKEN')
    store.rows[1] = row
    store.notes = []
    expect(() => log.growth(2)).toThrowCode('ERR_AUDIT_BROKEN')
  })
})

describe('an epoch', () => {
  const add = (log: AuditLog, n: number) => () => void log.append([eventOf(n)], AT_MS)

  it('goes on with the same entries under an origin of its own', () => {
    const { store, log } = logOf(2)
    log.continueIn(1, add(log, 2))
    expect([log.epoch, log.origin, log.size]).toEqual([1, `${ORIGIN}/1`, 3])
    expect(parseCheckpoint(store.notes[1]!.note)).toMatchObject({ origin: `${ORIGIN}/1`, size: 3 })
    const later = new AuditLog(store, ORIGIN, KEY, { epoch: 1 })
    later.append([eventOf(3)], AT_MS)
    expect(verifyAuditLog(store, ORIGIN, KEY.publicKey)).toMatchObject({ ok: true, size: 4 })
  })

  it('salts each entry anew', () => {
    const store = new MemoryAuditStore()
    const salt = (): string => randomBytes(16).toString('base64url')
    const salted = new AuditLog(store, ORIGIN, KEY, { salt })
    const entries = salted.append([eventOf(0), eventOf(0)], AT_MS)
    expect(new Set(entries.map((entry) => entry.salt)).size).toBe(2)
    expect(verifyAuditLog(store, ORIGIN, KEY.publicKey)).toMatchObject({ ok: true, size: 2 })
  })

  it('only ever follows an earlier one, and a log is continued in its own', () => {
    const { store, log } = logOf(2)
    log.continueIn(2, add(log, 2))
    expect(() => log.continueIn(2, add(log, 3))).toThrow(RangeError)
    for (const epoch of [0, 1, 3]) {
      const other = new AuditLog(store, ORIGIN, KEY, { epoch })
      expect(() => other.append([eventOf(3)], AT_MS)).toThrowCode('ERR_AUDIT_BROKEN')
    }
  })

  it('has not begun when its first entry could not be written', () => {
    const { store, log } = logOf(2)
    const fail = (): never => {
      throw new Error('disk full')
    }
    expect(() => log.continueIn(1, fail)).toThrow('disk full')
    log.append([eventOf(2)], AT_MS)
    expect(parseCheckpoint(store.notes[1]!.note).origin).toBe(ORIGIN)
  })
})
