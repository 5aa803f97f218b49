// SPDX-License-Identifier: Apache-2.0
/** Text from elsewhere cannot steer a terminal. */
import { describe, expect, it } from '@jest/globals'
import { safeJson, safeLines, safeText } from '../../src/output/safe-text.ts'

/** One of each kind of character that hides, steers or turns. */
const HIDDEN: readonly [name: string, character: string][] = [
  ['escape', '\u001b'],
  ['bell', '\u0007'],
  ['carriage return', '\r'],
  ['delete', '\u007f'],
  ['C1 control sequence introducer', '\u009b'],
  ['right-to-left override', '\u202e'],
  ['right-to-left isolate', '\u2067'],
  ['left-to-right mark', '\u200e'],
  ['Arabic letter mark', '\u061c'],
  ['zero width space', '\u200b'],
  ['zero width joiner', '\u200d'],
  ['word joiner', '\u2060'],
  ['byte order mark', '\ufeff'],
  ['soft hyphen', '\u00ad'],
  ['line separator', '\u2028'],
  ['no-break space', '\u00a0'],
  ['Hangul filler', '\u3164'],
  ['variation selector', '\ufe0f'],
  ['tag letter', '\u{e0041}'],
  ['private use', '\ue000'],
  ['lone surrogate', '\ud800'],
]

describe('text from elsewhere', () => {
  it.each(HIDDEN)('shows %s instead of obeying it', (_, character) => {
    const shown = safeText(`a${character}b`)
    expect(shown).toBe(`a\\u{${character.codePointAt(0)!.toString(16)}}b`)
  })

  it('keeps letters, digits, signs and spaces of every script', () => {
    const text = 'Tctl 54.1 °C · Żółć ひらがな 温度 ключ ‒ “ok” ✓ 😀 e\u0301'
    expect(safeText(text)).toBe(text)
  })

  it('shows line breaks and tabs as such', () => {
    expect(safeText('a\nb\tc')).toBe('a\\nb\\tc')
  })

  it('is cut where nobody would read on', () => {
    expect(safeText('x'.repeat(5_000))).toHaveLength(2_001)
  })

  it('keeps its lines and tabs where lines are wanted, and nothing else', () => {
    expect(safeLines('a\r\n\tb\u001b[2Jc')).toBe('a\n\tb\\u{1b}[2Jc')
  })
})

describe('JSON for a terminal', () => {
  it.each(HIDDEN)('holds no raw %s and is still the same JSON', (_, character) => {
    const value = { [`k${character}`]: [`v${character}`] }
    const text = safeJson(value)
    expect(text).not.toContain(character)
    expect(JSON.parse(text)).toEqual(value)
  })
})
