// SPDX-License-Identifier: Apache-2.0
/** runJob: the same order of checks as an agent, without sandbox and signatures. */
import { describe, expect, it } from '@jest/globals'
import { z } from 'zod'
import { defineJob, definePlugin, endpoint, type Endpoint, type Plan } from '../../src/index.ts'
import { fakeEndpoint, fakeFiles, fakeProgram, fakeState, runJob } from '../../src/testing/index.ts'
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

  it('runs the plan first and hands it to run, then looks again', async () => {
    const tree = { '/things': 'abc\n' }
    const things = fakeFiles(tree)
    const tool = fakeProgram(() => {
      tree['/things'] = ''
      return {}
    })
    const use = { things, tool }
    const outcome = await runJob(plugin, 'thing.clear', { input: { name: 'abc' }, use })
    expect(outcome.plan).toEqual({
      changes: [{ op: 'remove', what: 'abc' }],
      state: { found: true },
    })
    expect(outcome.output).toEqual({ removed: true })
    expect(outcome.verification).toEqual({ verdict: 'verified', message: 'abc is gone' })
    expect(tool.calls).toEqual([{ method: 'run', target: 'rm abc' }])
    expect(things.calls).toHaveLength(2)
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

  it('resumes with what was kept and planned, and does not plan again', async () => {
    const { stepped, use } = steps({})
    const resume = { kept: { upid: 'x' }, plan: { from: 1 } }
    const outcome = await runJob(stepped, 'step', { use: use(), resume })
    expect(outcome).toMatchObject({ output: { said: '{"from":1} {"upid":"x"}' }, kept: [] })
  })

  it.each(['plan', 'resume', 'verify'] as const)('only looks in %s', async (step) => {
    const post = { method: 'POST', path: '/x' }
    const { stepped, use } = steps({ [step]: (pve: Endpoint) => pve.request(post) })
    const given = use()
    const resume = step === 'resume' ? { resume: { kept: 1 } } : {}
    const run = runJob(stepped, 'step', { use: given, ...resume })
    await expect(run).rejects.toMatchObject({
      code: 'ERR_HANDLE_DENIED',
      message: expect.stringContaining(`${step} only looks, and POST is neither GET nor HEAD`),
    })
    const call = { method: 'request', target: 'POST /x', code: 'ERR_HANDLE_DENIED' }
    expect(given.pve.calls).toContainEqual(call)
  })

  it('only looks through any object of the shape of a handle, frozen or not', async () => {
    const { stepped } = steps({
      plan: (pve: Endpoint) => pve.request({ method: 'PUT', path: '/x' }),
    })
    const request = async () => ({
      status: 200,
      statusText: '',
      headers: {},
      body: new Uint8Array(),
    })
    const handle = Object.freeze({ request }) as unknown as Endpoint
    await expect(runJob(stepped, 'step', { use: { pve: handle } })).rejects.toMatchObject({
      code: 'ERR_HANDLE_DENIED',
    })
  })

  it('bounds the plan, what is kept, and how often', async () => {
    const large = 'x'.repeat(49_152)
    const planOf = (state: string) => steps({ plan: async () => ({ changes: [], state }) })
    const { use } = planOf(large)
    const rest = '{"changes":[],"state":""}'.length
    await expect(runJob(planOf(large).stepped, 'step', { use: use() })).rejects.toMatchObject({
      code: 'ERR_PLAN_FORM',
    })
    const fitting = planOf(large.slice(rest)).stepped
    expect((await runJob(fitting, 'step', { use: use() })).output).toEqual({ said: 'ran' })
    for (const [value, times] of [
      [large, 1],
      ['x', 65],
    ] as const) {
      const { stepped: keeping } = steps({ keep: Array.from({ length: times }, () => value) })
      await expect(runJob(keeping, 'step', { use: use() })).rejects.toMatchObject({
        code: 'ERR_LIMIT',
      })
    }
    const { stepped: few } = steps({ keep: Array.from({ length: 64 }, (_, n) => n) })
    expect((await runJob(few, 'step', { use: use() })).kept).toHaveLength(64)
  })

  it('knows no other job types than those of the plugin', async () => {
    const run = runJob(plugin, 'toString' as never, { use: {} as never })
    await expect(run).rejects.toMatchObject({ code: 'ERR_JOB_UNKNOWN' })
  })
})

type Act = (pve: Endpoint) => Promise<unknown>

/** A job type with all steps, each of which does what the case says. */
function steps(acts: { plan?: Act; resume?: Act; verify?: Act; keep?: readonly unknown[] }) {
  const job = defineJob({
    summary: 'Goes step by step',
    effect: 'change',
    input: z.strictObject({}),
    output: z.object({ said: z.string() }),
    permissions: { pve: endpoint('pve', ['GET /x', 'POST /x', 'PUT /x']) },
    plan: async ({ use }): Promise<Plan> =>
      ((await acts.plan?.(use.pve)) ?? { changes: [], state: { from: 0 } }) as Plan,
    async run({ use, keep }) {
      await use.pve.request({ method: 'POST', path: '/x' })
      for (const value of acts.keep ?? []) await keep(value)
      return { said: 'ran' }
    },
    async resume({ use, plan, kept }) {
      await acts.resume?.(use.pve)
      return { said: `${JSON.stringify(plan)} ${JSON.stringify(kept)}` }
    },
    async verify({ use }) {
      await acts.verify?.(use.pve)
      return { verdict: 'verified' as const, message: 'seen' }
    },
  })
  const stepped = definePlugin({ name: 'stepped', summary: 'Has steps', jobs: { step: job } })
  const use = () => ({ pve: fakeEndpoint({ 'GET /x': { json: 1 }, 'POST /x': { json: 2 } }) })
  return { stepped, use }
}
