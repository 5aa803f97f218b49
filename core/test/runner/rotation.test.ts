// SPDX-License-Identifier: Apache-2.0
/** Old entries move to files: proofs go on, and whatever happens to a file is named by the entry it hits. */
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import {
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  leafHash,
  verifyAuditLog,
  verifyInclusion,
  parseCheckpoint,
} from '../../src/audit/index.ts'
import { decodeBase64url } from '../../src/protocol/index.ts'
import { rotateLog, type RotationBounds } from '../../src/runner/index.ts'
import { agent } from '../support/site.ts'
import { NOW, ORIGIN, WitnessBench, WitnessHub } from './witness-bench.ts'

let folder: string
let bench: WitnessBench

const KEEP: RotationBounds = { keepEntries: 50, keepDays: 3_650 }
const FILE = 'audit/0-299.jsonl'

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'sallyport-rotation-'))
  bench = new WitnessBench(join(folder, 'agent.db'), new WitnessHub())
  bench.note(150)
  bench.note(5)
  bench.note(195)
  await bench.witnessing.show()
})

afterEach(() => {
  bench[Symbol.dispose]()
  rmSync(folder, { recursive: true, force: true })
})

function rotate(bounds = KEEP, nowMs = NOW): number {
  const { audit: store, witness } = bench.store
  return rotateLog({ store, witness, journal: bench.journal, clock: { now: () => nowMs } }, bounds)
}

function verify() {
  return verifyAuditLog(bench.store.audit, ORIGIN, agent.signing.publicKey, {
    knownCheckpoints: [bench.hub.head!.note],
  })
}

describe('rotation', () => {
  it('moves what is too much, and the log is as whole as before', () => {
    const before = bench.entries()
    expect(rotate()).toBe(300)
    expect(bench.entries().slice(0, before.length)).toEqual(before)
    expect(bench.entries().at(-1)).toMatchObject({
      event: 'audit.rotated',
      details: { from: 0, to: 300, file: FILE },
    })
    expect(verify()).toMatchObject({ ok: true, size: 351 })
    expect(rotate()).toBe(0)
    const lines = readFileSync(join(folder, FILE), 'utf8').split('\n')
    expect(lines).toHaveLength(301)
    expect(JSON.parse(lines[299]!)).toEqual(before[299])
  })

  it('moves what is old enough', () => {
    const keep = { keepEntries: 100_000, keepDays: 90 }
    expect(rotate(keep)).toBe(0)
    expect(rotate(keep, NOW + 91 * 86_400_000)).toBe(350)
  })

  it('moves nothing that the hub has not witnessed and stored', async () => {
    bench.hub.isAway = true
    expect(rotate()).toBe(300)
    bench.note(600)
    expect(rotate()).toBe(0)
    bench.hub.isAway = false
    await bench.witnessing.show()
    expect(rotate()).toBe(601)
    expect(verify()).toMatchObject({ ok: true })
  })

  it.each([
    ['witnessed but not stored', { segmentsTo: 100 }],
    ['stored but not witnessed', { size: 100 }],
  ])('moves nothing that is %s', (_, known) => {
    const { witness } = bench.store
    bench.journal.transaction(() => witness.write({ ...witness.read(), ...known }))
    expect(rotate()).toBe(0)
  })

  it('leaves proofs of old and new entries, and of growth, as they were', async () => {
    rotate()
    for (const index of [0, 137, 299, 300, 349]) {
      const proof = bench.log.prove(index)
      const { root } = parseCheckpoint(proof.checkpoint)
      const path = proof.path.map(decodeBase64url)
      const claim = { index, size: proof.treeSize, path, root }
      expect(verifyInclusion({ ...claim, leafHash: leafHash(decodeBase64url(proof.entry)) })).toBe(
        true,
      )
    }
    expect(bench.log.growth(17)).toMatchObject({ oldSize: 17, size: 351 })
    await bench.witnessing.show()
    expect(bench.hub.leafHashes).toEqual(bench.leafHashes())
  })

  it('does not happen where the disk is full, and happens later', () => {
    bench.isDiskFull = true
    expect(() => rotate()).toThrowCode('ERR_STORE_WRITE')
    expect([bench.store.audit.archivedTo(), verify().ok]).toEqual([0, true])
    bench.isDiskFull = false
    expect(rotate()).toBe(300)
    expect(verify()).toMatchObject({ ok: true })
  })

  it('lays no altered entry to rest', () => {
    bench.tamper("UPDATE audit_entries SET bytes = x'7b7d' WHERE idx = 4")
    expect(() => rotate()).toThrow()
    expect(bench.store.audit.archivedTo()).toBe(0)
  })

  it('takes away what a crash left beside the archives, and nothing else', () => {
    rotate()
    writeFileSync(join(folder, 'audit', '.300-310.jsonl.0011.new'), '{"a')
    writeFileSync(join(folder, 'audit', '300-310.jsonl'), '{"a')
    expect(bench.store.audit.tidyArchives().toSorted()).toEqual([
      '.300-310.jsonl.0011.new',
      '300-310.jsonl',
    ])
    expect(readdirSync(join(folder, 'audit'))).toEqual(['0-299.jsonl'])
    expect(verify().ok).toBe(true)
  })
})

