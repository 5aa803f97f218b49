// SPDX-License-Identifier: Apache-2.0
/** A plugin whose permissions are names: a service, a folder, a secret. */
import { defineJob, definePlugin, endpoint, files, secret } from '@sallyport/sdk'
import { z } from 'zod'

const call = defineJob({
  summary: 'Call the service',
  effect: 'read',
  input: z.strictObject({}),
  output: z.object({ status: z.int(), body: z.string() }),
  permissions: { api: endpoint('api', ['GET /whoami']) },
  limits: { perMinute: 1_000 },
  async run({ use }) {
    const { status, body } = await use.api.request({ method: 'GET', path: '/whoami' })
    return { status, body: new TextDecoder().decode(body) }
  },
})

const write = defineJob({
  summary: 'Write a file',
  effect: 'change',
  input: z.strictObject({ path: z.string(), text: z.string() }),
  output: z.object({ paths: z.array(z.string()) }),
  permissions: {
    out: files.write(['@exports/**'], { maxBytes: 100 }),
    back: files.read('@exports/**'),
  },
  limits: { perMinute: 1_000 },
  async run({ input, use }) {
    await use.out.write(input.path, input.text)
    return { paths: await use.back.list('@exports') }
  },
})

const measure = defineJob({
  summary: 'Measure the secret',
  effect: 'read',
  input: z.strictObject({}),
  output: z.object({ length: z.int() }),
  permissions: { token: secret('token') },
  limits: { perMinute: 1_000 },
  run: async ({ use }) => ({ length: (await use.token.read()).length }),
})

export const plugin = definePlugin({
  name: 'bound',
  summary: 'Uses names',
  jobs: { call, write, measure },
})
