// SPDX-License-Identifier: Apache-2.0
/** Strict JSON: what it takes it reads as JSON.parse does, and it takes nothing that two readers could read differently. */
import { describe, expect, it } from '@jest/globals'
import { MAX_JSON_DEPTH, encodeJson, parseJson } from '@sallyport/core/protocol'
import fc from 'fast-check'
import { patient } from '../../../test/support/patience.ts'

const bytes = (text: string) => new TextEncoder().encode(text)
const parse = (text: string) => parseJson(bytes(text), 1_048_576)
const write = (value: unknown) => new TextDecoder().decode(encodeJson(value))
const nested = (depth: number) => '['.repeat(depth) + ']'.repeat(depth)

/** JSON values that strict JSON can carry: no forbidden names, no lone surrogates, no negative zero. */
const plainValue = fc.letrec((tie) => ({
  value: fc.oneof(
    { maxDepth: 5 },
    fc.constantFrom(null, true, false),
    fc.string({ unit: 'binary' }),
    fc.double({ noNaN: true, noDefaultInfinity: true }).map((number) => number + 0),
    fc.maxSafeInteger(),
    fc.array(tie('value'), { maxLength: 5 }),
    fc.dictionary(
      fc
        .string({ unit: 'binary' })
        .filter((name) => !/^(__proto__|constructor|prototype)$/.test(name)),
      tie('value'),
      { maxKeys: 5, noNullPrototype: true },
    ),
  ),
})).value

