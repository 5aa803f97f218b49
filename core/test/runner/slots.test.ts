// SPDX-License-Identifier: Apache-2.0
/** Slots: never more than there are, in the order of asking, and none after the end. */
import { describe, expect, it } from '@jest/globals'
import { Slots } from '../../src/runner/slots.ts'

describe('slots', () => {
  it('are given up to their count, then to those that wait, in their order', async () => {
    const slots = new Slots(2, 8)
    const taken: number[] = []
    const all = [0, 1, 2, 3].map(async (n) => (await slots.take()) && taken.push(n))
    await Promise.all(all.slice(0, 2))
    expect(taken).toEqual([0, 1])
    slots.give()
    await all[2]
    expect(taken).toEqual([0, 1, 2])
    slots.give()
    await all[3]
    expect(taken).toEqual([0, 1, 2, 3])
  })

  it('come back when nobody waits', async () => {
    const slots = new Slots(1, 8)
    for (let n = 0; n < 3; n += 1) {
      expect(await slots.take()).toBe(true)
      slots.give()
    }
  })

  it('are waited for by so many only', async () => {
    const slots = new Slots(1, 1)
    expect(await slots.take()).toBe(true)
    const second = slots.take()
    expect(await slots.take()).toBe(false)
    slots.give()
    expect(await second).toBe(true)
  })

  it('are given to nobody after the end', async () => {
    const slots = new Slots(1, 8)
    expect(await slots.take()).toBe(true)
    const second = slots.take()
    slots.close()
    expect(await second).toBe(false)
    slots.give()
    expect(await slots.take()).toBe(false)
  })
})
