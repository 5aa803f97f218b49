// SPDX-License-Identifier: Apache-2.0
/** Only messages of exactly the known forms are read. */
import { describe, expect, it } from '@jest/globals'
import { parseFrame } from '../../../src/plugins/sandbox/frames.ts'

const CALL = { type: 'call', runId: 1, callId: 2, handle: 'proc', method: 'text', args: '[]' }

describe('parseFrame', () => {
  it.each([
    [{ type: 'standing' }],
    [{ type: 'loaded', manifest: '{}' }],
    [CALL],
    [{ type: 'log', runId: 0, text: '' }],
    [{ type: 'failed', runId: 1, code: 'E', message: '', details: '{}', retryable: false }],
  ])('reads %j', (message) => {
    expect(parseFrame(message)).toEqual(message)
  })

  it('copies what it read', () => {
    const message = { ...CALL }
    const frame = parseFrame(message)
    message.method = 'other'
    expect(frame).toMatchObject({ method: 'text' })
  })

  it.each([
    ['nothing', undefined],
    ['null', null],
    ['a text', 'standing'],
    ['a list', ['standing']],
    ['a map', new Map([['type', 'standing']])],
    ['no type', {}],
    ['an unknown type', { type: 'reply' }],
    ['a type from the prototype', { type: 'constructor' }],
    ['a type that is no text', { type: ['call'] }],
    ['a member too few', { ...CALL, args: undefined, more: 1 }],
    ['a member too many', { ...CALL, more: 1 }],
    ['a number for a text', { ...CALL, handle: 1 }],
    ['a text for a number', { ...CALL, runId: '1' }],
    ['a fraction', { ...CALL, runId: 1.5 }],
    ['a negative number', { ...CALL, callId: -1 }],
    ['a number that is none', { ...CALL, callId: Number.NaN }],
    ['a huge number', { ...CALL, callId: 2 ** 53 }],
    ['a text that is too long', { ...CALL, method: 'x'.repeat(65) }],
    ['an object of the same look', Object.create(CALL)],
    [
      'a number for a truth value',
      { type: 'failed', runId: 1, code: '', message: '', details: '', retryable: 1 },
    ],
  ])('does not read %s', (_, message) => {
    expect(parseFrame(message)).toBeUndefined()
  })
})