describe('an archive', () => {
  const path = (): string => join(folder, FILE)
  const edit = (change: (text: string) => string): void =>
    writeFileSync(path(), change(readFileSync(path(), 'utf8')))
  const lines = (text: string): string[] => text.split('\n')

  const alterations: [string, number, RegExp, () => void][] = [
    [
      'one byte of which was edited',
      7,
      /does not have the hash/,
      () => edit((text) => text.replace('"n":7,', '"n":6,')),
    ],
    [
      'whose first entry was edited',
      0,
      /does not have the hash/,
      () => edit((text) => text.replace('08:00', '08:01')),
    ],
    [
      'whose last entry was edited',
      299,
      /does not have the hash/,
      () => edit((text) => lines(text).with(299, '{}').join('\n')),
    ],
    [
      'that lost a line',
      12,
      /does not have the hash/,
      () => edit((text) => lines(text).toSpliced(12, 1).join('\n')),
    ],
    [
      'that has a line twice',
      0,
      /more in it/,
      () => edit((text) => lines(text).toSpliced(12, 0, lines(text)[12]!).join('\n')),
    ],
    [
      'that was cut off',
      200,
      /ends before it/,
      () => edit((text) => lines(text).slice(0, 200).join('\n') + '\n'),
    ],
    [
      'that ends in the middle of an entry',
      299,
      /ends before it/,
      () => truncateSync(path(), readFileSync(path()).length - 3),
    ],
    ['that was emptied', 0, /ends before it/, () => writeFileSync(path(), '')],
    ['to which something was added', 0, /more in it/, () => edit((text) => `${text}{}\n`)],
    ['that is gone', 0, /cannot be read \(ENOENT\)/, () => rmSync(path())],
  ]

  it.each(alterations)('%s is found out at entry %i', (_, index, why, alter) => {
    rotate()
    alter()
    const verdict = verify()
    expect(verdict).toMatchObject({ ok: false, firstBadIndex: index, notAfter: index })
    expect((verdict as { why: string }).why).toMatch(why)
  })

  it('that was replaced together with its hashes in the database is found out by the signed head', () => {
    rotate()
    edit((text) => text.replace('"n":7,', '"n":6,'))
    const bytes = Buffer.from(lines(readFileSync(path(), 'utf8'))[7]!)
    const hash = Buffer.from(leafHash(bytes)).toString('hex')
    bench.tamper(`UPDATE audit_entries SET leaf_hash = x'${hash}' WHERE idx = 7`)
    expect(verify()).toMatchObject({ ok: false, firstBadIndex: 0 })
  })
})

describe('the database after a rotation', () => {
  it('keeps its entries, its archives and the newest checkpoints', () => {
    rotate()
    for (const sql of [
      "UPDATE audit_entries SET bytes = x'00' WHERE idx = 3",
      "UPDATE audit_entries SET bytes = x'' WHERE idx = 320",
      "UPDATE audit_entries SET leaf_hash = zeroblob(32), bytes = x'' WHERE idx = 3",
      'DELETE FROM audit_archives',
      'UPDATE audit_archives SET to_idx = 340',
      'DELETE FROM checkpoints WHERE size = 350',
    ]) {
      expect(() => bench.run(sql)).toThrow(/never/)
    }
    expect(bench.store.audit.checkpointCount()).toBe(2)
  })
})
