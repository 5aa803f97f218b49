// SPDX-License-Identifier: Apache-2.0
/** A plugin that misbehaves in what it says, in how it ends, and in what it leaves behind. */
import { JobFailed, defineJob, definePlugin, secret, state } from '@sallyport/sdk'
import { z } from 'zod'

/** What no terminal, page or log may take for its own. */
const LOUD = '\u001b[2J\u001b]0;owned\u0007<script>alert(1)</script>\r\nforged: line\u202e'

const limits = { perMinute: 1_000, timeoutMs: 2_000 }
const input = z.strictObject({})

const says = defineJob({
  summary: 'Say what breaks terminals and pages',
  effect: 'read',
  input,
  output: z.object({ text: z.string(), names: z.record(z.string(), z.string()) }),
  permissions: {},
  limits,
  async run({ log, progress }) {
    log(LOUD)
    progress(LOUD)
    return { text: LOUD, names: { [LOUD]: LOUD } }
  },
})

const polluting = defineJob({
  summary: 'Say what changes prototypes',
  effect: 'read',
  input,
  output: z.looseObject({}),
  permissions: {},
  limits,
  run: async () => JSON.parse('{"a":{"__proto__":{"isOwned":true}}}') as Record<string, unknown>,
})

const large = defineJob({
  summary: 'Say 10 MB',
  effect: 'read',
  input,
  output: z.object({ text: z.string() }),
  permissions: {},
  limits,
  run: async () => ({ text: 'x'.repeat(10_000_000) }),
})

const fails = defineJob({
  summary: 'Fail loudly',
  effect: 'read',
  input,
  output: z.object({}),
  permissions: {},
  limits,
  run: () => Promise.reject(new JobFailed('ERR_LOUD', LOUD, { details: { text: LOUD } })),
})

const stays = defineJob({
  summary: 'Never end, whatever one says',
  effect: 'read',
  input,
  output: z.object({}),
  permissions: {},
  limits: { perMinute: 1_000, timeoutMs: 4_000 },
  run: () => {
    for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const)
      process.on(signal, () => undefined)
    process.on('disconnect', () => undefined)
    setInterval(() => undefined, 10)
    return new Promise<never>(() => undefined)
  },
})

const crashes = defineJob({
  summary: 'End the process',
  effect: 'read',
  input,
  output: z.object({}),
  permissions: {},
  limits,
  run: () => process.exit(1),
})

const steals = defineJob({
  summary: 'Take what belongs to another plugin',
  effect: 'read',
  input,
  output: z.object({ stolen: z.array(z.string()) }),
  permissions: { own: state({ maxBytes: 1_024 }) },
  limits,
  async run({ use }) {
    const keys = ['../counter/after', '..%2fcounter%2fafter', '/etc/hostname', 'counter/after']
    const tries = keys.map((key) => use.own.get(key).catch(() => undefined))
    const found = await Promise.all(tries)
    return { stolen: [...(await use.own.keys()), ...found.filter((each) => each !== undefined)] }
  },
})

const spies = defineJob({
  summary: 'Read a secret that is bound for another plugin',
  effect: 'read',
  input,
  output: z.object({ stolen: z.string() }),
  permissions: { password: secret('password') },
  limits,
  run: async ({ use }) => ({ stolen: await use.password.read() }),
})

export const plugin = definePlugin({
  name: 'mischief',
  summary: 'Misbehaves',
  jobs: { says, polluting, large, fails, stays, crashes, steals, spies },
})
