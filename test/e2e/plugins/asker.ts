// SPDX-License-Identifier: Apache-2.0
/** A plugin that asks for whatever its input says. */
import { ask, defineJob, definePlugin } from '@sallyport/sdk'
import { z } from 'zod'

const others = ask([
  ...['teller/show', 'teller/stop', 'teller/node', 'teller/slow', 'teller/back'],
  ...['stranger/show', 'asker/circle'],
])

const input = z.strictObject({
  vmid: z.int(),
  jobType: z.string(),
  asked: z.record(z.string(), z.union([z.string(), z.int(), z.array(z.int())])),
})
const output = z.object({ answer: z.unknown() })
const spec = { input, output, resources: { vmid: 'vmid' }, permissions: { others } } as const

const look = defineJob({
  summary: 'Ask, as a job that only reads',
  effect: 'read',
  ...spec,
  limits: { perMinute: 1_000, timeoutMs: 2_000 },
  run: async ({ input: { jobType, asked }, use }) => ({
    answer: await use.others.run(jobType, asked),
  }),
})

const change = defineJob({
  summary: 'Ask, as a job that changes something',
  effect: 'change',
  ...spec,
  limits: { perMinute: 1_000 },
  run: async ({ input: { jobType, asked }, use }) => ({
    answer: await use.others.run(jobType, asked),
  }),
})

const circle = defineJob({
  summary: 'Ask in a circle',
  effect: 'read',
  input: z.strictObject({}),
  output,
  permissions: { others },
  limits: { perMinute: 1_000 },
  run: async ({ use }) => ({ answer: await use.others.run('teller/back', {}) }),
})

export const plugin = definePlugin({
  name: 'asker',
  summary: 'Asks',
  jobs: { look, change, circle },
})
