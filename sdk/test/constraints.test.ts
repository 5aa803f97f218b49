// SPDX-License-Identifier: Apache-2.0
/** Constraints on queries and bodies hold, however a field is spelt. */
import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { bodyFault, fieldScopeFaults, flatFault } from '../src/index.ts'
import type { Constraint, FieldScope } from '../src/index.ts'

const JOB = new Map([['vmid', ['101', '103']]])

function scope(fields: FieldScope['fields'], others: FieldScope['others'] = 'allowed'): FieldScope {
  return { fields, others }
}

const flat = (fields: FieldScope['fields'], given: object, others?: FieldScope['others']) =>
  flatFault(scope(fields, others), given as never, JOB)
const body = (fields: FieldScope['fields'], given: unknown, others?: FieldScope['others']) =>
  bodyFault(scope(fields, others), given, JOB)

describe('a value', () => {
  it.each<[string, Constraint, readonly unknown[], readonly unknown[]]>([
    [
      'equal to a number',
      { equals: 1 },
      [1, 1.0],
      ['1', true, 0, -1, 1.5, null, [1], { a: 1 }, '', '01', [], 2],
    ],
    [
      'equal to a text',
      { equals: 'on' },
      ['on'],
      ['On', 'on ', ' on', 'on\n', true, 1, ['on'], null],
    ],
    ['equal to false', { equals: false }, [false], [true, 0, '', 'false', null, [], [false]]],
    ['equal to nothing', { equals: null }, [null], [0, '', false, 'null', [], {}]],
    ['one of some', { oneOf: ['a', 2, true] }, ['a', 2, true], ['A', '2', 'true', 1, ['a'], null]],
    [
      'within a range',
      { min: 1, max: 4 },
      [1, 4, 2.5],
      [0, 5, -1, 4.000001, '2', true, null, [2], { a: 2 }, NaN, Infinity],
    ],
    ['from a number on', { min: 0 }, [0, 1e9, -0], [-1, '1', null, NaN, -Infinity]],
    [
      'like a pattern',
      { pattern: 'a|bc' },
      ['a', 'bc'],
      ['ab', 'c', 'a\n', '\na', 'xa', '', 1, null, ['a']],
    ],
    [
      'a resource',
      { resource: 'vmid' },
      [101, '101', 103],
      [102, '0101', ' 101', '101 ', 101.5, true, null, [101], '1e2', '101,102', { a: 101 }, ''],
    ],
    ['forbidden', { forbidden: true }, [], [null, '', false, 0, [], {}, 'x']],
  ])('%s is so in a JSON body', (_, constraint, good, bad) => {
    for (const value of good)
      expect([value, body({ f: constraint }, { f: value })]).toEqual([value, undefined])
    for (const value of bad)
      expect([value, typeof body({ f: constraint }, { f: value })]).toEqual([value, 'string'])
  })

  it.each<[string, Constraint, readonly unknown[], readonly unknown[]]>([
    [
      'equal to a number',
      { equals: 1 },
      [1, '1'],
      [true, '01', '1.0', '+1', ' 1', 'true', '', 1.5],
    ],
    ['equal to false', { equals: false }, [false, 'false'], [0, '0', '', 'False', 'no', 'off']],
    ['equal to nothing', { equals: null }, [], ['null', '', 0, false]],
    ['one of some', { oneOf: ['a', 2] }, ['a', 2, '2'], ['A', '2.0', true, '']],
    [
      'within a range',
      { min: 1, max: 400 },
      [1, '400', '2.5', '007'.slice(2)],
      [
        '0',
        '401',
        '1e2',
        '0x10',
        '1 ',
        ' 1',
        '+1',
        '01',
        '1_0',
        '１',
        '',
        'x',
        true,
        '1,5',
        '1.',
        '.5',
        '1e400',
      ],
    ],
    ['a resource', { resource: 'vmid' }, [101, '103'], ['102', '0101', '101 ', true, 'vmid']],
    ['like a pattern', { pattern: '[0-9]+' }, ['1', 12], ['1\n', '１', '', 'a']],
    ['forbidden', { forbidden: true }, [], ['', 0, false, 'x']],
  ])('%s is so in a query and a form', (_, constraint, good, bad) => {
    for (const value of good)
      expect([value, flat({ f: constraint }, { f: value })]).toEqual([value, undefined])
    for (const value of bad)
      expect([value, typeof flat({ f: constraint }, { f: value })]).toEqual([value, 'string'])
  })
})

