// SPDX-License-Identifier: Apache-2.0
/** What `sensors` prints, by the project's own table of texts. */
import { describe, expect, it } from '@jest/globals'
import { mergeSightings } from '../src/merge.ts'
import { parseSensorsJson } from '../src/sensors-json.ts'
import { SENSORS_TEXTS } from '../src/testing.ts'

function read(text: string) {
  const { sightings, notes } = parseSensorsJson(text)
  const merged = mergeSightings([], sightings)
  return { readings: merged.readings, notes: [...merged.notes, ...notes] }
}

describe('a text of sensors', () => {
  it.each(SENSORS_TEXTS)('$name', ({ text, readings, notes }) => {
    const found = read(text)
    expect(found.readings.map((one) => [one.chip, one.label, one.value, one.unit])).toEqual(
      readings,
    )
    expect(found.notes.map(({ message }) => message)).toEqual(
      notes.map((part) => expect.stringContaining(part)),
    )
  })

  it.each(SENSORS_TEXTS)('$name, cut anywhere, invents nothing', ({ text, readings }) => {
    const known = new Set(readings.map(([chip, label, value]) => `${chip} ${label} ${value}`))
    for (let length = 0; length < text.length; length += 1) {
      const found = read(text.slice(0, length)).readings
      // Without the rest, a fault flag or what proves Fahrenheit may be missing.
      if (text.includes('fault') || text.includes('212')) continue
      for (const { chip, label, value } of found) {
        expect(known).toContain(`${chip} ${label} ${value}`)
      }
    }
  })
})

describe('limits', () => {
  const limitsOf = (feature: string) => read(`{"a-isa-0":{"x":{${feature}}}}`).readings[0]

  it('are kept where they mean something', () => {
    expect(limitsOf('"temp1_input":40,"temp1_max":84.85,"temp1_crit":94.85')).toMatchObject({
      max: 84.85,
      crit: 94.85,
    })
    expect(limitsOf('"power1_average":40,"power1_cap":150')).toMatchObject({ max: 150 })
  })

  it.each(['65261.85', '-273.15', '0.0', 'NaN', '1e400'])('%s is no limit', (printed) => {
    const reading = limitsOf(`"temp1_input":40,"temp1_max":${printed},"temp1_crit":${printed}`)
    expect(reading).toMatchObject({ value: 40 })
    expect(reading?.max).toBeUndefined()
    expect(reading?.crit).toBeUndefined()
  })
})

describe('a hostile text', () => {
  it('of many brackets is read in one pass', () => {
    const text = '{"a":'.repeat(100_000)
    expect(read(text).readings).toEqual([])
  })

  it('of many quotes is read in one pass', () => {
    expect(read('" '.repeat(500_000)).readings).toEqual([])
    expect(read('"a'.repeat(500_000)).readings).toEqual([])
  })

  it('cannot bring control characters into a label', () => {
    const { readings } = read('{"a-isa-0":{"\u001b[31mCPU\u0007\u202e":{"temp1_input":40}}}')
    expect(readings[0]?.label).toBe('[31mCPU')
  })

  it('cannot change what all objects have', () => {
    read(
      '{"__proto__":{"__proto__":{"temp1_input":40}},"constructor":{"prototype":{"temp1_input":1}}}',
    )
    expect(({} as Record<string, unknown>)['temp1_input']).toBeUndefined()
  })
})
