// SPDX-License-Identifier: Apache-2.0
/** The poll loop: one poll at a time, whatever the hub does. */
import { describe, expect, it } from '@jest/globals'
import { CodedError } from '@sallyport/sdk'
import { setTimeout as sleep } from 'node:timers/promises'
import { runPollLoop, type Delivery, type PollLoopParts } from '@sallyport/core/transport'
import { until } from '../../../test/support/until.ts'

const delivery = (envelopeId: string): Delivery => ({ envelopeId, sealed: 'sealed' })

/** A loop over a script of polls; afterwards polls are held until the end. */
function loop(
  script: ((signal: AbortSignal) => Promise<Delivery[]> | Delivery[])[],
  changes: Partial<PollLoopParts> = {},
) {
  const seen = { polls: 0, atOnce: 0, mostAtOnce: 0, waits: 0, resets: 0, connected: 0 }
  const received: string[] = []
  const errors: unknown[] = []
  const stop = new AbortController()
  const parts: PollLoopParts = {
    async takeDeliveries({ signal }) {
      seen.polls += 1
      seen.atOnce += 1
      seen.mostAtOnce = Math.max(seen.mostAtOnce, seen.atOnce)
      try {
        const step = script.shift()
        if (step !== undefined) return await step(signal)
        await sleep(60_000, undefined, { signal })
        return []
      } finally {
        seen.atOnce -= 1
      }
    },
    async receive({ envelopeId }) {
      received.push(envelopeId)
    },
    backOff: {
      nextMs() {
        seen.waits += 1
        return 1
      },
      reset() {
        seen.resets += 1
      },
    },
    onError: (error) => errors.push(error),
    onConnected: () => (seen.connected += 1),
    ...changes,
  }
  const done = runPollLoop(parts, stop.signal)
  return { seen, received, errors, stop, done }
}

describe('the poll loop', () => {
  it('hands on what it is given and polls again', async () => {
    const { received, seen, stop, done } = loop([
      () => [delivery('a'), delivery('b')],
      () => [delivery('c')],
    ])
    await until(() => seen.polls === 3)
    stop.abort()
    await done
    expect(received).toEqual(['a', 'b', 'c'])
    expect([seen.polls, seen.mostAtOnce, seen.waits]).toEqual([3, 1, 0])
  })

  it('asks for what it was given before when it begins and after a failure, not otherwise', async () => {
    const asked: boolean[] = []
    const answers = [
      () => [delivery('a')],
      () => [delivery('b')],
      () => Promise.reject(new Error('away')),
      () => [delivery('c')],
      () => [delivery('d')],
    ]
    const { stop, done } = loop([], {
      async takeDeliveries({ again, signal }) {
        asked.push(again)
        const answer = answers.shift()
        if (answer !== undefined) return answer()
        await sleep(60_000, undefined, { signal })
        return []
      },
    })
    await until(() => asked.length === 6)
    stop.abort()
    await done
    expect(asked).toEqual([true, false, false, true, false, false])
  })

  it('backs off after a failure and begins anew after a success', async () => {
    const fail = () => Promise.reject(new Error('away'))
    const { seen, errors, stop, done } = loop([fail, fail, () => [delivery('a')], fail])
    await until(() => seen.polls === 5)
    stop.abort()
    await done
    expect(errors).toHaveLength(3)
    expect([seen.waits, seen.resets, seen.connected]).toEqual([3, 1, 1])
  })

  it('leaves a hub alone for as long as it says, but no longer than five minutes', async () => {
    const told: (number | undefined)[] = []
    const refuse = (retryAfterMs?: number) => () => {
      const details = { status: 503, code: 'ERR_BUSY', correlationId: 'c', retryAfterMs }
      return Promise.reject(new CodedError('ERR_HUB_REFUSED', 'later', { details }))
    }
    const { seen, stop, done } = loop([refuse(7_000), refuse(86_400_000), refuse(), () => []], {
      backOff: {
        nextMs(atLeastMs) {
          told.push(atLeastMs)
          return 1
        },
        reset() {},
      },
    })
    await until(() => seen.polls === 5)
    stop.abort()
    await done
    expect(told).toEqual([7_000, 300_000, 0, undefined])
  })

  it('backs off from a hub that answers empty at once', async () => {
    const { seen, stop, done } = loop(Array.from({ length: 5 }, () => () => []))
    await until(() => seen.polls === 6)
    stop.abort()
    await done
    expect([seen.polls, seen.waits]).toEqual([6, 5])
  })

  it('polls on while a delivery is in work, and takes it no second time meanwhile', async () => {
    const work = Promise.withResolvers<void>()
    const received: string[] = []
    const { seen, stop, done } = loop(
      [() => [delivery('a')], () => [delivery('a'), delivery('b')]],
      {
        receive({ envelopeId }) {
          received.push(envelopeId)
          return envelopeId === 'a' ? work.promise : Promise.resolve()
        },
      },
    )
    await until(() => seen.polls === 3)
    expect(received).toEqual(['a', 'b'])
    work.resolve()
    stop.abort()
    await done
  })

  it('asks for no more than it can have in work', async () => {
    const work = Promise.withResolvers<void>()
    const { seen, stop, done } = loop([() => [delivery('a')]], {
      receive: () => work.promise,
      maxInWork: 1,
    })
    await sleep(30)
    expect(seen.polls).toBe(1)
    work.resolve()
    await until(() => seen.polls === 2)
    stop.abort()
    await done
  })

  it('asks again after a pause though all it has is still in work, and for as long as that lasts', async () => {
    const work = Promise.withResolvers<void>()
    const received: string[] = []
    const { stop, done } = loop(
      [() => [delivery('a')], () => [delivery('b')], () => [delivery('c')]],
      {
        receive({ envelopeId }) {
          received.push(envelopeId)
          return work.promise
        },
        maxInWork: 1,
        fullPauseMs: 20,
      },
    )
    while (received.length < 3) await sleep(5)
    expect(received).toEqual(['a', 'b', 'c'])
    work.resolve()
    stop.abort()
    await done
  })

  it('goes on when a delivery cannot be taken', async () => {
    const { seen, errors, stop, done } = loop([() => [delivery('a')]], {
      receive() {
        throw new Error('no')
      },
    })
    await until(() => seen.polls === 2)
    stop.abort()
    await done
    expect(errors).toHaveLength(1)
  })

  it('ends its poll at once, and itself only when nothing is in work', async () => {
    const work = Promise.withResolvers<void>()
    const { seen, errors, stop, done } = loop([() => [delivery('a')]], {
      receive: () => work.promise,
    })
    await until(() => seen.polls === 2)
    stop.abort()
    let isOver = false
    void done.then(() => (isOver = true))
    await sleep(30)
    expect(isOver).toBe(false)
    work.resolve()
    await done
    expect(errors).toEqual([])
  })

  it('ends while it backs off', async () => {
    let isBackingOff = false
    const nextMs = () => {
      isBackingOff = true
      return 600_000
    }
    const { seen, stop, done } = loop([() => Promise.reject(new Error('away'))], {
      backOff: { nextMs, reset() {} },
    })
    await until(() => isBackingOff)
    stop.abort()
    await done
    expect(seen.polls).toBe(1)
  })

  it('does nothing when it was stopped before it began', async () => {
    const parts = { onError() {}, backOff: { nextMs: () => 0, reset() {} } }
    const never = () => Promise.reject(new Error('must not be called'))
    await runPollLoop({ ...parts, takeDeliveries: never, receive: never }, AbortSignal.abort())
  })
})
