// SPDX-License-Identifier: Apache-2.0
/** The contract: a good plugin passes every case, and each fault fails exactly the case that is about it. */
import { describe, expect, it } from '@jest/globals'
import { z } from 'zod'
import { manifestOf } from '../../src/index.ts'
import type { AnyJobType, Plugin } from '../../src/index.ts'
import { contractCases, fakeFiles, fakeProgram } from '../../src/testing/index.ts'
import { plugin } from './sample-plugin.ts'

const manifest = manifestOf(plugin, '1.2.3')
const samples = {
  uptime: { inputs: [{}, { decimals: 2 }], outputs: [{ seconds: 1 }] },
  'thing.clear': { inputs: [{ name: 'a' }], plans: [planSample()] },
}

/** Plans the removal of a thing that is there. */
function planSample() {
  const use = () => ({ things: fakeFiles({ '/things': 'a' }), tool: fakeProgram({}) })
  return { input: { name: 'a' }, use }
}

async function failing(subject: Plugin, options = {}): Promise<string[]> {
  const names: string[] = []
  for (const { name, check } of contractCases(subject, options)) {
    try {
      await check()
    } catch (error) {
      expect(error).toMatchObject({ code: 'ERR_CONTRACT' })
      names.push(name)
    }
  }
  return names
}

function withUptime(change: object): Plugin {
  const uptime = Object.freeze({ ...plugin.jobs.uptime, ...change }) as AnyJobType
  return Object.freeze({ ...plugin, jobs: Object.freeze({ ...plugin.jobs, uptime }) })
}

const limited = (change: object) =>
  withUptime({ limits: { ...plugin.jobs.uptime.limits, ...change } })
const permitted = (proc: object) => withUptime({ permissions: { proc } })
const exec = { kind: 'exec', program: '/bin/x', args: [], timeoutMs: 1_000, maxOutputBytes: 10 }
const handleCase = 'uptime may use proc within a well-formed permission'

describe('the contract of a good plugin', () => {
  it.each(contractCases(plugin, { manifest, samples }))('$name', ({ check }) => check())

  it('has a case per job type and per permission', () => {
    const names = contractCases(plugin, { manifest, samples }).map(({ name }) => name)
    expect(new Set(names).size).toBe(names.length)
    expect(names).toContain('thing.clear may use tool within a well-formed permission')
    expect(names).toContain('uptime accepts input sample 2')
  })
})

describe('the contract of plans', () => {
  const planCase = 'thing.clear plans sample 1 the same twice'
  const withPlan = (plan: unknown): Plugin => {
    const clear = Object.freeze({ ...plugin.jobs['thing.clear'], plan }) as AnyJobType
    return Object.freeze({
      ...plugin,
      jobs: Object.freeze({ ...plugin.jobs, 'thing.clear': clear }),
    })
  }
  const failureOf = async (plan: unknown): Promise<{ code?: string; message?: string }> => {
    const cases = contractCases(withPlan(plan), { samples })
    return (await cases
      .find(({ name }) => name === planCase)!
      .check()
      ?.then(
        () => ({}),
        (error: { code: string; message: string }) => error,
      ))!
  }

  it('is kept by a plan that comes out the same twice', async () => {
    expect(await failureOf(plugin.jobs['thing.clear'].plan)).toEqual({})
  })

  it.each<[string, () => unknown, string]>([
    [
      'a state that moves by itself',
      () => ({ changes: [], state: { uptimeSeconds: performance.now() } }),
      'two plans in a row differ at /state/uptimeSeconds; leave out of it what moves by itself',
    ],
    ['the state alone', () => ({ from: 1 }), 'a plan has changes and state, and no from'],
    ['no object', () => 'all', 'a plan is an object { changes, state }'],
    ['no list of changes', () => ({ changes: 'all', state: 1 }), 'changes is a list'],
    [
      'an op that is none',
      () => ({ changes: [{ op: 'destroy', what: 'a' }], state: 1 }),
      'changes[0] has the op "destroy"',
    ],
    [
      'a change that says nothing',
      () => ({ changes: [{ op: 'add', what: '' }], state: 1 }),
      'changes[0] says nothing in one line of what',
    ],
    [
      'a change of two lines',
      () => ({ changes: [{ op: 'add', what: 'a\n+ b' }], state: 1 }),
      'changes[0] says nothing in one line of what',
    ],
    [
      'a number for a text',
      () => ({ changes: [{ op: 'change', what: 'a', from: 1 }], state: 1 }),
      'changes[0] has a from that is no text',
    ],
    [
      'an unknown member',
      () => ({ changes: [{ op: 'note', what: 'a', why: 'b' }], state: 1 }),
      'changes[0] has a member why',
    ],
    [
      'too many changes',
      () => ({ changes: Array(129).fill({ op: 'add', what: 'a' }), state: 1 }),
      'it has 129 changes, of 128',
    ],
    ['no state', () => ({ changes: [] }), 'state is no JSON value'],
    [
      'a date in its state',
      () => ({ changes: [], state: { at: new Date(0) } }),
      'state/at is no JSON value',
    ],
    [
      'a state that is too large to be signed',
      () => ({ changes: [], state: 'x'.repeat(49_152) }),
      'of 49152',
    ],
  ])('catches %s', async (_, plan, message) => {
    const error = await failureOf(async () => plan())
    expect(error.code).toMatch(/^ERR_(CONTRACT|PLAN_FORM)$/)
    expect(error.message).toContain(message)
  })
})

