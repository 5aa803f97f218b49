// SPDX-License-Identifier: Apache-2.0
/** Wake-ups: in the same tick, none lost, none left behind. */
import { describe, expect, it } from '@jest/globals'
import { WakeUps } from '../../src/queue/wake-ups.ts'

const NEVER = new AbortController().signal
const LONG_MS = 60_000

describe('wake-ups', () => {
  it('wake whoever waits, before anything else runs', async () => {
    const wakeUps = new WakeUps()
    using watch = wakeUps.watch('mailbox')
    const order: string[] = []
    const waiting = watch.next(LONG_MS, NEVER).then(() => order.push('woken'))
    setImmediate(() => order.push('next turn'))
    wakeUps.wake('mailbox')
    await waiting
    expect(order).toEqual(['woken'])
  })

  it('are kept for whoever looks a moment later', async () => {
    const wakeUps = new WakeUps()
    using watch = wakeUps.watch('mailbox')
    wakeUps.wake('mailbox')
    await watch.next(LONG_MS, NEVER)
  })

  it('do not wake twice for one wake-up', async () => {
    const wakeUps = new WakeUps()
    using watch = wakeUps.watch('mailbox')
    wakeUps.wake('mailbox')
    await watch.next(LONG_MS, NEVER)
    const startedAt = performance.now()
    await watch.next(50, NEVER)
    expect(performance.now() - startedAt).toBeGreaterThan(40)
  })

  it('wake nobody who waits for something else', async () => {
    const wakeUps = new WakeUps()
    using watch = wakeUps.watch('mailbox')
    wakeUps.wake('envelope')
    const startedAt = performance.now()
    await watch.next(50, NEVER)
    expect(performance.now() - startedAt).toBeGreaterThan(40)
  })

  it('end when the one who waits is gone', async () => {
    using watch = new WakeUps().watch('mailbox')
    const gone = new AbortController()
    const waiting = watch.next(LONG_MS, gone.signal)
    gone.abort()
    await waiting
    await watch.next(LONG_MS, gone.signal)
  })

  it('wait for a time beyond what a timer can hold', async () => {
    const wakeUps = new WakeUps()
    using watch = wakeUps.watch('mailbox')
    const waiting = watch.next(Infinity, NEVER)
    let isOver = false
    void waiting.then(() => (isOver = true))
    await new Promise((done) => setTimeout(done, 20))
    expect(isOver).toBe(false)
    wakeUps.wake('mailbox')
    await waiting
  })

  it('wake everyone when the hub goes down, also those who come later', async () => {
    const wakeUps = new WakeUps()
    using one = wakeUps.watch('mailbox')
    const waiting = one.next(LONG_MS, NEVER)
    wakeUps.drain()
    await waiting
    using other = wakeUps.watch('envelope')
    await other.next(LONG_MS, NEVER)
  })

  it('of everything are told to the other hubs', async () => {
    const there = new WakeUps()
    const here = new WakeUps(undefined, () => there.wakeAll())
    using watches = new DisposableStack()
    const waiting = [here, there].map((hub) =>
      watches.use(hub.watch('envelope')).next(LONG_MS, NEVER),
    )
    here.wakeAllEverywhere()
    await Promise.all(waiting)
  })

  it('forget a subject with its last watch', () => {
    const wakeUps = new WakeUps()
    const watches = [wakeUps.watch('a'), wakeUps.watch('a'), wakeUps.watch('b')]
    expect(wakeUps.count).toBe(3)
    for (const watch of watches) watch[Symbol.dispose]()
    expect(wakeUps.count).toBe(0)
  })
})