describe('several values of one field', () => {
  const named = { vmid: { resource: 'vmid' } }

  it('must fit, each of them', () => {
    expect(flat(named, { vmid: [101, 103] })).toBeUndefined()
    expect(flat(named, { vmid: [101, 102] })).toMatch(/must be a vmid/)
    expect(flat(named, { vmid: ['102', 101] })).toMatch(/must be a vmid/)
  })

  it('are no values when there is none', () => {
    expect(flat({ vmid: { resource: 'vmid', required: true } }, { vmid: [] })).toMatch(/missing/)
    expect(flat({ vmid: { forbidden: true } }, { vmid: [] })).toBeUndefined()
  })

  it('are named by * in a body', () => {
    const each = { 'vmids.*': { resource: 'vmid' } }
    expect(body(each, { vmids: [101, '103'] })).toBeUndefined()
    expect(body(each, { vmids: [101, 102] })).toMatch(/"vmids.1" must be a vmid/)
    expect(body(each, { vmids: { a: 102 } })).toMatch(/must be a vmid/)
    expect(body(each, { vmids: [[101]] })).toMatch(/must be a vmid/)
    expect(body(named, { vmid: [101] })).toMatch(/must be a vmid/)
  })
})

const privileged = { 'HostConfig.Privileged': { forbidden: true as const } }

describe('a forbidden field of a body', () => {
  it.each<[string, unknown]>([
    ['itself', { HostConfig: { Privileged: true } }],
    ['false', { HostConfig: { Privileged: false } }],
    ['null', { HostConfig: { Privileged: null } }],
    ['in small letters', { hostconfig: { privileged: true } }],
    ['in other case', { HostConfig: { PRIVILEGED: true } }],
    ['in other case above', { hostConfig: { Privileged: true } }],
    ['with a long s', { 'Ho\u017ftConfig': { Privileged: true } }],
    ['with a Kelvin sign', { 'HostConfig\u212a': 1, HostConfig: { Privileged: 1 } }],
    ['in wide letters', { HostConfig: { Ｐrivileged: true } }],
    ['with a score', { host_config: { privileged: true } }],
    ['with a dash', { 'host-config': { Privileged: true } }],
    ['as one name with a dot', { 'HostConfig.Privileged': true }],
    ['as one name with something below', { 'HostConfig.Privileged.x': true }],
    ['as one name with brackets', { 'HostConfig[Privileged]': true }],
    ['with white space', { ' HostConfig': { Privileged: true } }],
    ['beside the honest one', { HostConfig: {}, hostconfig: { Privileged: true } }],
    ['the other spelling alone', { hostconfig: null }],
    ['in a list', { HostConfig: { Privileged: [true] } }],
    ['by a prototype', JSON.parse('{"__proto__":{"HostConfig":{"Privileged":true}}}')],
    ['by a constructor', { constructor: { prototype: { Privileged: true } } }],
    ['invisibly', { HostConfig: { 'Privileged\u200b': true } }],
    ['with a NUL', { HostConfig: { 'Privileged\u0000': true } }],
  ])('is found: %s', (_, given) => {
    expect(typeof body(privileged, given)).toBe('string')
  })

  it.each<[string, unknown]>([
    ['nothing', {}],
    ['others', { Image: 'x', HostConfig: { Memory: 1, Binds: ['/a:/b'] }, Labels: { a: 'b' } }],
    ['the name elsewhere', { Labels: { Privileged: 'no' } }],
    ['a part without it', { HostConfig: null }],
  ])('is not seen where it is not: %s', (_, given) => {
    expect(body(privileged, given)).toBeUndefined()
  })

  it('is found behind * in every item', () => {
    const mounts = { 'Mounts.*.Type': { oneOf: ['volume'] as const } }
    expect(body(mounts, { Mounts: [{ Type: 'volume' }, { Type: 'volume' }] })).toBeUndefined()
    expect(body(mounts, { Mounts: [{ Type: 'volume' }, { Type: 'bind' }] })).toMatch(
      /Mounts.1.Type/,
    )
    expect(body(mounts, { Mounts: [{ type: 'bind' }] })).toMatch(/another spelling/)
    expect(body(mounts, { mounts: [{ Type: 'bind' }] })).toMatch(/another spelling/)
    expect(body(mounts, { 'Mounts.0.Type': 'bind' })).toMatch(/another spelling/)
    expect(body(mounts, { Mounts: { x: { Type: 'bind' } } })).toMatch(/must be one of/)
  })
})

