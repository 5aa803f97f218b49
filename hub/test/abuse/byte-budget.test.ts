// SPDX-License-Identifier: Apache-2.0
/** Bytes on their way: so many of each peer, and so many in all. */
import { describe, expect, it } from '@jest/globals'
import { ByteBudget } from '../../src/abuse/byte-budget.ts'

const part = (subject: string, bytes: number) => ({ subject, bytes, mostOfSubject: 10 })

describe('a budget of bytes', () => {
  it('is each subject its own, up to what all may have', () => {
    const budget = new ByteBudget(25)
    budget.reserve(part('a', 10))
    expect(() => budget.reserve(part('a', 1))).toThrowCode('ERR_BUSY')
    budget.reserve(part('b', 10))
    budget.reserve(part('c', 5))
    expect(() => budget.reserve(part('d', 1))).toThrowCode('ERR_BUSY')
  })

  it('has room again once a part is given back, and only once', () => {
    const budget = new ByteBudget(100)
    const release = budget.reserve(part('a', 10))
    release()
    release()
    budget.reserve(part('a', 10))
    expect(() => budget.reserve(part('a', 1))).toThrowCode('ERR_BUSY')
  })

  it('lets one through that is larger than all of it', () => {
    const budget = new ByteBudget(5)
    const release = budget.reserve(part('a', 50))
    expect(() => budget.reserve(part('b', 1))).toThrowCode('ERR_BUSY')
    release()
    budget.reserve(part('b', 1))
  })
})
