// SPDX-License-Identifier: Apache-2.0
/** A plugin that is told things about guests and tells them again: in its log, its progress, its output and its failures. */
import { JobFailed, defineJob, definePlugin } from '@sallyport/sdk'
import { z } from 'zod'

const input = z.strictObject({
  vmid: z.int().min(100),
  words: z.array(z.string().max(200)).max(32),
})
const shared = { input, permissions: {}, limits: { perMinute: 1_000 } } as const
const resources = { vmid: 'vmid' } as const

const tell = defineJob({
  ...shared,
  summary: 'Say what was said',
  effect: 'read',
  resources,
  output: z.object({ words: z.array(z.string()) }),
  async run({ input: { words }, log, progress }) {
    for (const word of words) log(word)
    progress(words.join(' '))
    return { words }
  },
})

const fail = defineJob({
  ...shared,
  summary: 'Fail with what was said',
  effect: 'read',
  resources,
  output: z.object({}),
  run: ({ input: { words } }) =>
    Promise.reject(new JobFailed('ERR_TOLD', words.join(' '), { details: { words } })),
})

export const plugin = definePlugin({
  name: 'confidant',
  summary: 'Says what it was told',
  jobs: { tell, fail },
})