describe('the contract catches', () => {
  const inputCase = 'uptime takes a strict, described input'
  it.each<[string, Plugin, string[]]>([
    [
      'a bad plugin name',
      { ...plugin, name: 'Sample' },
      ['the plugin has a name and a one-line summary', 'the plugin is frozen'],
    ],
    [
      'a summary of two lines',
      Object.freeze({ ...plugin, summary: 'one\ntwo' }),
      ['the plugin has a name and a one-line summary'],
    ],
    [
      'no job types',
      Object.freeze({ ...plugin, jobs: Object.freeze({}) }),
      ['the plugin has job types'],
    ],
    [
      'a job list that can be changed',
      Object.freeze({ ...plugin, jobs: { ...plugin.jobs } }),
      ['the plugin is frozen'],
    ],
    [
      'a job type that can be changed',
      Object.freeze({ ...plugin, jobs: Object.freeze({ uptime: { ...plugin.jobs.uptime } }) }),
      ['the plugin is frozen'],
    ],
    [
      'a bad job name',
      Object.freeze({ ...plugin, jobs: Object.freeze({ 'Up.Time': plugin.jobs.uptime }) }),
      ['Up.Time has a name and a one-line summary'],
    ],
    ['an unknown effect', withUptime({ effect: 'look' }), ['uptime says its effect']],
    ['no summary', withUptime({ summary: '' }), ['uptime has a name and a one-line summary']],
    [
      'an endless rate',
      limited({ perMinute: Infinity }),
      ['the manifest is plain JSON', 'uptime has sane limits'],
    ],
    ['no time at all', limited({ timeoutMs: 0 }), ['uptime has sane limits']],
    [
      'an output larger than a result may be',
      limited({ maxOutputBytes: 4_194_304 }),
      ['uptime has sane limits'],
    ],
    [
      'no run',
      withUptime({ run: undefined }),
      ['uptime has a run, and where it destroys a plan and a verify step'],
    ],
    [
      'a destroyer without a second look',
      withUptime({ effect: 'destroy', plan: async () => null }),
      ['uptime has a run, and where it destroys a plan and a verify step'],
    ],
    [
      'a step that is no function',
      withUptime({ resume: 'later' as never }),
      ['uptime has a run, and where it destroys a plan and a verify step'],
    ],
    [
      'a destroyer without a plan',
      withUptime({ effect: 'destroy' }),
      ['uptime has a run, and where it destroys a plan and a verify step'],
    ],
    [
      'a loose input',
      withUptime({ input: z.object({}) }),
      [inputCase, 'uptime refuses an unknown field'],
    ],
    [
      'a loose object inside the input',
      withUptime({
        input: z.strictObject({ a: z.object({ b: z.string() }).optional().describe('x') }),
      }),
      [inputCase],
    ],
    [
      'a field without a description',
      withUptime({ input: z.strictObject({ a: z.string().optional() }) }),
      [inputCase],
    ],
    [
      'an input that takes anything',
      withUptime({ input: z.any() }),
      [inputCase, 'uptime refuses an input that is no object', 'uptime refuses an unknown field'],
    ],
    [
      'an output that is no object',
      withUptime({ output: z.string() }),
      ['uptime yields an object'],
    ],
    [
      'a handle with a bad name',
      withUptime({ permissions: { 'a-b': plugin.jobs.uptime.permissions.proc } }),
      ['uptime may use a-b within a well-formed permission'],
    ],
    ['an unknown kind', permitted({ kind: 'socket' }), [handleCase]],
    ['no paths', permitted({ kind: 'files.read', paths: [] }), [handleCase]],
    ['a relative path', permitted({ kind: 'files.read', paths: ['proc/uptime'] }), [handleCase]],
    [
      'a path that climbs',
      permitted({ kind: 'files.read', paths: ['/proc/../etc/*'] }),
      [handleCase],
    ],
    ['the whole file system', permitted({ kind: 'files.read', paths: ['/**'] }), [handleCase]],
    [
      'the whole file system by one star',
      permitted({ kind: 'files.read', paths: ['/*/**'] }),
      [handleCase],
    ],
    [
      'two stars inside a segment',
      permitted({ kind: 'files.read', paths: ['/proc/a**'] }),
      [handleCase],
    ],
    ['a program by name', permitted({ ...exec, program: 'tool' }), [handleCase]],
    ['a program by pattern', permitted({ ...exec, program: '/usr/bin/*' }), [handleCase]],
    [
      'a pattern that does not compile',
      permitted({ ...exec, args: [{ pattern: '(' }] }),
      [handleCase],
    ],
    [
      'a pattern that lets any option through',
      permitted({ ...exec, args: [{ pattern: '.*' }] }),
      [handleCase],
    ],
    [
      'a program with more time than its job',
      permitted({ ...exec, timeoutMs: 60_000 }),
      [handleCase],
    ],
    [
      'a program that may print without end',
      permitted({ ...exec, maxOutputBytes: Infinity }),
      ['the manifest is plain JSON', handleCase],
    ],
    ['a state without a bound', permitted({ kind: 'state', maxBytes: -1 }), [handleCase]],
  ])('%s', async (_what, subject, expected) => {
    expect(await failing(subject)).toEqual(expected)
  })

  it('a committed manifest that says less than the code', async () => {
    const old = structuredClone(manifest) as { jobs: Record<string, { limits: object }> }
    old.jobs['uptime']!.limits = { ...old.jobs['uptime']!.limits, perMinute: 1 }
    expect(await failing(plugin, { manifest: old })).toEqual([
      'the committed manifest is the derived one',
    ])
    expect(await failing(plugin, { manifest: undefined })).toHaveLength(1)
  })

  it('a sample that the schema refuses', async () => {
    const wrong = { uptime: { inputs: [{ decimals: 9 }], outputs: [{}] } }
    expect(await failing(plugin, { samples: wrong })).toEqual([
      'uptime accepts input sample 1',
      'uptime accepts output sample 1',
    ])
  })
})
