// SPDX-License-Identifier: Apache-2.0
/** Entries: canonical, bounded, and never in the way of what they are about. */
import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { Secret } from '@sallyport/sdk'
import { AUDIT_EVENTS, MAX_ENTRY_BYTES, parseAuditEntry } from '@sallyport/core/audit'
import { digestOf } from '@sallyport/core/crypto'
import { encodeJson } from '@sallyport/core/protocol'
import { encodeAuditEntry } from '../../src/audit/entry.ts'
import { leafHash } from '../../src/audit/merkle.ts'
import { AGENT_ID, AT_MS } from './memory-audit-store.ts'

type Details = Record<string, unknown>

const encode = (details: Details): Uint8Array =>
  encodeAuditEntry(4, AT_MS, { event: 'job.refused', details })
const recorded = (details: Details): Details => parseAuditEntry(encode(details)).details
const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes)

describe('an entry', () => {
  it('is canonical JSON of exactly its members', () => {
    const entry = { event: 'job.admitted', jobId: AGENT_ID, details: { b: 1, a: 'x' } } as const
    expect(text(encodeAuditEntry(0, AT_MS, entry))).toBe(
      `{"at":"2026-11-22T08:00:00.000Z","details":{"a":"x","b":1},"event":"job.admitted",` +
        `"index":0,"jobId":"${AGENT_ID}"}`,
    )
  })

  it('has a salt when one is given, so that its hash tells nobody what happened', () => {
    const entry = { event: 'agent.started', details: {} } as const
    const salt = 'A'.repeat(22)
    const salted = encodeAuditEntry(0, AT_MS, entry, salt)
    expect(parseAuditEntry(salted).salt).toBe(salt)
    expect(leafHash(salted)).not.toEqual(leafHash(encodeAuditEntry(0, AT_MS, entry)))
    expect(() => encodeAuditEntry(0, AT_MS, entry, 'short')).toThrowCode('ERR_AUDIT_EVENT')
  })

  it.each(AUDIT_EVENTS)('comes back for the event %s', (event) => {
    const bytes = encodeAuditEntry(9, AT_MS, { event, envelopeId: AGENT_ID, details: {} })
    expect(parseAuditEntry(bytes)).toEqual({
      index: 9,
      at: '2026-11-22T08:00:00.000Z',
      event,
      envelopeId: AGENT_ID,
      details: {},
    })
  })

  it('is refused for an event or an id that is none', () => {
    const unknown = { event: 'job.lost' as 'job.refused', details: {} }
    expect(() => encodeAuditEntry(0, AT_MS, unknown)).toThrowCode('ERR_AUDIT_EVENT')
    const nameless = { event: 'job.refused', jobId: 'x', details: {} } as const
    expect(() => encodeAuditEntry(0, AT_MS, nameless)).toThrowCode('ERR_AUDIT_EVENT')
    expect(() => encodeAuditEntry(-1, AT_MS, { ...nameless, jobId: AGENT_ID })).toThrowCode(
      'ERR_AUDIT_EVENT',
    )
  })

  it.each([
    [
      'an unknown member',
      { index: 0, at: '2026-11-22T08:00:00.000Z', event: 'job.refused', details: {}, x: 1 },
    ],
    ['no event', { index: 0, at: '2026-11-22T08:00:00.000Z', details: {} }],
    [
      'half an index',
      { index: 0.5, at: '2026-11-22T08:00:00.000Z', event: 'job.refused', details: {} },
    ],
  ])('is not read from an object with %s', (_, value) => {
    expect(() => parseAuditEntry(encodeJson(value))).toThrowCode('ERR_AUDIT_ENTRY_FORM')
  })

  it('is not read from more bytes than an entry has', () => {
    const bytes = new Uint8Array(MAX_ENTRY_BYTES + 1).fill(0x20)
    expect(() => parseAuditEntry(bytes)).toThrowCode('ERR_JSON_SIZE')
  })
})

describe('the details of an entry', () => {
  it('stay one record whatever text is in them', () => {
    const evil = 'a\r\n{"event":"job.admitted"}\u2028\u001b[2J\u0000'
    const bytes = encode({ evil })
    expect(text(bytes)).not.toMatch(/[\r\n\u0000\u001b]/)
    expect(recorded({ evil })).toEqual({ evil })
  })

  it('show a secret as it prints', () => {
    expect(recorded({ token: new Secret('hunter2') })).toEqual({ token: '[secret]' })
  })

  it('are made plain, value by value', () => {
    const details = {
      count: 3n,
      ratio: Number.NaN,
      when: new Date(0),
      none: undefined,
      empty: null,
      list: [undefined, true, { x: -0 }],
      half: 'a\ud800b',
      call: () => 1,
    }
    expect(recorded(details)).toEqual({
      count: '3',
      ratio: 'NaN',
      when: '1970-01-01T00:00:00.000Z',
      empty: null,
      list: [null, true, { x: 0 }],
      half: 'a\ufffdb',
      call: '() => 1',
    })
  })

  it('keep special member names apart from the real thing', () => {
    const details = JSON.parse('{"__proto__":1,"constructor":2,"prototype":3,"a":4}') as Details
    expect(recorded(details)).toEqual({ '?__proto__': 1, '?constructor': 2, '?prototype': 3, a: 4 })
  })

  it('are cut where they go round in circles or too deep', () => {
    const round: Details = { name: 'round' }
    round['self'] = round
    const found = JSON.stringify(recorded(round))
    expect(found).toContain('"[cut]"')
    expect(found.split('round')).toHaveLength(10)
  })

  it('are cut where a value prints itself as itself', () => {
    const echo = { toJSON: (): unknown => echo }
    expect(recorded({ echo })).toEqual({ echo: '[cut]' })
  })

  it('are cut to the first values when there are very many', () => {
    const wide: unknown[] = []
    for (let n = 0; n < 100; n += 1) wide.push(wide)
    expect(encode({ wide }).byteLength).toBeLessThanOrEqual(MAX_ENTRY_BYTES)
  })

  it('that are too long are shortened, with size and digest of the whole', () => {
    const details = { message: 'm'.repeat(9_000), code: 'ERR_X' }
    const whole = encodeJson(details)
    expect(recorded(details)).toEqual({
      message: `${'m'.repeat(128)}…`,
      code: 'ERR_X',
      cut: { bytes: whole.byteLength, digest: digestOf(whole) },
    })
  })

  it('that stay too long are left out, with size and digest of the whole', () => {
    const rows = Array.from({ length: 40 }, () => '\u0001'.repeat(400))
    expect(recorded({ rows })).toEqual({
      cut: { bytes: encodeJson({ rows }).byteLength, digest: digestOf(encodeJson({ rows })) },
    })
  })

  it('have names of bounded length', () => {
    expect(recorded({ ['n'.repeat(65)]: 1 })).toEqual({ [`${'n'.repeat(64)}…`]: 1 })
  })

  it('make a readable entry of at most 8 KiB out of anything', () => {
    const anything = fc.anything({ withBigInt: true, withDate: true, withTypedArray: true })
    fc.assert(
      fc.property(fc.dictionary(fc.string({ unit: 'binary' }), anything), (details) => {
        const bytes = encode(details)
        expect(bytes.byteLength).toBeLessThanOrEqual(MAX_ENTRY_BYTES)
        expect(encodeJson(parseAuditEntry(bytes))).toEqual(bytes)
      }),
      { numRuns: 100 },
    )
  })
})
