// SPDX-License-Identifier: Apache-2.0
/** What readers get of a log: exactly what is theirs, whole, and a word about what is not as it was signed. */
import { describe, expect, it } from '@jest/globals'
import {
  AuditLog,
  encodeIndex,
  encodePart,
  openCopy,
  planSegment,
  type AuditCopy,
  type CopyReport,
} from '@sallyport/core/audit'
import type { SigningKey } from '@sallyport/core/crypto'
import { encodeBase64url } from '@sallyport/core/protocol'
import { AT_MS, KEY, MemoryAuditStore, ORIGIN, OTHER_KEY } from './memory-audit-store.ts'

/** A sealing key by a name. */
const keyOf = (name: string): string =>
  encodeBase64url(Buffer.from(name.padEnd(32, '.').slice(0, 32)))

/** An operator sees all, each customer what is about their guest or about nothing. */
const readersOf = (about: readonly string[]): string[] => [
  keyOf('operator'),
  ...(about.length === 0 || about.includes('guest/101') ? [keyOf('ann')] : []),
  ...(about.length === 0 || about.includes('guest/102') ? [keyOf('ben')] : []),
]

/** A log of six entries and its copy; "sealed" is the readers and the bytes. */
function copied(): { store: MemoryAuditStore; copy: AuditCopy & { segments: Segment[] } } {
  const store = new MemoryAuditStore()
  const log = new AuditLog(store, ORIGIN, KEY)
  for (const about of [
    ['guest/101'],
    ['guest/102'],
    [],
    ['node/pve1'],
    ['guest/101', 'guest/102'],
  ]) {
    const given = about.length > 0 && { about }
    log.append([{ event: 'job.refused', ...given, details: { about } }], AT_MS)
  }
  return { store, copy: { head: store.notes.at(-1)!, segments: [segmentOf(store)] } }
}

type Segment = { from: number; leafHashes: string[]; parts: { sealed: string }[] }

function segmentOf(store: MemoryAuditStore): Segment {
  const plan = planSegment(store.rows, readersOf)!
  const by = { origin: ORIGIN, key: KEY }
  const parts = [
    ...plan.parts.map((part) => sealedTo(part.readers, encodePart(part))),
    ...plan.indexes.map((index) => sealedTo([index.reader], encodeIndex(plan, index, by))),
  ]
  return { from: plan.from, leafHashes: plan.leafHashes.map(encodeBase64url), parts }
}

const sealedTo = (readers: readonly string[], bytes: Uint8Array) => ({
  sealed: `${readers.join()} ${encodeBase64url(bytes)}`,
})

function read(copy: AuditCopy, who: string, known: string[] = []): Promise<CopyReport> {
  return openCopy(copy, {
    origin: ORIGIN,
    publicKey: KEY.publicKey,
    knownCheckpoints: known,
    reader: keyOf(who),
    async open(sealed) {
      const [readers, bytes] = sealed.split(' ') as [string, string]
      return readers.split(',').includes(keyOf(who)) ? Buffer.from(bytes, 'base64url') : undefined
    },
  })
}