describe('parseJson', () => {
  it.each([
    'null',
    ' true\t\r\n',
    '""',
    '"a\\"b\\\\c\\/\\b\\f\\n\\r\\t\\u00e9\\ud83d\\ude00é😀"',
    '[]',
    '{}',
    '[0,-1,1.5,1e+21,1e-7,5e-324,9007199254740992,1.7976931348623157e+308]',
    '{"a":{"a":{"a":1}},"b":[{"a":1},{"a":2}]}',
    '{"a":"a","b":"a"}',
    '{ "a" : [ "b" , "b" ] }',
    '{"toString":1,"hasOwnProperty":2,"":3}',
    '["__proto__","constructor","prototype"]',
    nested(MAX_JSON_DEPTH),
    `[${'[],{},'.repeat(MAX_JSON_DEPTH)}0]`,
    '{"a":{"b":1},"b":2}',
  ])('reads %s as JSON.parse does', (text) => {
    expect(parse(text)).toEqual(JSON.parse(text))
  })

  it.each([
    ['1e2', 'an exponent where none is written'],
    ['100.0', 'a fraction that says nothing'],
    ['1.50', 'a trailing zero'],
    ['-0', 'negative zero'],
    ['9007199254740993', 'an integer that rounds'],
    ['12345678901234567890', 'an integer beyond doubles'],
    ['1e400', 'a number that becomes infinite'],
    ['1E+21', 'a capital exponent'],
    ['1e-400', 'a number that becomes zero'],
    ['[1,0.1000000000000000055511151231257827]', 'digits beyond doubles'],
  ])('refuses %s: %s', (text) => {
    expect(() => parse(text)).toThrowCode('ERR_JSON_FORM')
  })

  it.each([
    ['', 'nothing'],
    [' ', 'white space'],
    ['{', 'an open object'],
    ['[1,]', 'a trailing comma'],
    ['{"a":1,}', 'a trailing comma in an object'],
    ['[1 2]', 'a missing comma'],
    ['{"a" 1}', 'a missing colon'],
    ["{'a':1}", 'single quotes'],
    ['{a:1}', 'a bare name'],
    ['["a":1]', 'a name in an array'],
    ['01', 'a leading zero'],
    ['+1', 'a plus sign'],
    ['.5', 'a bare fraction'],
    ['0x10', 'hexadecimal'],
    ['NaN', 'not a number'],
    ['Infinity', 'infinity'],
    ['[undefined]', 'undefined'],
    ['True', 'a capital literal'],
    ['nullnull', 'two literals in one'],
    ['1 2', 'two values'],
    ['{}{}', 'two objects'],
    ['/**/1', 'a comment'],
    ['"a', 'an open string'],
    ['"a\\', 'a string that ends in its escape'],
    ['"\\x41"', 'an unknown escape'],
    ['"\u0000"', 'a control character'],
    ['"a\nb"', 'a line break in a string'],
    ['\u00a01', 'white space of another alphabet'],
    ['１', 'a fullwidth digit'],
    [']', 'a bracket too many'],
    ['{"a":1]', 'brackets that do not match'],
  ])('refuses %j: %s', (text) => {
    expect(() => parse(text)).toThrowCode('ERR_JSON_FORM')
  })

  it.each([
    '{"vmid":101,"vmid":102}',
    '{"a":1,"b":2,"a":1}',
    '{"a":1,"\\u0061":2}',
    '{"é":1,"\\u00e9":2}',
    '[{"x":{"a":1,"a":1}}]',
    '{"a":{"a":1},"a":2}',
    '{"a":{"b":1},"a":2}',
    '{"a":[],"a":2}',
    '{"":1,"":2}',
    '{"a" :1,"a"\n:2}',
  ])('refuses the second member of the same name in %s', (text) => {
    expect(() => parse(text)).toThrowCode('ERR_JSON_DUPLICATE_KEY')
  })

  it.each([
    '{"__proto__":{"x":1}}',
    '{"a":[{"constructor":1}]}',
    '{"prototype":1}',
    '{"\\u005f_proto__":1}',
  ])('refuses the member name in %s', (text) => {
    expect(() => parse(text)).toThrowCode('ERR_JSON_FORM')
  })

  it('refuses lone surrogates in values and names', () => {
    expect(() => parse('"\\ud800"')).toThrowCode('ERR_JSON_FORM')
    expect(() => parse('{"\\udc00":1}')).toThrowCode('ERR_JSON_FORM')
    expect(() => parse('"\\ude00\\ud83d"')).toThrowCode('ERR_JSON_FORM')
  })

  it('refuses more levels than the limit, without following them', () => {
    expect(() => parse(nested(MAX_JSON_DEPTH + 1))).toThrowCode('ERR_JSON_FORM')
    expect(() => parse('{"a":'.repeat(50_000))).toThrowCode('ERR_JSON_FORM')
  })

  it('counts bytes, not characters, against the limit', () => {
    expect(parseJson(bytes('"é"'), 4)).toBe('é')
    expect(() => parseJson(bytes('"é"'), 3)).toThrowCode('ERR_JSON_SIZE')
  })

  it.each([
    ['members', '{"a":1,"b":2}', 3],
    ['elements', '[1,2]', 3],
    ['what lies in others', '[{"a":[1]}]', 4],
    ['but no commas in strings', '[",,,,["]', 2],
  ])('counts values against the limit: %s', (_, text, count) => {
    expect(parseJson(bytes(text), 99, count)).toEqual(JSON.parse(text))
    expect(() => parseJson(bytes(text), 99, count - 1)).toThrowCode('ERR_JSON_SIZE')
  })

  it('refuses bytes that are not UTF-8, and a byte order mark', () => {
    expect(() => parseJson(Uint8Array.of(0x22, 0xff, 0x22), 99)).toThrowCode('ERR_JSON_FORM')
    expect(() => parseJson(Uint8Array.of(0x22, 0xc0, 0xaf, 0x22), 99)).toThrowCode('ERR_JSON_FORM')
    expect(() => parseJson(Uint8Array.of(0xef, 0xbb, 0xbf, 0x31), 99)).toThrowCode('ERR_JSON_FORM')
  })

  it('does not quote the text in its errors', () => {
    try {
      parse('{"password": "hunter2" oops}')
    } catch (error) {
      expect(String(error) + JSON.stringify(error)).not.toContain('hunter2')
    }
    expect.assertions(1)
  })

  it('reads a megabyte in linear time', () => {
    const text = `[${'"\\\\\\"x",1.5, '.repeat(60_000)}0]`
    const from = process.hrtime.bigint()
    parse(text)
    expect(Number(process.hrtime.bigint() - from) / 1e6).toBeLessThan(patient(500))
  })

  it('agrees with JSON.parse on every text it takes', () => {
    const token = fc.constantFrom(
      ...['{', '}', '[', ']', ':', ',', ' ', '\n', '"a"', '"b"', '"\\u0061"', '"\\ud800"', '""'],
      ...['1', '-1', '0.5', '1e2', '-0', '1.0', 'true', 'false', 'null', '"__proto__"', '\\', '"'],
    )
    const text = fc.array(token, { maxLength: 24 }).map((tokens) => tokens.join(''))
    fc.assert(
      fc.property(text, (candidate) => {
        let parsed: unknown
        try {
          parsed = parse(candidate)
        } catch {
          return
        }
        expect(parsed).toEqual(JSON.parse(candidate))
        expect(parse(write(parsed))).toEqual(parsed)
      }),
      { numRuns: 3_000 },
    )
  })

  it('takes whatever JSON.stringify writes of a plain value', () => {
    fc.assert(
      fc.property(plainValue, (value) => {
        expect(parse(JSON.stringify(value))).toEqual(JSON.parse(JSON.stringify(value)))
      }),
    )
  })
})

