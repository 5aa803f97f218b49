// SPDX-License-Identifier: Apache-2.0
/** A plugin that is asked. */
import { ask, defineJob, definePlugin, state } from '@sallyport/sdk'
import { setTimeout as sleep } from 'node:timers/promises'
import { z } from 'zod'

const vmids = z.union([z.int(), z.array(z.int())])
const onGuest = { input: z.strictObject({ vmid: vmids }), resources: { vmid: 'vmid' } } as const
const limits = { perMinute: 1_000 }

const show = defineJob({
  summary: 'Show a guest',
  effect: 'read',
  ...onGuest,
  output: z.object({ shown: vmids }),
  permissions: {},
  limits,
  run: async ({ input }) => ({ shown: input.vmid }),
})

const stop = defineJob({
  summary: 'Stop a guest',
  effect: 'change',
  ...onGuest,
  output: z.object({ count: z.int() }),
  permissions: { ledger: state() },
  limits,
  async run({ use }) {
    const count = Number((await use.ledger.get('stops')) ?? 0) + 1
    await use.ledger.set('stops', String(count))
    return { count }
  },
})

const node = defineJob({
  summary: 'Show a node',
  effect: 'read',
  input: z.strictObject({ node: z.string() }),
  output: z.object({ node: z.string() }),
  resources: { node: 'node' },
  permissions: {},
  limits,
  run: async ({ input }) => input,
})

const slow = defineJob({
  summary: 'Take ten minutes',
  effect: 'read',
  ...onGuest,
  output: z.object({}),
  permissions: {},
  limits: { perMinute: 1_000, timeoutMs: 600_000 },
  async run({ signal }) {
    await sleep(600_000, undefined, { signal })
    return {}
  },
})

const back = defineJob({
  summary: 'Ask the one who asked',
  effect: 'read',
  input: z.strictObject({}),
  output: z.object({ answer: z.unknown() }),
  permissions: { asker: ask(['asker/circle']) },
  limits,
  run: async ({ use }) => ({ answer: await use.asker.run('asker/circle', {}) }),
})

export const plugin = definePlugin({
  name: 'teller',
  summary: 'Tells',
  jobs: { show, stop, node, slow, back },
})
