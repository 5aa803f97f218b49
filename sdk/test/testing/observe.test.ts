// SPDX-License-Identifier: Apache-2.0
/** A listener around the tests sees every call, and the tests see no difference when there is none. */
import { afterEach, describe, expect, it } from '@jest/globals'
import { z } from 'zod'
import { defineJob, definePlugin, files } from '../../src/index.ts'
import { fakeFiles, fakeState, runJob } from '../../src/testing/index.ts'
import type { ObservedUse } from '../../src/testing/observe.ts'

const LISTENER = Symbol.for('sallyport.testing.listener')
const place = globalThis as Record<symbol, unknown>
afterEach(() => {
  delete place[LISTENER]
})

const read = defineJob({
  summary: 'Reads the path it is given',
  effect: 'read',
  input: z.strictObject({ path: z.string() }),
  output: z.object({ text: z.string() }),
  resources: { path: 'path' },
  permissions: { disk: files.read('/allowed') },
  run: async ({ input, use }) => ({ text: await use.disk.text(input.path) }),
})
const plugin = definePlugin({ name: 'reader', summary: 'Reads', jobs: { read } })
const disk = () => fakeFiles({ '/real': 'x', '/link': { link: '/real' } })

function listen(): { starts: string[]; uses: ObservedUse[] } {
  const heard = { starts: [] as string[], uses: [] as ObservedUse[] }
  place[LISTENER] = {
    started: (name: string, job: string) => heard.starts.push(`${name}/${job}`),
    used: (use: ObservedUse) => heard.uses.push(use),
  }
  return heard
}

describe('runs of jobs in tests', () => {
  it('are held to the permissions when nobody listens', async () => {
    const run = runJob(plugin, 'read', { input: { path: '/real' }, use: { disk: disk() } })
    await expect(run).rejects.toThrowCode('ERR_HANDLE_DENIED')
  })

  it('show a listener each call with its resources and where a link leads, and refuse nothing', async () => {
    const heard = listen()
    const run = await runJob(plugin, 'read', { input: { path: '/link' }, use: { disk: disk() } })
    expect(run.output).toEqual({ text: 'x' })
    expect(heard.starts).toEqual(['reader/read'])
    expect(heard.uses).toEqual([
      {
        plugin: 'reader',
        job: 'read',
        handle: 'disk',
        kind: 'files.read',
        method: 'text',
        args: ['/link'],
        leadsTo: '/real',
        resources: { path: ['/link'] },
      },
    ])
  })

  it('show handles that no permission names yet, by the kind of their fake', async () => {
    const heard = listen()
    const early = definePlugin({
      name: 'early',
      summary: 'Not yet declared',
      jobs: {
        look: {
          ...read,
          permissions: {},
          run: async ({ use }: { use: object }) => {
            await (use as { cache: { set(key: string, value: string): Promise<void> } }).cache.set(
              'a',
              'b',
            )
            return { text: '' }
          },
        },
      },
    })
    const use = { cache: fakeState() } as never
    await runJob(early, 'look', { input: { path: '/x' }, use })
    expect(heard.uses).toMatchObject([
      { handle: 'cache', kind: 'state', method: 'set', args: ['a', 'b'] },
    ])
  })
})
