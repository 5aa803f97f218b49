// SPDX-License-Identifier: Apache-2.0
/** runJob: the same order of checks as an agent, without sandbox and signatures. */
import { describe, expect, it } from '@jest/globals'
import { z } from 'zod'
import { defineJob, definePlugin } from '../../src/index.ts'
import { fakeFiles, fakeProgram, fakeState, runJob } from '../../src/testing/index.ts'
import { plugin } from './sample-plugin.ts'

const proc = () => fakeFiles({ '/proc/uptime': '12.54 3.0\n', '/proc/version': 'Linux' })

describe('runJob', () => {
  it('fills in defaults, runs, and returns the checked output', async () => {
    const use = { proc: proc(), last: fakeState() }
    const outcome = await runJob(plugin, 'uptime', { use })
    expect(outcome).toEqual({
      output: { seconds: 13 },
      plan: undefined,
      verification: undefined,
      kept: [],
      logged: ['reading'],
      reported: ['one file'],
    })
    expect(use.proc.calls).toEqual([{ method: 'text', target: '/proc/uptime' }])
  })

  it('runs the plan first and hands it to run', async () => {
    const tool = fakeProgram({ stdout: 'found abc' })
    const outcome = await runJob(plugin, 'thing.clear', { input: { name: 'abc' }, use: { tool } })
    expect(outcome.plan).toEqual({ found: true })
    expect(outcome.output).toEqual({ removed: true })
    expect(tool.calls).toEqual([{ method: 'run', target: 'rm abc' }])
  })

  it('refuses an input that the schema refuses, before anything runs', async () => {
    const use = { proc: proc(), last: fakeState() }
    const run = runJob(plugin, 'uptime', { input: { decimals: 9, x: 1 }, use })
    await expect(run).rejects.toMatchObject({ code: 'ERR_INPUT_FORM' })
    expect(use.proc.calls).toEqual([])
  })

  it('puts each fake under the permission of its name', async () => {
    const use = { proc: proc(), last: fakeState({ other: '0123456789' }) }
    await expect(runJob(plugin, 'uptime', { use })).rejects.toMatchObject({ code: 'ERR_LIMIT' })
  })

  it('refuses a fake of another kind and a missing one', async () => {
    const wrong = { proc: fakeProgram({}), last: fakeState() }
    const run = runJob(plugin, 'uptime', { use: wrong as never })
    await expect(run).rejects.toMatchObject({ code: 'ERR_HANDLE_MISSING' })
    const missing = runJob(plugin, 'uptime', { use: { proc: proc() } as never })
    await expect(missing).rejects.toMatchObject({ code: 'ERR_HANDLE_MISSING' })
  })

  it('takes any object of the shape of a handle', async () => {
    const text = async () => '5 5'
    const handle = { text, bytes: async () => new Uint8Array(), list: async () => [] }
    const { output } = await runJob(plugin, 'uptime', { use: { proc: handle, last: fakeState() } })
    expect(output.seconds).toBe(5)
  })

  it('refuses an output that the schema refuses, and one that is too large', async () => {
    const job = defineJob({
      summary: 'Says what it is told',
      effect: 'read',
      input: z.strictObject({ text: z.string().describe('what to say') }),
      output: z.object({ text: z.string().max(9) }),
      permissions: {},
      limits: { maxOutputBytes: 16 },
      run: async ({ input }) => input,
    })
    const echo = definePlugin({ name: 'echo', summary: 'Says things', jobs: { say: job } })
    const say = (text: string) => runJob(echo, 'say', { input: { text }, use: {} })
    expect((await say('abc')).output).toEqual({ text: 'abc' })
    await expect(say('0123456789')).rejects.toMatchObject({ code: 'ERR_OUTPUT_FORM' })
    await expect(say('ééé')).rejects.toMatchObject({ code: 'ERR_OUTPUT_LIMIT' })
  })

  it('knows no other job types than those of the plugin', async () => {
    const run = runJob(plugin, 'toString' as never, { use: {} as never })
    await expect(run).rejects.toMatchObject({ code: 'ERR_JOB_UNKNOWN' })
  })
})
