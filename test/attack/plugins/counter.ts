// SPDX-License-Identifier: Apache-2.0
/** A plugin whose effect can be counted: the ledger of the cases about "at most once". */
import { defineJob, definePlugin, state } from '@sallyport/sdk'
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

const read = defineJob({
  summary: 'Read a count',
  effect: 'read',
  input: z.strictObject({ key: z.string().max(48) }),
  output: z.object({ count: z.int() }),
  permissions: { ledger },
  limits: { perMinute: 1_000 },
  run: async ({ input, use }) => ({ count: Number((await use.ledger.get(input.key)) ?? 0) }),
})

export const plugin = definePlugin({ name: 'counter', summary: 'Counts', jobs: { add, read } })
