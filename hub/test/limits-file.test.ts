// SPDX-License-Identifier: Apache-2.0
/** The knobs, and the file that changes some of them. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { readLimits } from '../src/limits-file.ts'
import { KNOBS, PROFILES, limitsOf } from '../src/limits.ts'

describe('the limits of a hub', () => {
  let folder: string
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'sallyport-limits-'))
  })
  afterAll(() => rmSync(folder, { recursive: true, force: true }))
  const read = (text: string) => {
    const file = join(folder, 'limits.json')
    writeFileSync(file, text)
    return readLimits('homelab', file)
  }

  it.each(PROFILES)('have defaults of profile %s that each knob takes', (profile) => {
    for (const [name, { min, max, ...knob }] of Object.entries(KNOBS)) {
      expect(`${name} ${knob[profile] >= min && knob[profile] <= max}`).toBe(`${name} true`)
    }
    expect(readLimits(profile, undefined)).toEqual(limitsOf(profile))
  })

  it('are those of the file where it names them', () => {
    expect(read('{"lockOutAfter":30}')).toEqual({ ...limitsOf('homelab'), lockOutAfter: 30 })
  })

  it.each([
    '{"lockOutsAfter":30}',
    '{"__proto__":30}',
    '{"toString":1}',
    '{"lockOutAfter":"30"}',
    '{"lockOutAfter":0}',
    '{"lockOutAfter":1.5}',
    '{"lockOutAfter":1,"lockOutAfter":2}',
    '{"tokenMs":1000}',
    '{"tokenMs":null}',
    '{"lockOutAfter":1}',
    '[]',
    'null',
    '',
  ])('are refused from a file with %s', (text) => {
    expect(() => read(text)).toThrowCode('ERR_LIMITS_FILE')
  })

  it('are refused from a file that is not there', () => {
    expect(() => readLimits('msp', join(folder, 'none.json'))).toThrowCode('ERR_LIMITS_FILE')
  })
})