describe('a field of a query or a form', () => {
  it.each([
    'Force',
    'FORCE',
    'force[]',
    'force[0]',
    'force[a]',
    'force.a',
    'force.',
    '.force',
    '[force]',
    'force ',
    ' force',
    'f\u200borce',
    'ｆorce',
    'force-',
    '_force',
    'fo_rce',
    'f.orce',
    'force]',
    'force[',
    '[]',
    '',
    'force\u0000',
    'force\n',
    '__proto__',
    'constructor',
    'a[__proto__]',
    'a.constructor.prototype',
    '_method',
    '_METHOD',
  ])('is not evaded by %p', (name) => {
    expect(typeof flat({ force: { forbidden: true } }, { [name]: 1 })).toBe('string')
    const own = JSON.parse(`{${JSON.stringify(name)}:1}`) as object
    expect(typeof flat({ force: { forbidden: true } }, own)).toBe('string')
  })

  it('with brackets is named as it is written', () => {
    const filter = { 'filter[name]': { equals: 'x' } }
    expect(flat(filter, { 'filter[name]': 'x' })).toBeUndefined()
    expect(flat(filter, { 'filter[name]': 'y' })).toMatch(/must be/)
    for (const name of ['filter.name', 'filter[Name]', 'filter', 'filter[name][]', 'filter_name']) {
      expect(flat(filter, { [name]: 'y' })).toMatch(/another spelling/)
    }
    expect(flat(filter, { 'filter[other]': 'y' })).toBeUndefined()
  })

  it('may have any part for a *', () => {
    const any = { 'net.*': { equals: 1 } }
    expect(flat(any, { 'net.a': 1, 'net[b]': 1 })).toBeUndefined()
    expect(flat(any, { 'net.a': 2 })).toMatch(/must be/)
    expect(flat(any, { 'Net.a': 1 })).toMatch(/another spelling/)
  })

  it.each(['other', 'forced', 'enforce', 'a[b]', 'a.b', 'for'])('leaves %p alone', (name) => {
    expect(flat({ force: { forbidden: true } }, { [name]: 1 })).toBeUndefined()
  })
})

describe('fields that are not named', () => {
  it('are refused where others are forbidden', () => {
    const only = { a: { equals: 1 }, 'b.c': { equals: 2 } }
    expect(flat(only, { a: 1 }, 'forbidden')).toBeUndefined()
    expect(flat(only, { a: 1, x: 1 }, 'forbidden')).toMatch(/"x" is not approved/)
    expect(body(only, { a: 1, b: { c: 2 } }, 'forbidden')).toBeUndefined()
    expect(body(only, { b: {} }, 'forbidden')).toBeUndefined()
    expect(body(only, { a: 1, x: 1 }, 'forbidden')).toMatch(/"x" is not approved/)
    expect(body(only, { b: { c: 2, d: 3 } }, 'forbidden')).toMatch(/"b.d" is not approved/)
    expect(body(only, { b: 5 }, 'forbidden')).toMatch(/"b" is not approved/)
    expect(body(only, { x: undefined }, 'forbidden')).toBeUndefined()
  })
})

describe('a required field', () => {
  it('is there, in a query and in a body', () => {
    const needed = { a: { equals: 1, required: true } }
    expect(flat(needed, {})).toMatch(/"a" is missing/)
    expect(body(needed, {})).toMatch(/"a" is missing/)
    expect(body(needed, { a: undefined })).toMatch(/"a" is missing/)
    expect(body(needed, Object.create({ a: 1 }) as object)).toMatch(/"a" is missing/)
    expect(body(needed, { a: 1 })).toBeUndefined()
  })

  it('is there in every item behind a *', () => {
    const needed = { 'm.*.t': { equals: 1, required: true } }
    expect(body(needed, { m: [{ t: 1 }, { t: 1 }] })).toBeUndefined()
    expect(body(needed, { m: [{ t: 1 }, {}] })).toMatch(/missing/)
    expect(body(needed, { m: [{ t: 1 }, 5] })).toMatch(/missing/)
    expect(body(needed, {})).toMatch(/missing/)
  })
})

