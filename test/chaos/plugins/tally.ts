// SPDX-License-Identifier: Apache-2.0
/** A plugin whose effects are counted by the job they belong to. */
import { CodedError, defineJob, definePlugin, state } from '@sallyport/sdk'
import { setTimeout as sleep } from 'node:timers/promises'
import { z } from 'zod'

const ledger = state({ maxBytes: 1_048_576 })
const key = z.string().regex(/^[a-z0-9-]{1,48}$/)
const waitMs = z.int().min(0).max(60_000)
const limits = { perMinute: 6_000 }

const add = defineJob({
  summary: 'Count one effect, with time before and after it',
  effect: 'change',
  input: z.strictObject({ key, beforeMs: waitMs, afterMs: waitMs }),
  output: z.object({ count: z.int() }),
  permissions: { ledger },
  limits,
  async run({ input, use }) {
    await sleep(input.beforeMs)
    const count = Number((await use.ledger.get(input.key)) ?? 0) + 1
    await use.ledger.set(input.key, String(count))
    await sleep(input.afterMs)
    return { count }
  },
})

const addInSteps = defineJob({
  summary: 'Count one effect, and find out after a crash whether it was counted',
  effect: 'change',
  input: z.strictObject({ key, beforeMs: waitMs, afterMs: waitMs }),
  output: z.object({ count: z.int() }),
  permissions: { ledger },
  limits,
  async plan({ input, use }) {
    const from = Number((await use.ledger.get(input.key)) ?? 0)
    const change = { op: 'change' as const, what: input.key, from: `${from}`, to: `${from + 1}` }
    return { changes: [change], state: { from } }
  },
  async run({ input, use, plan, keep }) {
    const count = plan.state.from + 1
    await keep({ about: count })
    await sleep(input.beforeMs)
    await use.ledger.set(input.key, String(count))
    await keep({ done: count })
    await sleep(input.afterMs)
    return { count }
  },
  async resume({ input, use, plan }) {
    const count = Number((await use.ledger.get(input.key)) ?? 0)
    if (count === plan.state.from + 1) return { count }
    throw new CodedError('ERR_NOT_COUNTED', 'nothing was added', { details: { effect: 'none' } })
  },
})

const look = defineJob({
  summary: 'Look, and change nothing',
  effect: 'read',
  input: z.strictObject({}),
  output: z.object({ keyCount: z.int() }),
  permissions: { ledger },
  limits,
  run: async ({ use }) => ({ keyCount: (await use.ledger.keys()).length }),
})

const counts = defineJob({
  summary: 'Read some of the counts',
  effect: 'read',
  input: z.strictObject({ keys: z.array(key).max(500) }),
  output: z.object({ counts: z.record(z.string(), z.int()) }),
  permissions: { ledger },
  limits,
  async run({ input, use }) {
    const entries: [string, number][] = []
    for (const name of input.keys) {
      entries.push([name, Number((await use.ledger.get(name)) ?? 0)])
    }
    return { counts: Object.fromEntries(entries) }
  },
})

export const plugin = definePlugin({
  name: 'tally',
  summary: 'Counts effects',
  jobs: { add, 'add.in-steps': addInSteps, look, counts },
})
