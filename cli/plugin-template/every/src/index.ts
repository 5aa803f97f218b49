// SPDX-License-Identifier: Apache-2.0
/** What the plugin is, what it may touch, and what it can do: the one file to read. */
import { JobFailed, defineJob, definePlugin, files } from '@sallyport/sdk'
import { z } from 'zod'

const read = defineJob({
  summary: 'How long this host has been up',
  effect: 'read',
  // Strict: a field that is not named here is refused. Each field says what it is.
  input: z.strictObject({
    unit: z.enum(['seconds', 'days']).default('seconds').describe('unit of the answer'),
  }),
  output: z.object({ value: z.number(), unit: z.enum(['seconds', 'days']) }),
  // The name on the left is the handle that `run` gets; the scope on the right is what an operator approves.
  permissions: { proc: files.read('/proc/uptime') },
  limits: { perMinute: 30, timeoutMs: 5_000 },
  async run({ input, use }) {
    const seconds = Number.parseFloat(await use.proc.text('/proc/uptime'))
    if (Number.isNaN(seconds)) {
      throw new JobFailed('ERR_UPTIME_FORM', '/proc/uptime has an unexpected form')
    }
    const value = input.unit === 'days' ? seconds / 86_400 : seconds
    return { value, unit: input.unit }
  },
})

/** The plugin, as agents load it. */
export const plugin = definePlugin({
  name: '__name__',
  summary: 'What __name__ does, in one line',
  jobs: { read },
})
