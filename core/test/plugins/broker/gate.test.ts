// SPDX-License-Identifier: Apache-2.0
/** Calls that never come back keep their place, and only theirs. */
import { describe, expect, it } from '@jest/globals'
import { Gate } from '../../../src/plugins/broker/gate.ts'

const never = new Promise<never>(() => undefined)

describe('Gate', () => {
  it('lets no more through than it is wide', async () => {
    const gate = new Gate(2, 1_000)
    const { signal } = new AbortController()
    let inside = 0
    let most = 0
    const call = async (): Promise<void> => {
      most = Math.max(most, ++inside)
      await new Promise((done) => setTimeout(done, 5))
      inside -= 1
    }
    await Promise.all(Array.from({ length: 10 }, () => gate.pass(signal, call)))
    expect(most).toBe(2)
  })

  it('leaves a call behind that takes too long, and keeps its place taken', async () => {
    const gate = new Gate(1, 30)
    const { signal } = new AbortController()
    await expect(gate.pass(signal, () => never)).rejects.toThrowCode('ERR_LIMIT')
    await expect(gate.pass(signal, () => Promise.resolve(1))).rejects.toThrowCode('ERR_LIMIT')
  })

  it('makes no call whose time was over while it waited', async () => {
    const gate = new Gate(1, 40)
    const { signal } = new AbortController()
    let calls = 0
    const slow = gate.pass(signal, () => new Promise((done) => setTimeout(done, 80)))
    const late = gate.pass(signal, async () => void (calls += 1))
    await Promise.allSettled([slow, late])
    await new Promise((done) => setTimeout(done, 80))
    expect(calls).toBe(0)
    expect(await gate.pass(signal, () => Promise.resolve('free'))).toBe('free')
  })

  it('stops waiting when the run is over', async () => {
    const gate = new Gate(1, 10_000)
    const over = new AbortController()
    const call = gate.pass(over.signal, () => never)
    over.abort(Object.assign(new Error('over'), { code: 'ERR_RUN_OVER' }))
    await expect(call).rejects.toThrowCode('ERR_RUN_OVER')
  })
})