describe('encodeJson', () => {
  it('sorts members by code unit and writes no white space', () => {
    expect(write({ b: [1, { d: 1, c: 2 }], a: null, B: true, é: 1, '😀': 2, '\ufb33': 3 })).toBe(
      '{"B":true,"a":null,"b":[1,{"c":2,"d":1}],"é":1,"😀":2,"\ufb33":3}',
    )
  })

  it('drops undefined members, writes negative zero as zero, takes objects without a prototype', () => {
    const bare: Record<string, unknown> = Object.create(null)
    bare['x'] = -0
    expect(write({ a: undefined, b: bare })).toBe('{"b":{"x":0}}')
  })

  it.each([
    ['undefined', undefined],
    ['a function', () => 1],
    ['a symbol', Symbol('x')],
    ['a big integer', 1n],
    ['not a number', Number.NaN],
    ['infinity', -Infinity],
    ['a date', new Date(0)],
    ['a map', new Map()],
    ['bytes', new Uint8Array(1)],
    ['an instance', new (class Point {})()],
    ['a hole', new Array(1)],
    ['undefined in an array', [undefined]],
    ['a lone surrogate', '\ud800'],
    ['a lone surrogate in a name', { '\udc00': 1 }],
    ['the name constructor', { constructor: 1 }],
    ['the name __proto__', JSON.parse('{"__proto__":1}')],
    ['the name prototype', { a: [{ prototype: 1 }] }],
  ])('refuses %s', (_, value) => {
    expect(() => encodeJson(value)).toThrowCode('ERR_JSON_VALUE')
  })

  it('refuses cycles and more levels than a reader takes', () => {
    const cycle: unknown[] = []
    cycle.push({ cycle })
    expect(() => encodeJson(cycle)).toThrowCode('ERR_JSON_VALUE')
    expect(() => encodeJson([JSON.parse(nested(MAX_JSON_DEPTH))])).toThrowCode('ERR_JSON_VALUE')
    expect(write(JSON.parse(nested(MAX_JSON_DEPTH)))).toBe(nested(MAX_JSON_DEPTH))
  })

  it('writes what parseJson reads back, and writes it again the same', () => {
    fc.assert(
      fc.property(plainValue, (value) => {
        const text = write(value)
        expect(parse(text)).toEqual(value)
        expect(write(parse(text))).toBe(text)
      }),
    )
  })
})
