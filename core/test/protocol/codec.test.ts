// SPDX-License-Identifier: Apache-2.0
/** Documents as bytes: strict in both directions. */
import { describe, expect, it } from '@jest/globals'
import {
  documentKindOf,
  documents,
  encodeDocument,
  encodeJson,
  parseDocument,
  type DocumentKind,
} from '@sallyport/core/protocol'
import { job, result, samples } from './sample-documents.ts'

const kinds = Object.entries(documents) as [keyof typeof documents, DocumentKind<unknown>][]
const parseJob = (value: unknown) => parseDocument(documents.job, encodeJson(value))
const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes)

describe.each(kinds)('%s', (name, kind) => {
  const sample: Record<string, unknown> = samples[name]

  it('is read back as it was written', () => {
    expect(parseDocument(kind, encodeDocument(kind, sample))).toEqual(sample)
  })

  it('is refused with an unknown member', () => {
    expect(() => parseDocument(kind, encodeJson({ ...sample, also: 1 }))).toThrowCode(
      'ERR_DOCUMENT_FORM',
    )
    expect(() => encodeDocument(kind, { ...sample, also: 1 })).toThrowCode('ERR_DOCUMENT_FORM')
  })

  it.each(Object.keys(sample).filter((member) => member !== 'output' && member !== 'plugin'))(
    'is refused when %s is missing, or of another type',
    (member) => {
      for (const wrong of [
        undefined,
        member.startsWith('is') ? 'true' : true,
        1e300,
        { a: { b: 1 } },
        [[]],
      ]) {
        const changed = encodeJson({ ...sample, [member]: wrong })
        if (member === 'input' && typeof wrong === 'object' && !Array.isArray(wrong)) continue
        expect(() => parseDocument(kind, changed)).toThrowCode('ERR_DOCUMENT_FORM')
      }
    },
  )

  it('is found by its payload type', () => {
    expect(documentKindOf(kind.payloadType)).toBe(kind)
  })
})

describe('parseDocument', () => {
  it('names the kind, the path and the reason, and nothing of the value', () => {
    try {
      parseJob({ ...job, agentId: 'hunter2' })
    } catch (error) {
      expect(error).toMatchObject({
        code: 'ERR_DOCUMENT_FORM',
        details: { kind: 'job', path: 'agentId', why: 'not a UUIDv7' },
      })
      expect(String(error)).not.toContain('hunter2')
    }
    expect.assertions(2)
  })

  it('names the root when the whole is of another shape', () => {
    expect(() => parseJob([])).toThrow(/not a job: root/)
  })

  it('cuts what an attacker writes into a path or a reason', () => {
    const long = 'x'.repeat(4_000)
    try {
      parseJob({ ...job, [long]: 1 })
    } catch (error) {
      expect(JSON.stringify(error).length).toBeLessThan(600)
    }
    expect.assertions(1)
  })

  it('passes on what strict JSON refuses', () => {
    const twice = text(encodeJson(job)).replace('{', `{"agentId":"x",`)
    expect(() => parseDocument(documents.job, Buffer.from(twice))).toThrowCode(
      'ERR_JSON_DUPLICATE_KEY',
    )
    expect(() => parseDocument(documents.job, Buffer.from('{'))).toThrowCode('ERR_JSON_FORM')
    const large = encodeJson({ ...job, input: { a: 'x'.repeat(120_000) } })
    expect(() => parseDocument(documents.job, large)).toThrowCode('ERR_JSON_SIZE')
  })

  it.each([
    '2026-01-31T12:00:00Z',
    '2026-02-30T12:00:00.000Z',
    '2026-01-31T12:00:00.000+00:00',
    'now',
    '-1',
  ])('refuses the instant %s', (issuedAt) => {
    expect(() => parseJob({ ...job, issuedAt })).toThrowCode('ERR_DOCUMENT_FORM')
  })

  it.each([
    ['an upper-case id', { jobId: job.jobId.toUpperCase().replace('0', 'A') }],
    ['an id of another version', { jobId: job.jobId.replace('-7', '-4') }],
    ['an id with a line break', { jobId: `${job.jobId}\n` }],
    ['a job type with a path', { jobType: 'sensors/../read' }],
    ['a job type with an option', { jobType: '--force/read' }],
    ['a reader of 31 bytes', { readers: ['A'.repeat(42)] }],
    ['a reader in a second spelling', { readers: ['A'.repeat(42) + 'B'] }],
    ['no readers', { readers: [] }],
    ['input that is an array', { input: [] }],
  ])('refuses %s', (_, changed) => {
    expect(() => parseJob({ ...job, ...changed })).toThrowCode('ERR_DOCUMENT_FORM')
  })

  it('leaves no trace on objects when the input names inherited members', () => {
    const input = { toString: 'x', hasOwnProperty: 1, valueOf: null }
    expect(parseJob({ ...job, input }).input).toEqual(input)
    expect(String({})).toBe('[object Object]')
  })
})

describe('encodeDocument', () => {
  it('refuses a document larger than its kind', () => {
    const large = { ...job, input: { a: 'x'.repeat(120_000) } }
    expect(() => encodeDocument(documents.job, large)).toThrowCode('ERR_JSON_SIZE')
  })

  it('refuses values that JSON does not have', () => {
    const input = { a: new Date(0) as unknown as string }
    expect(() => encodeDocument(documents.job, { ...job, input })).toThrowCode('ERR_DOCUMENT_FORM')
    const output = { a: { constructor: 1 } }
    expect(() => encodeDocument(documents.result, { ...result, output })).toThrowCode(
      'ERR_JSON_VALUE',
    )
  })
})

describe('documentKindOf', () => {
  it.each(['', 'job', '__proto__', 'application/vnd.sallyport.job.v2+json'])(
    'knows no %j',
    (type) => {
      expect(documentKindOf(type)).toBeUndefined()
    },
  )
})
