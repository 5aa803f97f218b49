// SPDX-License-Identifier: Apache-2.0
/** What a listener learns of a call beside what is recorded: its arguments, and the words the plugin was told. */
import { files } from '@sallyport/sdk'
import { describe, expect, it } from '@jest/globals'
import type { ObservedCall } from '../../src/plugins/ports.ts'
import { hostForTest, pluginOf } from './support.ts'

describe('a listener to the handles of a run', () => {
  it('gets the arguments of each call, and why it was denied', async () => {
    await using place = await hostForTest()
    const plugin = pluginOf({
      jobs: {
        look: {
          permissions: { proc: files.read('/proc/uptime') },
          body: "await use.proc.text('/proc/uptime'); await use.proc.text('/etc/hostname')",
        },
      },
    })
    const observed: ObservedCall[] = []
    const outcome = await place.run(
      plugin,
      'look',
      {},
      { onHandle: (_, call) => observed.push(call) },
    )
    expect(outcome).toMatchObject({ state: 'failed', failure: { code: 'ERR_HANDLE_DENIED' } })
    expect(observed).toEqual([
      { args: ['/proc/uptime'] },
      { args: ['/etc/hostname'], message: expect.stringContaining('would allow it') },
    ])
  })
})
