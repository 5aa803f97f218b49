// SPDX-License-Identifier: Apache-2.0
/** The job `read`, with a fake in the place of the host's files. */
import assert from 'node:assert/strict'
import { describe, it } from '__runner__'
import { fakeFiles, runJob } from '@sallyport/sdk/testing'
import { plugin } from '../src/index.ts'

const read = (text: string, input = {}) =>
  runJob(plugin, 'read', { input, use: { proc: fakeFiles({ '/proc/uptime': text }) } })

describe('read', () => {
  it('answers in the unit that is asked for', async () => {
    const seconds = await read('172800.00 0.00\n')
    assert.deepEqual(seconds.output, { value: 172_800, unit: 'seconds' })
    const days = await read('172800.00 0.00\n', { unit: 'days' })
    assert.deepEqual(days.output, { value: 2, unit: 'days' })
  })

  it('fails with a code when the host answers strangely', async () => {
    await assert.rejects(read('nonsense'), { code: 'ERR_UPTIME_FORM' })
  })

  it('refuses a field that it does not know', async () => {
    await assert.rejects(read('1 1', { days: true }), { code: 'ERR_INPUT_FORM' })
  })
})
