// SPDX-License-Identifier: Apache-2.0
/** The high-water clock: it never goes down, not even over a restart. */
import { afterAll, describe, expect, it } from '@jest/globals'
import { NOW_MS, openStore, removeFolders } from './agent-store-fixture.ts'

afterAll(removeFolders)

describe('the high-water clock', () => {
  it('shows the time it is given and, at first, no record', () => {
    using store = openStore()
    expect([store.clock.now(), store.clock.highest()]).toEqual([NOW_MS, 0])
  })

  it('rises and never falls, over a restart too', () => {
    using store = openStore()
    for (const ms of [5, 3, 9, 9, 1]) store.transaction(() => store.clock.raise(ms))
    expect(store.clock.highest()).toBe(9)
    store[Symbol.dispose]()
    using again = openStore(store.path)
    expect(again.clock.highest()).toBe(9)
  })

  it('does not rise with a transaction that was rolled back', () => {
    using store = openStore()
    expect(() =>
      store.transaction(() => {
        store.clock.raise(7)
        throw new Error('accident')
      }),
    ).toThrow('accident')
    expect(store.clock.highest()).toBe(0)
  })

  it('takes instants only', () => {
    using store = openStore()
    for (const ms of [Number.NaN, 0.5, Number.POSITIVE_INFINITY]) {
      expect(() => store.transaction(() => store.clock.raise(ms))).toThrow(RangeError)
    }
  })
})