describe('a body', () => {
  it.each([1, 'text', true, null, undefined])('with constraints is no %p', (given) => {
    expect(body({ a: { equals: 1 } }, given)).toMatch(/neither an object nor a list/)
  })

  it('is looked at to the end, or refused', () => {
    expect(body({ a: { equals: 1 } }, { x: Array.from({ length: 10_001 }, () => 1) })).toMatch(
      /more than/,
    )
    let deep: object = {}
    for (let depth = 0; depth < 40; depth += 1) deep = { deep }
    expect(body({ a: { equals: 1 } }, deep)).toMatch(/deeper/)
    const round: Record<string, unknown> = {}
    round['round'] = round
    expect(body({ a: { equals: 1 } }, round)).toMatch(/deeper/)
  })
})

describe('whatever the spelling', () => {
  it('no body holds a forbidden name that an indifferent reader would find', () => {
    const letters = fc.constantFrom(
      'force',
      'Force',
      'FORCE',
      'fOrCe',
      'ſ',
      'x',
      '_',
      '-',
      '.',
      '[',
      ']',
      ' ',
      'ｆ',
    )
    const name = fc.array(letters, { minLength: 1, maxLength: 4 }).map((parts) => parts.join(''))
    const reads = (text: string): string =>
      text
        .normalize('NFKC')
        .toLowerCase()
        .trim()
        .split(/[.[\]]/)[0]!
    fc.assert(
      fc.property(fc.dictionary(name, fc.constant(1), { maxKeys: 4 }), (given) => {
        if (flat({ force: { forbidden: true } }, given) !== undefined) return
        expect(Object.keys(given).map(reads)).not.toContain('force')
      }),
      { numRuns: 1_000 },
    )
  })

  it('no JSON body hides a forbidden member at its place from a reader without case', () => {
    const key = fc.constantFrom(
      'HostConfig',
      'hostconfig',
      'HOSTCONFIG',
      'Privileged',
      'privileged',
      'Labels',
    )
    const value = fc.letrec((tie) => ({
      any: fc.oneof(
        { depthSize: 'small' },
        fc.boolean(),
        fc.dictionary(key, tie('any'), { maxKeys: 3 }),
      ),
    })).any
    const finds = (given: unknown): boolean =>
      Object.entries(given ?? {}).some(
        ([outer, inner]) =>
          outer.toLowerCase() === 'hostconfig' &&
          Object.keys((inner ?? {}) as object).some((each) => each.toLowerCase() === 'privileged'),
      )
    fc.assert(
      fc.property(fc.dictionary(key, value, { maxKeys: 4 }), (given) => {
        if (body(privileged, given) === undefined) expect(finds(given)).toBe(false)
      }),
      { numRuns: 700 },
    )
  })
})

describe('a set of constraints', () => {
  it.each<[string, FieldScope['fields']]>([
    ['an empty name', { '': { equals: 1 } }],
    ['an empty part', { 'a..b': { equals: 1 } }],
    ['a dot at the end', { 'a.': { equals: 1 } }],
    ['a prototype', { 'a.__proto__': { equals: 1 } }],
    ['an invisible letter', { 'a\u200b': { equals: 1 } }],
    ['no number at all', { a: { min: 2, max: 1 } }],
    ['a pattern that is none', { a: { pattern: '(' } }],
    ['a pattern that closes the group around it', { a: { pattern: 'a)|(b' } }],
    [
      'too many fields',
      Object.fromEntries(Array.from({ length: 65 }, (_, at) => [`f${at}`, { equals: 1 }])),
    ],
  ])('with %s is faulty', (_, fields) => {
    expect(fieldScopeFaults(scope(fields))).toHaveLength(1)
  })

  it('is good otherwise', () => {
    expect(
      fieldScopeFaults(scope({ a: { max: 1 }, 'b.*.c': { pattern: 'x' }, '*': { equals: 1 } })),
    ).toEqual([])
  })
})
