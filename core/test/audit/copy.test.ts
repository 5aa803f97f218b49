// SPDX-License-Identifier: Apache-2.0
/** A copy of a log by its hashes: what of it is held against the head, and who is named for what. */
import { describe, expect, it } from '@jest/globals'
import {
  AuditLog,
  cosignCheckpoint,
  openCopy,
  type AuditCopy,
  type CopyReader,
  type CopyReport,
} from '@sallyport/core/audit'
import { encodeBase64url } from '@sallyport/core/protocol'
import { AT_MS, KEY, MemoryAuditStore, ORIGIN, OTHER_KEY, eventOf } from './memory-audit-store.ts'

function logIn(store: MemoryAuditStore): AuditLog {
  return new AuditLog(store, ORIGIN, KEY)
}

/** The hashes of a log, in one segment that nobody can open. */
function copyOf(store: MemoryAuditStore): AuditCopy & { segments: Segment[] } {
  const leafHashes = store.rows.map(({ leafHash }) => encodeBase64url(leafHash))
  return { head: store.notes.at(-1)!, segments: [{ from: 0, leafHashes, parts: [] }] }
}

interface Segment {
  readonly from: number
  readonly leafHashes: string[]
  readonly parts: { sealed: string }[]
}

function read(copy: AuditCopy, more: Partial<CopyReader> = {}): Promise<CopyReport> {
  const open = async (): Promise<undefined> => undefined
  return openCopy(copy, { origin: ORIGIN, publicKey: KEY.publicKey, reader: 'x', open, ...more })
}

function filled(count = 5): { store: MemoryAuditStore; log: AuditLog } {
  const store = new MemoryAuditStore()
  const log = logIn(store)
  for (let n = 0; n < count; n += 1) log.append([eventOf(n)], AT_MS)
  return { store, log }
}

describe('the hashes of a copy', () => {
  it('that are there twice name the hub, and the entry', async () => {
    const copy = copyOf(filled().store)
    const [segment] = copy.segments
    const tail = { ...segment!, from: 3, leafHashes: segment!.leafHashes.slice(3) }
    const report = await read({ ...copy, segments: [segment!, tail] })
    expect(report).toMatchObject({ isWhole: false, faults: [{ liar: 'hub', index: 3 }] })
    expect(report.faults[0]!.why).toMatch(/two segments/)
  })
})

describe('a head from elsewhere', () => {
  it('of an epoch that ended is no second history of the one that goes on', async () => {
    const lost = filled(4).store.notes.at(-1)!.note
    const { store, log } = filled(2)
    log.continueIn(1, () => log.append([eventOf(50), eventOf(51), eventOf(52)], AT_MS))
    const report = await read(copyOf(store), { knownCheckpoints: [lost] })
    expect(report).toMatchObject({ isWhole: true, faults: [], behindCount: 0, head: { epoch: 1 } })
  })

  it('of this epoch names the agent where it does not fit', async () => {
    const other = filled(1)
    other.log.append([eventOf(70)], AT_MS)
    const known = other.store.notes.at(-1)!.note
    const report = await read(copyOf(filled().store), { knownCheckpoints: [known] })
    expect(report.faults).toMatchObject([{ liar: 'agent', index: 1 }])
  })
})

describe('a head that the hub witnessed', () => {
  it('says when, and a hub that does not stand by it is named', async () => {
    const copy = copyOf(filled().store)
    const note = cosignCheckpoint(copy.head!.note, { key: OTHER_KEY, atMs: AT_MS })
    const hubKey = OTHER_KEY.publicKey
    const seen = await read({ ...copy, head: { note } }, { hubKey })
    expect(seen).toMatchObject({ isWhole: true, witnessedAtMs: AT_MS })
    const unseen = await read(copy, { hubKey })
    expect(unseen).toMatchObject({ isWhole: false, faults: [{ liar: 'hub' }] })
    expect((await read(copy)).witnessedAtMs).toBeUndefined()
  })
})
