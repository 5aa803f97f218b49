// SPDX-License-Identifier: Apache-2.0
/** The order of versions, as everybody who publishes expects it. */
import { describe, expect, it } from '@jest/globals'
import { compareVersions, Version } from '../../src/protocol/index.ts'

/** Each one lower than the next. */
const RISING = [
  '0.0.0',
  '0.0.9',
  '0.0.10',
  '0.9.0',
  '0.10.0',
  '1.0.0-1',
  '1.0.0-2',
  '1.0.0-10',
  '1.0.0--',
  '1.0.0-alpha',
  '1.0.0-alpha.1',
  '1.0.0-alpha.1.0',
  '1.0.0-alpha.beta',
  '1.0.0-beta',
  '1.0.0-beta.2',
  '1.0.0-beta.11',
  '1.0.0-rc.1',
  '1.0.0',
  '1.0.1-a',
  '2.0.0',
  '10.0.0',
  '9007199254740992.0.0',
  '9007199254740993.0.0',
]

describe('the order of versions', () => {
  it('puts each of a rising row above all before it', () => {
    for (const [at, version] of RISING.entries()) {
      expect(Version.safeParse(version).success).toBe(true)
      for (const [before, lower] of RISING.entries()) {
        expect(Math.sign(compareVersions(version, lower))).toBe(Math.sign(at - before))
      }
    }
  })

  it('finds no difference where there is none', () => {
    expect(compareVersions('1.2.3-a.1', '1.2.3-a.1')).toBe(0)
    expect(compareVersions('1.2.3-a.01', '1.2.3-a.1')).toBe(0)
  })
})
