// SPDX-License-Identifier: Apache-2.0
/** Instants as text and as numbers; the catalogue of refusals. */
import { describe, expect, it } from '@jest/globals'
import {
  Instant,
  REFUSALS,
  REFUSAL_REASONS,
  Version,
  epochMs,
  instantOf,
} from '@sallyport/core/protocol'
import fc from 'fast-check'

describe('instants', () => {
  it('become milliseconds and the same text again', () => {
    const year9999 = Date.UTC(9999, 11, 31, 23, 59, 59, 999)
    fc.assert(
      fc.property(fc.integer({ min: 0, max: year9999 }), (ms) => {
        expect(epochMs(Instant.parse(instantOf(ms)))).toBe(ms)
      }),
    )
  })

  it('refuse a day that no calendar has', () => {
    expect(Instant.safeParse('2026-13-01T00:00:00.000Z').success).toBe(false)
    expect(Instant.safeParse('2026-02-29T00:00:00.000Z').success).toBe(false)
    expect(Instant.safeParse('2024-02-29T00:00:00.000Z').success).toBe(true)
  })
})

describe('versions', () => {
  it.each(['0.1.0', '10.20.30', '1.0.0-rc.1'])('take %s', (version) => {
    expect(Version.safeParse(version).success).toBe(true)
  })

  it.each(['1', '1.0', 'v1.0.0', '01.0.0', '1.0.0+build', '1.0.0 ', '1.0.0-'])(
    'refuse %j',
    (version) => {
      expect(Version.safeParse(version).success).toBe(false)
    },
  )
})

describe('refusals', () => {
  it('each have a meaning and a remedy', () => {
    for (const reason of REFUSAL_REASONS) {
      expect(reason).toMatch(/^[a-z]+(_[a-z]+)*$/)
      expect(REFUSALS[reason].meaning).toMatch(/^[A-Z].*\.$/)
      expect(REFUSALS[reason].remedy).toMatch(/^[A-Z].*\.$/)
    }
  })
})
