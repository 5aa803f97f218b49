// SPDX-License-Identifier: Apache-2.0
/** A small plugin that keeps the contract, for the tests of the test kit. */
import { z } from 'zod'
import { defineJob, definePlugin, exec, files, state } from '../../src/index.ts'

const uptime = defineJob({
  summary: 'Seconds since this host started',
  effect: 'read',
  input: z.strictObject({
    decimals: z.int().min(0).max(3).default(0).describe('digits after the point'),
  }),
  output: z.object({ seconds: z.number() }),
  permissions: { proc: files.read('/proc/uptime'), last: state({ maxBytes: 16 }) },
  limits: { perMinute: 30, timeoutMs: 5_000 },
  async run({ input, use, log, progress }) {
    log('reading')
    progress('one file')
    const seconds = Number((await use.proc.text('/proc/uptime')).split(' ')[0])
    await use.last.set('s', String(seconds))
    return { seconds: Number(seconds.toFixed(input.decimals)) }
  },
})

const clear = defineJob({
  summary: 'Remove one named thing',
  effect: 'destroy',
  input: z.strictObject({ name: z.string().min(1).describe('which one') }),
  output: z.object({ removed: z.boolean() }),
  permissions: {
    things: files.read('/things'),
    tool: exec('/usr/bin/tool', ['rm', { pattern: '[a-z]+' }], { timeoutMs: 1_000 }),
  },
  async plan({ input, use }) {
    const found = (await use.things.text('/things')).includes(input.name)
    const changes = found ? [{ op: 'remove' as const, what: input.name }] : []
    return { changes, state: { found } }
  },
  async run({ input, plan, use }) {
    const { found } = plan.state
    if (found) await use.tool.run(['rm', input.name])
    return { removed: found }
  },
  async verify({ input, use }) {
    const isThere = (await use.things.text('/things')).includes(input.name)
    return {
      verdict: isThere ? 'contradicted' : 'verified',
      message: `${input.name} is ${isThere ? 'still there' : 'gone'}`,
    }
  },
})

/** Two job types: one that reads, one that destroys. */
export const plugin = definePlugin({
  name: 'sample',
  summary: 'A plugin to test the test kit with',
  jobs: { uptime, 'thing.clear': clear },
})
