// SPDX-License-Identifier: Apache-2.0
/** A plugin that gives the audit log something to say: about guests, loudly, about denials, failed logins and secrets. */
import { JobFailed, defineJob, definePlugin, endpoint, secret, ssh, state } from '@sallyport/sdk'
import { z } from 'zod'

/** What ends lines, strings and elements, steers terminals, and looks like an entry of its own. */
const LOUD = '\u001b[2J\r\n"},{"event":"forged"}\nEVENT=forged\n\n\u2028\u202e<b>]"=1+1'

const input = z.strictObject({ vmid: z.int().min(100) })
const limits = { perMinute: 1_000 }
const resources = { vmid: 'vmid' } as const

const touch = defineJob({
  summary: 'Count a guest',
  effect: 'change',
  input: input.extend({ note: z.string().max(200).default('') }),
  output: z.object({ count: z.int() }),
  permissions: { ledger: state({ maxBytes: 65_536 }) },
  limits,
  resources,
  async run({ input: { vmid }, use }) {
    const count = Number((await use.ledger.get(`guest-${vmid}`)) ?? 0) + 1
    await use.ledger.set(`guest-${vmid}`, String(count))
    return { count }
  },
})

const seldom = defineJob({
  summary: 'Do something once a minute',
  effect: 'read',
  input,
  output: z.object({}),
  permissions: {},
  limits: { perMinute: 1 },
  resources,
  run: async () => ({}),
})

const shout = defineJob({
  summary: 'Fail loudly',
  effect: 'read',
  input,
  output: z.object({}),
  permissions: {},
  limits,
  resources,
  run: () => Promise.reject(new JobFailed('ERR_LOUD', LOUD, { details: { [LOUD]: LOUD } })),
})

const login = defineJob({
  summary: 'Log in where nobody listens',
  effect: 'read',
  input,
  output: z.object({}),
  permissions: { nas: ssh('nas') },
  limits,
  resources,
  async run({ use }) {
    await use.nas.open()
    return {}
  },
})

const stray = defineJob({
  summary: 'Use a credential and a secret, then ask for what was not approved',
  effect: 'read',
  input,
  output: z.object({}),
  permissions: { api: endpoint('api', ['GET /mine']), word: secret('word') },
  limits,
  resources,
  async run({ use }) {
    await use.word.read()
    await use.api.request({ method: 'GET', path: '/mine' })
    await use.api.request({ method: 'GET', path: `/yours/${encodeURIComponent(LOUD)}` })
    return {}
  },
})

export const plugin = definePlugin({
  name: 'audited',
  summary: 'Gives the log something to say',
  jobs: { touch, seldom, shout, login, stray },
})
