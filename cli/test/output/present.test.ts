// SPDX-License-Identifier: Apache-2.0
/** The output of a job as tables and lists. */
import { describe, expect, it } from '@jest/globals'
import { PLAIN } from '../../src/output/paint.ts'
import { present, words } from '../../src/output/present.ts'

describe('the output of a job', () => {
  it('is a table where it is a list of flat objects, numbers with their unit at the right', () => {
    const readings = [
      { chip: 'k10temp', label: 'Tctl', value: 54.1, unit: '°C' },
      { chip: 'nvme', label: 'Composite', value: 1_041.9, unit: '°C', note: 'warm' },
    ]
    expect(present({ readings }, PLAIN).split('\n')).toEqual([
      'CHIP     LABEL          VALUE  NOTE',
      'k10temp  Tctl         54.1 °C  –',
      'nvme     Composite  1041.9 °C  warm',
    ])
  })

  it('begins its rows with what says which thing they are about', () => {
    const rows = [{ cpuPercent: 1, name: 'web', node: 'pve1', vmid: 100 }]
    expect(present(rows, PLAIN).split('\n')[0]).toBe('VMID  NAME  NODE  CPU')
  })

  it('is names and values where it is one object, and parts under their names', () => {
    const text = present({ host: 'pve1', memory: { freeBytes: 2_048, ok: true } }, PLAIN)
    expect(text).toBe('  host  pve1\n\nmemory\n  free  2.0 KiB\n  ok    yes')
  })

  it('makes rows of objects of one shape', () => {
    const text = present({ load: { a: 1, b: 2 }, io: { a: 3, b: 4 } }, PLAIN)
    expect(text).toBe('NAME  A  B\nload  1  2\nio    3  4')
  })

  it('shows nothing for what is empty, and a dash where a row has no value', () => {
    expect(present({ notes: [], none: null, one: 1 }, PLAIN)).toBe('  one  1')
    expect(present([{ a: 1 }, { a: null, b: [] }], PLAIN)).toBe('A\n1\n–')
  })

  it('shows scalars, lists and what is nested too deep without breaking', () => {
    expect(present(42, PLAIN)).toBe('42')
    expect(present(null, PLAIN)).toBe('–')
    expect(present(['a', 'b'], PLAIN)).toBe('a, b')
    expect(present([{ deep: { er: [{}] } }], PLAIN)).toBe('[{"deep":{"er":[{}]}}]')
  })

  it('never passes a control character on, in a name or in a value', () => {
    const hostile = '\u001b[2J\u202e\r\n'
    const text = present(
      { [hostile]: hostile, list: [{ [hostile]: hostile }], deep: [[{ a: hostile }]] },
      PLAIN,
    )
    expect(text.replace(/\n/g, '')).not.toMatch(/[\u0000-\u001f\u007f\u202e]/)
  })
})

describe('the name of a member', () => {
  it.each([
    ['freeBytes', 'free'],
    ['average10SecondsPercent', 'average 10 seconds'],
    ['used_by', 'used by'],
  ])('%s is shown as %s', (name, shown) => {
    expect(words(name)).toBe(shown)
  })
})
