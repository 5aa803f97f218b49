// SPDX-License-Identifier: Apache-2.0
/** Clocks that were turned back, that jumped, or that differ: what is over stays over, and the refusal says by how much. */
import { randomUUIDv7 } from 'node:crypto'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { instantOf } from '@sallyport/core/protocol'
import { openSqliteAgentStore } from '@sallyport/core/stores'
import { sallyport } from '../support/programs.ts'
import { Target } from '../support/target.ts'

const SECOND = 1_000
const MINUTE = 60 * SECOND
const HOUR = 60 * MINUTE

let target: Target
beforeAll(async () => {
  target = await Target.open()
})
afterAll(async () => target[Symbol.asyncDispose]())

/** A job whose window is so far from now. */
function at(beginMs: number, endMs: number): Uint8Array {
  const [issuedAt, expiresAt] = [beginMs, endMs].map((ms) => instantOf(Date.now() + ms)) as [
    string,
    string,
  ]
  return target.operator.sign(target.adding({ issuedAt, notBefore: issuedAt, expiresAt }))
}

/**
 * Starts the agent with a memory of a time that far ahead of its clock, as when the clock was turned back meanwhile.
 * Why so: there is no way to turn the clock of one program that is there on every machine.
 */
async function turnedBack(ms: number): Promise<void> {
  await target.field.end('pve1')
  {
    const path = join(target.field.stateDir('pve1'), 'agent.db')
    using store = openSqliteAgentStore(path, { clock: { now: Date.now }, mode: 'existing' })
    store.transaction(() => store.clock.raise(Date.now() + ms))
  }
  await target.field.startAgent('pve1')
}

const doctor = () =>
  sallyport(['doctor', '--state-dir', target.field.stateDir('pve1'), '--hub', target.field.url], {
    home: target.field.folder,
  })

describe('an operator whose clock is ten minutes off', () => {
  it('is told so, and by how much, in the refusal', async () => {
    const jobs = [at(10 * MINUTE, 20 * MINUTE), at(-10 * MINUTE, -5 * MINUTE)]
    const [ahead, behind] = await target.answers(jobs.map((bytes) => ({ bytes })))
    expect(ahead).toMatchObject({ refusal: { reason: 'from_future' } })
    expect(behind).toMatchObject({ refusal: { reason: 'expired' } })
    expect(Number(ahead!.refusal!.details['aheadMs'])).toBeGreaterThan(9 * MINUTE)
    expect(Number(behind!.refusal!.details['lateMs'])).toBeGreaterThan(4 * MINUTE)
    await target.expectUnharmed()
  })
})

describe('a clock that was turned back a little', () => {
  it('brings nothing back that was over by the latest time on record, over a restart', async () => {
    const bytes = at(-20 * SECOND, 20 * SECOND)
    await turnedBack(100 * SECOND)
    expect(await target.reasons([{ bytes }])).toEqual(['expired'])
    await target.expectUnharmed()
    expect(await target.reasons([{ bytes, label: randomUUIDv7() }])).toEqual(['expired'])
    expect(await target.reasons([{ bytes: at(0, 10 * MINUTE) }])).toEqual(['done'])
    target.expectEffects(1)
  })
})

describe('a clock that was turned back two hours', () => {
  it('lets nothing run, with a reason and by how much; the agent stays, and doctor says it', async () => {
    const spent = at(-MINUTE, HOUR)
    expect(await target.reasons([{ bytes: spent }])).toEqual(['done'])
    await turnedBack(2 * HOUR)
    const jobs = [at(0, 10 * MINUTE), at(2 * HOUR, 3 * HOUR), at(-MINUTE, 23 * HOUR)]
    const answers = await target.answers(jobs.map((bytes) => ({ bytes })))
    expect(answers.map(({ refusal }) => refusal?.reason)).toEqual(jobs.map(() => 'clock_untrusted'))
    const { behindMs } = answers[0]!.refusal!.details as { behindMs: number }
    expect(behindMs).toBeGreaterThan(HOUR)
    const [replayed] = await target.reasons([{ bytes: spent, label: randomUUIDv7() }])
    expect(replayed).toBe('clock_untrusted')
    expect(target.field.program('pve1').child.exitCode).toBeNull()

    const found = await doctor()
    expect(found.code).toBe(1)
    expect(found.stdout).toContain('the agent here has seen')
  })
})

describe('the log', () => {
  it('has every one of these refusals once', async () => {
    await target.expectOnRecord()
  })
})
