// SPDX-License-Identifier: Apache-2.0
/** The job `read`, with a fake in the place of the host's files. */
import { describe, expect, it } from '@jest/globals'
import { fakeFiles, runJob } from '@sallyport/sdk/testing'
import { plugin } from '../src/index.ts'

const read = (text: string, input = {}) =>
  runJob(plugin, 'read', { input, use: { proc: fakeFiles({ '/proc/uptime': text }) } })

describe('read', () => {
  it('answers in the unit that is asked for', async () => {
    expect((await read('172800.00 0.00\n')).output).toEqual({ value: 172_800, unit: 'seconds' })
    const days = await read('172800.00 0.00\n', { unit: 'days' })
    expect(days.output).toEqual({ value: 2, unit: 'days' })
  })

  it('fails with a code when the host answers strangely', async () => {
    await expect(read('nonsense')).rejects.toMatchObject({ code: 'ERR_UPTIME_FORM' })
  })

  it('refuses a field that it does not know', async () => {
    await expect(read('1 1', { days: true })).rejects.toMatchObject({ code: 'ERR_INPUT_FORM' })
  })
})
