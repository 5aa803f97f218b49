// SPDX-License-Identifier: Apache-2.0
/** The contract: a good plugin passes every case, and each fault fails exactly the case that is about it. */
import { describe, expect, it } from '@jest/globals'
import { z } from 'zod'
import { manifestOf } from '../../src/index.ts'
import type { AnyJobType, Plugin } from '../../src/index.ts'
import { contractCases } from '../../src/testing/index.ts'
import { plugin } from './sample-plugin.ts'

const manifest = manifestOf(plugin, '1.2.3')
const samples = {
  uptime: { inputs: [{}, { decimals: 2 }], outputs: [{ seconds: 1 }] },
  'thing.clear': { inputs: [{ name: 'a' }] },
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
