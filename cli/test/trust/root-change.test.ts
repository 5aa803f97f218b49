// SPDX-License-Identifier: Apache-2.0
/** The next version of a root: what it takes over, and what it must never become. */
import { describe, expect, it } from '@jest/globals'
import {
  holdersOf,
  leaving,
  nextRoot,
  renewed,
  rootKeyFor,
  shortagesOf,
} from '../../src/trust/root-change.ts'
import { firstRoot, keysOf, personOf } from '../support/roots.ts'
import { NOW } from '../support/site.ts'

const nowMs = Date.parse(NOW)
const ann = personOf('ann')
const ben = personOf('ben')
const root = firstRoot([ann])

describe('the next root', () => {
  it('has the next version, a validity of its own, and everything else as it was', () => {
    const next = nextRoot(root, {}, { nowMs, days: 10 })
    expect(next).toEqual({
      ...root,
      version: 2,
      issuedAt: NOW,
      expiresAt: '2026-12-02T08:00:00.000Z',
    })
  })

  it('is refused without a holder who could follow it up, or with fewer than must', () => {
    const operatorsOnly = root.keys.filter(({ role }) => role !== 'root')
    expect(() => nextRoot(root, { keys: operatorsOnly }, { nowMs })).toThrowCode('ERR_ROOT_CHANGE')
    const two = { ...root, keys: [...keysOf(ann), ...keysOf(ben)] }
    expect(nextRoot(two, { rootThreshold: 2 }, { nowMs }).rootThreshold).toBe(2)
    // Both root keys of ann are one holder.
    expect(() => nextRoot(root, { rootThreshold: 2 }, { nowMs })).toThrow(/1 \(ann\)/)
  })

  it('is refused without an operator whose key counts', () => {
    const rootsOnly = root.keys.filter(({ role }) => role === 'root')
    expect(() => nextRoot(root, { keys: rootsOnly }, { nowMs })).toThrow(/no operator/)
    const ended = leaving(root.keys, ({ role }) => role === 'operator', { nowMs, days: 0 })
    expect(() => nextRoot(root, { keys: ended }, { nowMs })).toThrow(/no operator/)
  })

  it('is refused with a key in two roles', () => {
    const [operator] = root.keys
    const twice = [...root.keys, { ...operator!, role: 'publisher' as const }]
    expect(() => nextRoot(root, { keys: twice }, { nowMs })).toThrow(/a key stands twice/)
  })
})

describe('a key that leaves', () => {
  it('counts for some weeks more, and never longer than it would have', () => {
    const isAnn = ({ role }: { role: string }): boolean => role === 'operator'
    expect(leaving(root.keys, isAnn, { nowMs })[0]!.notAfter).toBe('2027-01-03T08:00:00.000Z')
    const ends = leaving(root.keys, isAnn, { nowMs, days: 1 })
    expect(leaving(ends, isAnn, { nowMs })).toEqual(ends)
    expect(ends.slice(1)).toEqual(root.keys.slice(1))
  })

  it('is not renewed with the others', () => {
    const { signingKey } = keysOf(personOf('ann'))[0]!
    const added = rootKeyFor(
      { holder: 'ann', role: 'operator', signingKey, sealingKey: null },
      { nowMs, days: 300 },
    )
    const left = leaving(root.keys, ({ role }) => role === 'operator', { nowMs })
    const after = renewed([...left, added], { nowMs, days: 1_100 })
    expect(after[0]).toEqual(left[0])
    expect(after.slice(1).map(({ notAfter }) => notAfter)).toEqual(
      Array(3).fill('2029-11-26T08:00:00.000Z'),
    )
  })
})

describe('what a root asks for', () => {
  it('is held against the holders that there are, each counted once', () => {
    expect(holdersOf(root, 'root', nowMs)).toEqual(['ann'])
    expect(shortagesOf(root, nowMs)).toEqual([])
    const thresholds = root.thresholds.map((each) => {
      return each.effect === 'destroy' ? { ...each, operators: 2, customers: 1 } : each
    })
    expect(shortagesOf({ ...root, thresholds }, nowMs)).toEqual([
      'destroy of * asks for 2 operators, and there are 1',
      'destroy of * asks for 1 customers, and there are 0',
    ])
  })
})