describe('a copy', () => {
  it.each([
    ['operator', [0, 1, 2, 3, 4]],
    ['ann', [0, 2, 4]],
    ['ben', [1, 2, 4]],
    ['nobody', []],
  ])('shows %s exactly the entries that are theirs', async (who, indices) => {
    const report = await read(copied().copy, who)
    expect(report).toMatchObject({ isWhole: true, faults: [], missing: [], behindCount: 0 })
    expect(report.entries.map(({ entry }) => entry.index)).toEqual(indices)
  })

  it('whose hashes, parts or head were edited names the hub', async () => {
    const { copy } = copied()
    const [segment] = copy.segments
    const hashes = { ...segment!, leafHashes: segment!.leafHashes.toReversed() }
    expect(await read({ ...copy, segments: [hashes] }, 'ann')).toMatchObject({
      isWhole: false,
      entries: [],
      faults: [{ liar: 'hub' }],
    })
    const invented = encodePart({
      rows: [{ index: 3, bytes: Buffer.from('{}'), leafHash: new Uint8Array(32) }],
    })
    const parts = { ...segment!, parts: [...segment!.parts, sealedTo([keyOf('ann')], invented)] }
    const report = await read({ ...copy, segments: [parts] }, 'ann')
    expect(report.faults).toMatchObject([{ liar: 'hub', index: 3 }])
    expect(report.entries).toHaveLength(3)
    const foreign = new AuditLog(new MemoryAuditStore(), ORIGIN, OTHER_KEY)
    foreign.append([{ event: 'agent.started', details: {} }], AT_MS)
    const head = { note: foreign.growth(0)!.note }
    expect((await read({ ...copy, head }, 'ann')).faults).toMatchObject([{ liar: 'hub' }])
  })

  it('from which something is kept back names the hub, and which entry', async () => {
    const { copy } = copied()
    const [segment] = copy.segments
    const without = (isGone: (sealed: string) => boolean): AuditCopy => ({
      ...copy,
      segments: [{ ...segment!, parts: segment!.parts.filter(({ sealed }) => !isGone(sealed)) }],
    })
    const isOf = (name: string) => (sealed: string) => sealed.split(' ')[0] === keyOf(name)
    expect((await read(copy, 'ann')).since).toBe(0)
    const annAlone = [keyOf('operator'), keyOf('ann')].toSorted().join()
    const guest101 = without((sealed) => sealed.startsWith(`${annAlone} `))
    expect((await read(guest101, 'ann')).faults).toEqual([
      { liar: 'hub', why: 'it withholds entry 0, which is yours to read', index: 0 },
    ])
    expect((await read(guest101, 'ben')).faults).toEqual([])
    const second = { ...segment!, from: 5, leafHashes: segment!.leafHashes }
    const noIndex = {
      ...second,
      parts: segment!.parts.filter(({ sealed }) => !isOf('ann')(sealed)),
    }
    const later = await read({ ...copy, segments: [segment!, noIndex] }, 'ann')
    expect(later.faults).toContainEqual({
      liar: 'hub',
      why: 'it withholds what entries 5 to 9 hold for you',
      index: 5,
    })
    const letGo = await read({ ...copy, segments: [segment!, { ...second, parts: [] }] }, 'ann')
    expect(letGo.dropped).toEqual([[5, 10]])
    expect((await read(without(isOf('ann')), 'ann')).since).toBeUndefined()
  })

  it('is not made to look whole by an index of somebody else’s making', async () => {
    const { copy } = copied()
    const [segment] = copy.segments
    const plan = { from: 0, to: 5 }
    const forge = (key: SigningKey, reader: string, origin = ORIGIN) =>
      sealedTo([keyOf('ann')], encodeIndex(plan, { reader, indices: [] }, { origin, key }))
    const kept = segment!.parts.filter(({ sealed }) => !sealed.startsWith(`${keyOf('ann')} `))
    for (const forged of [
      forge(OTHER_KEY, keyOf('ann')),
      forge(KEY, keyOf('ben')),
      forge(KEY, keyOf('ann'), `${ORIGIN}/1`),
    ]) {
      const parts = [forged, ...kept]
      expect((await read({ ...copy, segments: [{ ...segment!, parts }] }, 'ann')).since).toBe(
        undefined,
      )
    }
  })

  it('that lacks entries says which, and one that is behind says by how many', async () => {
    const { store, copy } = copied()
    expect(await read({ ...copy, segments: [] }, 'ann')).toMatchObject({
      isWhole: false,
      missing: [[0, 5]],
    })
    const known = store.notes.map(({ note }) => note)
    const older = { head: store.notes[2]!, segments: [segmentOf(store)] }
    expect(await read(older, 'ann', known)).toMatchObject({ behindCount: 2, faults: [] })
  })

  it('of a log that was signed twice names the agent', async () => {
    const { copy } = copied()
    const twin = new AuditLog(new MemoryAuditStore(), ORIGIN, KEY)
    twin.append([{ event: 'agent.started', details: {} }], AT_MS)
    const report = await read(copy, 'ann', [twin.growth(0)!.note])
    expect(report.faults).toMatchObject([{ liar: 'agent' }])
  })
})

describe('a segment', () => {
  const rowsOf = (count: number, aboutOf: (n: number) => string[]) => {
    const store = new MemoryAuditStore()
    const log = new AuditLog(store, ORIGIN, KEY)
    const events = Array.from({ length: count }, (_, n) => ({
      event: 'job.refused' as const,
      about: aboutOf(n),
      details: {},
    }))
    log.append(events, AT_MS)
    return store.rows
  }

  it('ends where the hub would take no more entries, or no more parts', () => {
    const few = planSegment(
      rowsOf(300, () => []),
      () => ['operator'],
    )
    expect(few).toMatchObject({ from: 0, to: 256 })
    const guests = rowsOf(80, (n) => [`guest/${n % 40}`])
    expect(planSegment(guests, (about) => ['operator', ...about])).toMatchObject({ to: 34 })
    const ofOne = rowsOf(80, (n) => [`guest/${n % 34}`])
    expect(planSegment(ofOne, (about) => ['operator', ...about])).toMatchObject({ to: 80 })
  })

  it('is bounded in entries and bytes, and has an entry that is none by its hash alone', () => {
    const store = new MemoryAuditStore()
    const log = new AuditLog(store, ORIGIN, KEY)
    const events = Array.from({ length: 300 }, () => ({
      event: 'handle.used' as const,
      details: { text: 'x'.repeat(1_000) },
    }))
    log.append(events, AT_MS)
    const plan = planSegment(store.rows, readersOf)!
    expect(plan.to).toBeLessThan(100)
    store.rows[0] = { ...store.rows[0]!, bytes: Uint8Array.of(1) }
    const first = planSegment(store.rows.slice(0, 1), readersOf)!
    expect([first.leafHashes.length, first.parts]).toEqual([1, []])
    expect(planSegment([], readersOf)).toBeUndefined()
  })
})
