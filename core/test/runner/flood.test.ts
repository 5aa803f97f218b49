// SPDX-License-Identifier: Apache-2.0
/** A flood of deliveries that nobody vouches for: each is answered, the log stays small, and nothing of it is hidden. */
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { randomUUIDv7 } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseAuditEntry } from '../../src/audit/index.ts'
import { documents, encodeEnvelope } from '../../src/protocol/index.ts'
import { OWN_ENTRIES_PER_MINUTE, RefusalFlood } from '../../src/runner/refusal-flood.ts'
import { NOW, signJob, stranger } from '../support/site.ts'
import { Bench } from './bench.ts'

/** Nobody signed it; what it is said to be is enough for another taker. */
const FORGED = encodeEnvelope({
  payloadType: documents.cancellation.payloadType,
  payload: new Uint8Array(8),
  signatures: [{ keyId: stranger.signing.keyId, signature: new Uint8Array(64) }],
})

let folder: string

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'sallyport-flood-'))
})

afterEach(() => {
  rmSync(folder, { recursive: true, force: true })
})

describe('a flood of refusals', () => {
  it('has an entry each while they are few, and one entry for the rest of a minute', async () => {
    using bench = new Bench(folder)
    const surplus = 12
    const labels: string[] = []
    for (let n = 0; n < OWN_ENTRIES_PER_MINUTE + surplus; n += 1) {
      labels.push(randomUUIDv7())
      await bench.runner.receive({ envelopeId: labels.at(-1)!, sealed: 'garbage' })
    }
    for (const label of labels.slice(-surplus)) expect(bench.sent.get(label)).toHaveLength(1)
    expect(await bench.answerTo(labels.at(-1)!)).toMatchObject({
      state: 'refused',
      refusal: { reason: 'unsealable' },
    })
    expect(bench.store.audit.size()).toBe(OWN_ENTRIES_PER_MINUTE)

    const label = await bench.deliver(signJob())
    expect(await bench.answerTo(label)).toMatchObject({ state: 'done' })
    bench.nowMs = NOW + 60_000
    await bench.runner.flush()
    await bench.runner.flush()
    const entries = [...bench.store.audit.read(OWN_ENTRIES_PER_MINUTE, 9_999)].map(({ bytes }) =>
      parseAuditEntry(bytes),
    )
    expect(entries.map(({ event }) => event)).toEqual([
      'job.admitted',
      'run.finished',
      'job.refused-often',
    ])
    expect(entries[2]!.details).toEqual({
      since: '2026-03-01T12:00:00.000Z',
      counts: { unsealable: surplus },
    })
  })

  it('has its rest on record when the agent ends before the minute does', async () => {
    using bench = new Bench(folder)
    for (let n = 0; n < OWN_ENTRIES_PER_MINUTE + 2; n += 1) {
      await bench.runner.receive({ envelopeId: randomUUIDv7(), sealed: 'garbage' })
    }
    bench.runner.settle()
    bench.runner.settle()
    expect(bench.events().slice(OWN_ENTRIES_PER_MINUTE)).toEqual(['job.refused-often'])
  })

  it.each([
    ['cancellations by nobody', () => FORGED],
    ['one authentic job under many labels', () => signJob()],
  ])(
    'is of %s too',
    async (_what, make) => {
      using bench = new Bench(folder)
      const bytes = make()
      for (let n = 0; n < OWN_ENTRIES_PER_MINUTE + 3; n += 1) {
        await bench.deliver(bytes, randomUUIDv7())
      }
      expect(bench.store.audit.size()).toBe(OWN_ENTRIES_PER_MINUTE)
      bench.runner.settle()
      expect(bench.events().at(-1)).toBe('job.refused-often')
    },
    60_000,
  )

  it('counts apart from entries of their own, and anew each minute', () => {
    const flood = new RefusalFlood(1)
    expect([flood.hasOwnEntry('a', 0), flood.hasOwnEntry('a', 1)]).toEqual([true, false])
    expect(flood.hasOwnEntry('b', 2)).toBe(false)
    expect(flood.due(3)).toEqual([])
    expect(flood.due(3, true)).toMatchObject([{ details: { counts: { a: 1, b: 1 } } }])
    expect(flood.due(60_000)).toHaveLength(1)
    flood.settle()
    expect(flood.due(60_001)).toEqual([])
    expect(flood.hasOwnEntry('a', 60_002)).toBe(true)
  })

  it('is of strangers too', async () => {
    using bench = new Bench(folder)
    await bench.deliver(signJob({}, stranger))
    expect(bench.events()).toEqual(['job.refused'])
  })
})
