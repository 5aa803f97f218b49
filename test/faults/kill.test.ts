// SPDX-License-Identifier: Apache-2.0
/** Kills between any two steps: nothing lost, nothing twice, always one answer. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { randomUUIDv7 } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { untilLogged } from '../support/audit.ts'
import { Field } from '../support/field.ts'
import type { KnownAgent } from '../support/operator.ts'

let field: Field
let agent: KnownAgent

beforeAll(async () => {
  ;({ field, agent } = await Field.openWithCounter())
})

afterAll(async () => {
  await field[Symbol.asyncDispose]()
})

interface Case {
  key: string
  label: string
}

async function submit(beforeMs: number, afterMs: number): Promise<Case> {
  const key = randomUUIDv7()
  const input = { key, beforeMs, afterMs }
  const job = field.operator.job(agent, { jobType: 'counter/add', input })
  const label = await field.operator.submit(agent, field.operator.sign(job), job.jobId)
  return { key, label }
}

/** Waits until the log of the agent says so of a job. */
const logged = (event: string, label: string): Promise<void> =>
  untilLogged(field.stateDir('pve1'), event, label)

/** Waits until a job that still runs has had its effect. */
async function effectOf(key: string): Promise<void> {
  while ((await field.countOf(agent, key)) === 0) await sleep(100)
}

describe('an agent killed', () => {
  it('before it could run: the job runs once after the restart', async () => {
    await field.end('pve1', 'SIGKILL')
    const { key, label } = await submit(0, 0)
    await field.startAgent('pve1')
    expect(await field.operator.answerTo(agent, label)).toMatchObject({ state: 'done' })
    expect(await field.countOf(agent, key)).toBe(1)
  })

  it('during the run, before the effect: answered as interrupted, no effect, never run again', async () => {
    const { key, label } = await submit(5_000, 0)
    await logged('job.admitted', label)
    await sleep(500)
    await field.end('pve1', 'SIGKILL')
    await field.startAgent('pve1')
    expect(await field.operator.answerTo(agent, label)).toMatchObject({ state: 'interrupted' })
    await sleep(4_000)
    expect(await field.countOf(agent, key)).toBe(0)
  })

  it('during the run, after the effect: answered as interrupted, one effect', async () => {
    const { key, label } = await submit(0, 60_000)
    await effectOf(key)
    await field.end('pve1', 'SIGKILL')
    await field.startAgent('pve1')
    expect(await field.operator.answerTo(agent, label)).toMatchObject({ state: 'interrupted' })
    expect(await field.countOf(agent, key)).toBe(1)
  })

  it('while the hub is away, after the run: the finished result is sent later, as it was', async () => {
    const { key, label } = await submit(1_000, 0)
    await logged('job.admitted', label)
    await field.end('hub', 'SIGKILL')
    await logged('run.finished', label)
    await field.end('pve1', 'SIGKILL')
    await field.startHub()
    await field.startAgent('pve1')
    expect(await field.operator.answerTo(agent, label)).toMatchObject({
      state: 'done',
      output: { count: 1 },
    })
    expect(await field.countOf(agent, key)).toBe(1)
  })
})

describe('a run that kept something', () => {
  async function submitInSteps(more: object = {}): Promise<Case> {
    const key = randomUUIDv7()
    const input = { key, ...more }
    const job = field.operator.job(agent, { jobType: 'counter/add.in-steps', input })
    const label = await field.operator.submit(agent, field.operator.sign(job), job.jobId)
    return { key, label }
  }
  const verification = { verdict: 'verified', message: 'the ledger says 1' }

  it.each(['SIGKILL', 'SIGTERM'] as const)(
    'in an agent that is ended by %s in the middle: the next one finds out how it ended, one effect',
    async (signal) => {
      const { key, label } = await submitInSteps({ waitMs: 60_000 })
      await effectOf(key)
      await sleep(500)
      await field.end('pve1', signal)
      await field.startAgent('pve1')
      expect(await field.operator.answerTo(agent, label)).toMatchObject({
        state: 'done',
        output: { count: 1, isResumed: true },
        verification,
      })
      expect(await field.countOf(agent, key)).toBe(1)
    },
    90_000,
  )

  it('in a process that ends by itself: it is resumed at once, one effect', async () => {
    const { key, label } = await submitInSteps({ isCrashing: true })
    expect(await field.operator.answerTo(agent, label)).toMatchObject({
      state: 'done',
      output: { count: 1, isResumed: true },
      verification,
    })
    expect(await field.countOf(agent, key)).toBe(1)
  })

  it('and is seen to its end is verified', async () => {
    const { label } = await submitInSteps()
    expect(await field.operator.answerTo(agent, label)).toMatchObject({
      state: 'done',
      output: { count: 1, isResumed: false },
      verification,
    })
  })
})

describe('a hub killed', () => {
  it('between submission and delivery: nothing is lost', async () => {
    await field.end('pve1')
    const cases = await Promise.all(Array.from({ length: 10 }, () => submit(0, 0)))
    await field.end('hub', 'SIGKILL')
    await field.startHub()
    await field.startAgent('pve1')
    for (const { key, label } of cases) {
      expect(await field.operator.answerTo(agent, label)).toMatchObject({ state: 'done' })
      expect(await field.countOf(agent, key)).toBe(1)
    }
  })

  it('between delivery and result: the result arrives after its restart', async () => {
    const { key, label } = await submit(1_500, 0)
    await logged('job.admitted', label)
    await field.end('hub', 'SIGKILL')
    await field.startHub()
    expect(await field.operator.answerTo(agent, label, 40_000)).toMatchObject({ state: 'done' })
    expect(await field.countOf(agent, key)).toBe(1)
  })
})

describe('random kills', () => {
  it('of both programs under load: every accepted job has one answer and at most one effect', async () => {
    const seed = Number(process.env['SALLYPORT_SEED'] ?? Date.now() % 1_000_000)
    const random = generator(seed)
    const cases: Case[] = []
    for (let round = 0; round < 8; round += 1) {
      const batch = Array.from({ length: 5 }, () => submit(0, Math.floor(random() * 60)))
      cases.push(...(await Promise.all(batch)))
      await sleep(random() * 250)
      const victim = random() < 0.6 ? 'pve1' : 'hub'
      await field.end(victim, 'SIGKILL')
      if (victim === 'hub') await field.startHub()
      else await field.startAgent('pve1')
    }
    const states: string[] = []
    for (const { key, label } of cases) {
      const { state } = await field.operator.answerTo(agent, label, 90_000)
      const count = await field.countOf(agent, key)
      states.push(`${state}:${count}`)
    }
    const allowed = ['done:1', 'interrupted:0', 'interrupted:1']
    expect({ seed, wrong: states.filter((state) => !allowed.includes(state)) }).toEqual({
      seed,
      wrong: [],
    })
  })
})

/** A small seeded generator (xorshift), so that a red run can be repeated. */
function generator(seed: number): () => number {
  let x = seed | 1
  return () => {
    x ^= x << 13
    x ^= x >>> 17
    x ^= x << 5
    return (x >>> 0) / 2 ** 32
  }
}
