// SPDX-License-Identifier: Apache-2.0
/** A write-ahead log after a crash: a tail that was cut off is no loss, a frame damaged in its middle is. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { copyFileSync, readFileSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { tornFrames } from '../../src/stores/wal-tail.ts'
import { NOW_MS, journalOf, makeFolder, openStore, removeFolders } from './agent-store-fixture.ts'

afterAll(removeFolders)

let crashed: string
let frameBytes: number
let frameCount: number

/** The files of a store with some transactions, as a kill leaves them. */
beforeAll(() => {
  crashed = join(makeFolder(), 'agent.db')
  using store = openStore()
  const journal = journalOf(store)
  for (let n = 0; n < 6; n += 1) {
    journal.transaction(() => journal.audit([{ event: 'handle.used', details: { n } }], NOW_MS))
  }
  for (const end of ['', '-wal']) copyFileSync(`${store.path}${end}`, `${crashed}${end}`)
  const wal = readFileSync(`${crashed}-wal`)
  frameBytes = 24 + wal.readUInt32BE(8)
  frameCount = (wal.byteLength - 32) / frameBytes
})

function copy(): string {
  const path = join(makeFolder(), 'agent.db')
  for (const end of ['', '-wal']) copyFileSync(`${crashed}${end}`, `${path}${end}`)
  return path
}

function flip(path: string, frame: number): void {
  const bytes = readFileSync(path)
  const at = 32 + frame * frameBytes + 100
  bytes[at] = bytes[at]! ^ 1
  writeFileSync(path, bytes)
}

describe('a write-ahead log', () => {
  it('that ends with a whole transaction has no tail, and where there is none there is nothing', () => {
    expect(tornFrames(`${crashed}-wal`)).toBe(0)
    expect(tornFrames(`${crashed}-none`)).toBe(0)
    using store = openStore(copy())
    expect([store.torn, store.audit.size()]).toEqual([[], 6])
  })

  it('that ends in the middle of a transaction has a tail, and nothing before it is lost', () => {
    const path = copy()
    truncateSync(`${path}-wal`, 32 + (frameCount - 1) * frameBytes)
    expect(tornFrames(`${path}-wal`)).toBeGreaterThan(0)
    using store = openStore(path)
    expect(store.torn).toHaveLength(1)
    expect(store.audit.size()).toBe(5)
  })

  it('whose last transaction is damaged is one that was cut off', () => {
    const path = copy()
    flip(`${path}-wal`, frameCount - 1)
    expect(tornFrames(`${path}-wal`)).toBeGreaterThan(0)
    using store = openStore(path)
    expect(store.audit.size()).toBe(5)
  })

  it('that is damaged before the last transaction is refused and named: SQLite would lose what follows', () => {
    for (let frame = 0; frame < frameCount - 8; frame += 5) {
      const path = copy()
      flip(`${path}-wal`, frame)
      expect(() => openStore(path)).toThrowCode('ERR_STORE_CORRUPT')
    }
  })
})
