// SPDX-License-Identifier: Apache-2.0
/** A plugin whose effect can be counted: the ledger of the cases about "at most once". */
import { CodedError, defineJob, definePlugin, state } from '@sallyport/sdk'
import { setTimeout as sleep } from 'node:timers/promises'
import { z } from 'zod'

const ledger = state({ maxBytes: 65_536 })

const add = defineJob({
  summary: 'Add one, optionally after a while',
  effect: 'change',
  input: z.strictObject({
    key: z.string().regex(/^[a-z0-9-]{1,48}$/),
    beforeMs: z.int().min(0).max(60_000).default(0),
    afterMs: z.int().min(0).max(60_000).default(0),
  }),
  output: z.object({ count: z.int() }),
  permissions: { ledger },
  limits: { perMinute: 1_000 },
  async run({ input, use }) {
    await sleep(input.beforeMs)
    const count = Number((await use.ledger.get(input.key)) ?? 0) + 1
    await use.ledger.set(input.key, String(count))
    await sleep(input.afterMs)
    return { count }
  },
})

const addInSteps = defineJob({
  summary: 'Add one in steps, keeping what is known of it',
  effect: 'change',
  input: z.strictObject({
    key: z.string().regex(/^[a-z0-9-]{1,48}$/),
    waitMs: z.int().min(0).max(60_000).default(0),
    /** What comes after the wait: the process ends, for want of anything better. */
    isCrashing: z.boolean().default(false),
  }),
  output: z.object({ count: z.int(), isResumed: z.boolean() }),
  permissions: { ledger },
  limits: { perMinute: 1_000 },
  async plan({ input, use }) {
    const from = Number((await use.ledger.get(input.key)) ?? 0)
    const change = { op: 'change' as const, what: input.key, from: `${from}`, to: `${from + 1}` }
    return { changes: [change], state: { from } }
  },
  async run({ input, use, plan, keep }) {
    const count = plan.state.from + 1
    await keep({ about: count })
    await use.ledger.set(input.key, String(count))
    await keep({ done: count })
    await sleep(input.waitMs)
    if (input.isCrashing) process.exit(1)
    return { count, isResumed: false }
  },
  async resume({ input, use, plan }) {
    const count = Number((await use.ledger.get(input.key)) ?? 0)
    if (count === plan.state.from + 1) return { count, isResumed: true }
    throw new CodedError('ERR_NOT_COUNTED', 'nothing was added', { details: { effect: 'none' } })
  },
  async verify({ input, use, output }) {
    const count = Number((await use.ledger.get(input.key)) ?? 0)
    const verdict = count === output.count ? 'verified' : 'contradicted'
    return { verdict, message: `the ledger says ${count}` }
  },
})

const read = defineJob({
  summary: 'Read a count',
  effect: 'read',
  input: z.strictObject({ key: z.string().max(48) }),
  output: z.object({ count: z.int() }),
  permissions: { ledger },
  limits: { perMinute: 1_000 },
  run: async ({ input, use }) => ({ count: Number((await use.ledger.get(input.key)) ?? 0) }),
})

export const plugin = definePlugin({
  name: 'counter',
  summary: 'Counts',
  jobs: { add, read, 'add.in-steps': addInSteps },
})
