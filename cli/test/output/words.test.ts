// SPDX-License-Identifier: Apache-2.0
/** Numbers, names and spans of time for people. */
import { describe, expect, it } from '@jest/globals'
import { parseDuration } from '../../src/output/duration.ts'
import { measured, unitOf } from '../../src/output/units.ts'
import { count, counted, relative, short, shortDigest, size, span } from '../../src/output/words.ts'

const DAY = 86_400_000

describe('words for people', () => {
  it.each([
    [0, '0 ms'],
    [0.42, '0.4 ms'],
    [46.4, '46 ms'],
    [1_240, '1.2 s'],
    [59_000, '59 s'],
    [600_000, '10 min'],
    [3 * 3_600_000, '3 h'],
    [9 * DAY, '9 days'],
    [-46, '-46 ms'],
  ])('write a span of %d ms as %s', (ms, text) => expect(span(ms)).toBe(text))

  it.each([
    [-4_000, '4 s ago'],
    [600_000, 'in 10 min'],
    [400, 'now'],
    [-2 * DAY, '2 days ago'],
  ])('write an instant %d ms away as %s', (distance, text) => {
    expect(relative(1e12 + distance, 1e12)).toBe(text)
  })

  it.each([
    [0, '0 B'],
    [312, '312 B'],
    [4_200, '4.1 KiB'],
    [8_388_608, '8.0 MiB'],
    [25_323_552_768, '23.6 GiB'],
  ])('write %d bytes as %s', (bytes, text) => expect(size(bytes)).toBe(text))

  it('separate thousands and agree with their nouns', () => {
    expect(count(18_402)).toBe('18,402')
    expect(counted(1, 'check')).toBe('1 check')
    expect(counted(0, 'audit entry', 'audit entries')).toBe('0 audit entries')
  })

  it('shorten identifiers so that start and end can be compared', () => {
    expect(short('0193f2ab-1111-7222-8333-444455556c21')).toBe('0193f2ab…c21')
    expect(short('short')).toBe('short')
    expect(shortDigest(`sha256:${'5e1c'.repeat(16)}`)).toBe('sha256:5e1c5e1c…e1c')
  })

  it('take the unit from the name of a number', () => {
    expect(unitOf('Bytes')).toBeUndefined()
    expect(measured('freeBytes', 1_024)).toBe('1.0 KiB')
    expect(measured('usePercent', 76.543)).toBe('76.5 %')
    expect(measured('uptimeSeconds', 3_600)).toBe('60 min')
    expect(measured('uptimeSeconds', 4_320_000)).toBe('50 days')
    expect(measured('value', 1 / 3)).toBe('0.333')
  })
})

describe('a typed span of time', () => {
  it.each([
    ['90s', 90_000],
    ['10m', 600_000],
    ['12h', 43_200_000],
    ['365d', 365 * DAY],
  ])('of %s is understood', (text, ms) => expect(parseDuration('valid', text)).toBe(ms))

  it.each(['', '10', '0s', '-1s', '1.5h', '10 m', '1e3s', '9999999999s', '10min'])(
    'of %j is a usage error',
    (text) => expect(() => parseDuration('valid', text)).toThrowCode('ERR_USAGE'),
  )
})
