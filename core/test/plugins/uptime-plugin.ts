// SPDX-License-Identifier: Apache-2.0
/** A plugin as authors write them, for the tests of the plugin host. */
import { JobFailed, defineJob, definePlugin, exec, files, state } from '@sallyport/sdk'
import { z } from 'zod'

const none = z.strictObject({})

const uptime = defineJob({
  summary: 'Seconds since this host started',
  effect: 'read',
  input: z.strictObject({ unit: z.enum(['s', 'min']).default('s') }),
  output: z.object({ value: z.number(), unit: z.string() }),
  permissions: { proc: files.read('/proc/uptime') },
  async run({ input, use }) {
    const seconds = Number((await use.proc.text('/proc/uptime')).split(' ')[0])
    return { value: input.unit === 's' ? seconds : seconds / 60, unit: input.unit }
  },
})

const planned = defineJob({
  summary: 'Does what its plan says',
  effect: 'change',
  input: z.strictObject({ to: z.number() }),
  output: z.object({ from: z.number(), to: z.number() }),
  permissions: {},
  plan: ({ input }) =>
    Promise.resolve({
      changes: [{ op: 'change', what: 'it', from: '3', to: `${input.to}` }],
      state: { from: 3, to: input.to },
    }),
  run: ({ plan }) => Promise.resolve(plan.state),
})

const liar = defineJob({
  summary: 'Gives back something else than it declares',
  effect: 'read',
  input: none,
  output: z.object({ count: z.number() }),
  permissions: {},
  run: () => Promise.resolve({ count: 'three' as unknown as number }),
})

const failing = defineJob({
  summary: 'Fails',
  effect: 'read',
  input: none,
  output: none,
  permissions: {},
  run: () => {
    throw new JobFailed('ERR_TRIAL_NOTHING', 'nothing here', {
      retryable: true,
      details: { looked: 3 },
    })
  },
})

const count = defineJob({
  summary: 'Counts its runs',
  effect: 'change',
  input: none,
  output: z.object({ count: z.number() }),
  permissions: { own: state({ maxBytes: 100 }) },
  async run({ use }) {
    const next = Number((await use.own.get('count')) ?? 0) + 1
    await use.own.set('count', String(next))
    return { count: next }
  },
})

const greet = defineJob({
  summary: 'Runs a program',
  effect: 'read',
  input: none,
  output: z.object({ text: z.string() }),
  permissions: { echo: exec('/bin/echo', [{ pattern: '[a-z]+' }]) },
  run: async ({ use }) => ({ text: (await use.echo.run(['hello'])).stdout }),
})

export const plugin = definePlugin({
  name: 'trial',
  summary: 'Jobs for the tests of the plugin host',
  jobs: { uptime, planned, liar, failing, count, greet },
})
