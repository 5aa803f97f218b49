// SPDX-License-Identifier: Apache-2.0
/** Calls that never come back keep their place, and only theirs. */
import { describe, expect, it } from '@jest/globals'
import { Gate } from '../../../src/plugins/broker/gate.ts'

const never = new Promise<never>(() => undefined)

describe('Gate', () => {
  it('lets no more through than it is wide', async () => {
    const gate = new Gate({ width: 2, widthPerPlugin: 5, maxMs: 1_000 })
    const { signal } = new AbortController()
    let inside = 0
    let most = 0
    const call = async (): Promise<void> => {
      most = Math.max(most, ++inside)
      await new Promise((done) => setTimeout(done, 5))
      inside -= 1
    }
    await Promise.all(Array.from({ length: 10 }, () => gate.pass('trial', signal, call)))
    expect(most).toBe(2)
  })

  it('leaves room to other plugins when those of one never come back', async () => {
    const gate = new Gate({ width: 3, widthPerPlugin: 2, maxMs: 30 })
    const { signal } = new AbortController()
    const stuck = Array.from({ length: 5 }, () => gate.pass('stuck', signal, () => never))
    const results = await Promise.allSettled(stuck)
    expect(results.map(({ status }) => status)).toEqual(Array(5).fill('rejected'))
    expect(await gate.pass('other', signal, () => Promise.resolve(1))).toBe(1)
    await expect(gate.pass('stuck', signal, () => Promise.resolve(1))).rejects.toThrowCode(
      'ERR_LIMIT',
    )
  })

  it('leaves a call behind that takes too long, and keeps its place taken', async () => {
    const gate = new Gate({ width: 1, widthPerPlugin: 1, maxMs: 30 })
    const { signal } = new AbortController()
    await expect(gate.pass('trial', signal, () => never)).rejects.toThrowCode('ERR_LIMIT')
    await expect(gate.pass('trial', signal, () => Promise.resolve(1))).rejects.toThrowCode(
      'ERR_LIMIT',
    )
  })

  it('makes no call whose time was over while it waited', async () => {
    const gate = new Gate({ width: 1, widthPerPlugin: 1, maxMs: 40 })
    const { signal } = new AbortController()
    let calls = 0
    const slow = gate.pass('trial', signal, () => new Promise((done) => setTimeout(done, 80)))
    const late = gate.pass('trial', signal, async () => void (calls += 1))
    await Promise.allSettled([slow, late])
    await new Promise((done) => setTimeout(done, 80))
    expect(calls).toBe(0)
    expect(await gate.pass('trial', signal, () => Promise.resolve('free'))).toBe('free')
  })

  it('stops waiting when the run is over', async () => {
    const gate = new Gate({ width: 1, widthPerPlugin: 1, maxMs: 10_000 })
    const over = new AbortController()
    const call = gate.pass('trial', over.signal, () => never)
    over.abort(Object.assign(new Error('over'), { code: 'ERR_RUN_OVER' }))
    await expect(call).rejects.toThrowCode('ERR_RUN_OVER')
  })
})
