// SPDX-License-Identifier: Apache-2.0
/** Honest plugins in real sandboxes: what they get, what they are told, and when their process is there. */
import { join } from 'node:path'
import { build } from 'esbuild'
import { CodedError, manifestOf, type Plugin } from '@sallyport/sdk'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { CrashBackOff } from '../../src/plugins/crash-back-off.ts'
import type { HandleEvent, RunRequest } from '../../src/plugins/ports.ts'
import type { PluginEvent } from '../../src/plugins/process-pool.ts'
import { patient } from '../../../test/support/patience.ts'
import { bundled, codeOf, hostForTest, pluginOf, type HostForTest } from './support.ts'

const UPTIME = { kind: 'files.read', paths: ['/proc/uptime'] } as const

let test: HostForTest
const lines: string[] = []
const processEvents: PluginEvent[] = []

beforeAll(async () => {
  test = await hostForTest({
    onLine: ({ text }) => lines.push(text),
    onEvent: (event) => processEvents.push(event),
  })
})

afterAll(async () => {
  await test[Symbol.asyncDispose]()
})

describe('a plugin made with the SDK and zod', () => {
  let plugin: RunRequest['plugin']

  beforeAll(async () => {
    const entry = join(import.meta.dirname, 'uptime-plugin.ts')
    const built = await build({
      entryPoints: [entry],
      bundle: true,
      write: false,
      format: 'esm',
      platform: 'node',
      conditions: ['@sallyport/source'],
    })
    const made = (await import('./uptime-plugin.ts')) as { plugin: Plugin }
    plugin = bundled(manifestOf(made.plugin, '1.2.3'), built.outputFiles[0]!.text)
  })

  it('runs, and reads by its handle what it may read', async () => {
    const outcome = await test.run(plugin, 'uptime', { unit: 's' })
    expect(outcome).toMatchObject({ state: 'done', handlesUsed: ['proc'] })
    expect(outcome).toMatchObject({ output: { value: expect.any(Number), unit: 's' } })
    expect(outcome.events).toEqual([
      { handle: 'proc', kind: 'files.read', method: 'text', target: '/proc/uptime', outcome: 'ok' },
    ])
  })

  it('gets defaults filled in and an input that does not fit refused by its own schema', async () => {
    expect(await test.run(plugin, 'uptime', {})).toMatchObject({ output: { unit: 's' } })
    const outcome = await test.run(plugin, 'uptime', { unit: 'years' })
    expect(codeOf(outcome)).toBe('ERR_INPUT_FORM')
    expect(outcome).toMatchObject({ failure: { message: expect.stringContaining('unit') } })
  })

  it('plans, then runs with its plan', async () => {
    const outcome = await test.run(plugin, 'planned', { to: 7 })
    expect(outcome).toMatchObject({ output: { from: 3, to: 7 } })
  })

  it('has an output that does not fit its schema refused', async () => {
    expect(codeOf(await test.run(plugin, 'liar'))).toBe('ERR_OUTPUT_FORM')
  })

  it('fails with the code, the details and the retry it throws', async () => {
    expect(await test.run(plugin, 'failing')).toMatchObject({
      failure: {
        code: 'ERR_TRIAL_NOTHING',
        message: 'nothing here',
        details: { looked: 3 },
        retryable: true,
      },
    })
  })

  it('keeps values between runs', async () => {
    expect(await test.run(plugin, 'count')).toMatchObject({ output: { count: 1 } })
    expect(await test.run(plugin, 'count')).toMatchObject({ output: { count: 2 } })
  })

  it('runs an approved program', async () => {
    expect(await test.run(plugin, 'greet')).toMatchObject({ output: { text: 'hello\n' } })
  })
})

describe('handles', () => {
  it('are denied with the permission that would allow the call, and every use is reported', async () => {
    const plugin = pluginOf({
      jobs: {
        ask: {
          body: `const told = async (call) => { try { return await call() } catch ({ code, message }) { return { code, message } } }
            return [
              await told(() => use.proc.text('/etc/hostname')),
              await told(() => use.disk.text('/etc/hostname')),
              await told(() => use.tool.run(['-j'])),
              await told(() => use.proc.set('a', 'b')),
              await told(() => use.proc.destroy()),
              await told(() => use.proc.text('/proc/uptime').then((text) => text.length > 0)),
            ]`,
          permissions: { proc: UPTIME },
        },
      },
    })
    const outcome = await test.run(plugin, 'ask')
    const denied = (message: string): object => ({ code: 'ERR_HANDLE_DENIED', message })
    expect(outcome).toMatchObject({
      handlesUsed: ['proc'],
      output: [
        denied(
          "'/etc/hostname' is outside /proc/uptime; files.read('/proc/uptime', '/etc/hostname') would allow it",
        ),
        denied(
          `trial/ask declares no permission "disk"; permissions: { disk: files.read('/etc/hostname') } would allow it`,
        ),
        denied(
          `trial/ask declares no permission "tool"; permissions: { tool: exec('/path/to/program', ["-j"]) } would allow it`,
        ),
        denied(
          'handle "proc" (files.read) has text, bytes, list, not set; set needs a permission like state()',
        ),
        denied('handle "proc" (files.read) has text, bytes, list, not destroy'),
        true,
      ],
    })
    expect(outcome.events.map(({ outcome: how }) => how)).toEqual([
      'denied',
      'denied',
      'denied',
      'denied',
      'denied',
      'ok',
    ])
  })

  it('are those of the job type alone', async () => {
    const plugin = pluginOf({
      jobs: {
        narrow: { body: `return use.proc.text('/proc/uptime')` },
        wide: { body: `return use.proc.text('/proc/uptime')`, permissions: { proc: UPTIME } },
      },
    })
    expect((await test.run(plugin, 'wide')).state).toBe('done')
    expect(codeOf(await test.run(plugin, 'narrow'))).toBe('ERR_HANDLE_DENIED')
  })

  it('give bytes as bytes and undefined as undefined', async () => {
    const plugin = pluginOf({
      jobs: {
        look: {
          body: `const bytes = await use.proc.bytes('/proc/uptime')
            return { isBytes: bytes instanceof Uint8Array, none: (await use.own.get('none')) === undefined }`,
          permissions: { proc: UPTIME, own: { kind: 'state', maxBytes: 100 } },
        },
      },
    })
    expect(await test.run(plugin, 'look')).toMatchObject({ output: { isBytes: true, none: true } })
  })

  it('serve thousands of calls at once', async () => {
    const plugin = pluginOf({
      jobs: {
        many: {
          body: `const texts = await Promise.all(Array.from({ length: 3000 }, () => use.proc.text('/proc/uptime')))
            return texts.filter((text) => text.length > 0).length`,
          permissions: { proc: UPTIME },
        },
      },
    })
    expect(await test.run(plugin, 'many')).toMatchObject({ output: 3_000 })
  })

  it('end the run when their use cannot be recorded', async () => {
    const plugin = pluginOf({
      name: 'unrecorded',
      jobs: {
        look: {
          body: `await use.own.set('a', '1').catch(() => {}); await use.own.set('b', '1'); return 1`,
          permissions: { own: { kind: 'state', maxBytes: 100 } },
        },
        keys: {
          body: 'return use.own.keys()',
          permissions: { own: { kind: 'state', maxBytes: 100 } },
        },
      },
    })
    const onHandle = (): never => {
      throw new CodedError('ERR_STORE_WRITE', 'disk full')
    }
    const outcome = await test.run(plugin, 'look', {}, { onHandle })
    expect(codeOf(outcome)).toBe('ERR_AUDIT_UNAVAILABLE')
    expect(await test.run(plugin, 'keys')).toMatchObject({ output: ['a'] })
  })
})

describe('runs', () => {
  it('log and report progress in plain lines', async () => {
    const plugin = pluginOf({
      jobs: { talk: { body: `log('a\\u001b[31m\\nb'); progress('half'); return 1` } },
    })
    const progress: string[] = []
    await test.run(plugin, 'talk', {}, { onProgress: (text) => progress.push(text) })
    expect(progress).toEqual(['half'])
    expect(lines).toContain('a [31m b')
  })

  it('of one plugin share a process, and those of another do not', async () => {
    const body = `globalThis.seen = (globalThis.seen ?? 0) + 1; await new Promise((r) => setTimeout(r, 500)); return globalThis.seen`
    const one = pluginOf({ name: 'one', jobs: { count: { body } } })
    const two = pluginOf({ name: 'two', jobs: { count: { body } } })
    const outcomes = await Promise.all([
      test.run(one, 'count'),
      test.run(one, 'count'),
      test.run(two, 'count'),
    ])
    expect(outcomes).toMatchObject([{ output: 2 }, { output: 2 }, { output: 1 }])
    const started = processEvents.filter(
      ({ event, pluginName }) => event === 'plugin.started' && pluginName === 'one',
    )
    expect(started).toHaveLength(1)
  })

  it('that are cancelled end as cancelled, and an attentive plugin lives on', async () => {
    const plugin = pluginOf({
      jobs: {
        wait: {
          body: `await new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)))`,
        },
        pid: { body: 'globalThis.mark ??= Math.random(); return globalThis.mark' },
      },
    })
    // Why so long: on a busy machine it is a while before the plugin hears of it.
    await using patient = await hostForTest({ limits: { graceMs: 60_000 } })
    const before = await patient.run(plugin, 'pid')
    const controller = new AbortController()
    setTimeout(() => controller.abort(), 50)
    const outcome = await patient.run(plugin, 'wait', {}, { signal: controller.signal })
    expect(codeOf(outcome)).toBe('ERR_RUN_CANCELLED')
    const after = await patient.run(plugin, 'pid')
    expect(after).toMatchObject({ output: (before as { output?: unknown }).output })
  })

  it('that were cancelled before they began do not begin', async () => {
    const plugin = pluginOf({ name: 'unborn', jobs: { wait: { body: 'return 1' } } })
    const outcome = await test.run(plugin, 'wait', {}, { signal: AbortSignal.abort() })
    expect(codeOf(outcome)).toBe('ERR_RUN_CANCELLED')
    expect(processEvents.some(({ pluginName }) => pluginName === 'unborn')).toBe(false)
  })

  it('that take too long end in time, and calls they wait for are taken back', async () => {
    const plugin = pluginOf({
      jobs: {
        wait: {
          body: `return use.tool.run(['60'])`,
          permissions: {
            tool: {
              kind: 'exec',
              program: '/bin/sleep',
              args: ['60'],
              timeoutMs: 60_000,
              maxOutputBytes: 10,
            },
          },
          limits: { timeoutMs: 200 },
        },
      },
    })
    const started = performance.now()
    const outcome = await test.run(plugin, 'wait')
    expect(codeOf(outcome)).toBe('ERR_RUN_TIMEOUT')
    expect(performance.now() - started).toBeLessThan(patient(2_200))
  })

  it('that go down with the process of another say so', async () => {
    const plugin = pluginOf({
      jobs: {
        loop: {
          body: 'await new Promise((r) => setTimeout(r, 50)); for (;;) {}',
          limits: { timeoutMs: 200 },
        },
        wait: { body: 'await new Promise(() => {})' },
      },
    })
    const [loop, wait] = await Promise.all([test.run(plugin, 'loop'), test.run(plugin, 'wait')])
    expect([codeOf(loop), codeOf(wait)]).toEqual(['ERR_RUN_TIMEOUT', 'ERR_PLUGIN_CRASHED'])
  })
})

describe('bundles', () => {
  const plugin = pluginOf({ name: 'exact', jobs: { one: { body: 'return 1' } } })

  it('of which one byte was altered are not loaded', async () => {
    const inSummary = Buffer.from(plugin.bundle).indexOf('a trial')
    for (const at of [0, 100, inSummary, plugin.bundle.length - 2]) {
      const bundle = plugin.bundle.slice()
      bundle[at]! ^= 1
      expect(await test.run({ ...plugin, bundle }, 'one')).toRefuse('digest_mismatch')
    }
    expect((await test.run(plugin, 'one')).state).toBe('done')
  })

  it('under another name or version than their manifest are not loaded', async () => {
    const other = pluginOf({ name: 'other-name', jobs: { one: { body: 'return 1' } } })
    expect(await test.run({ ...other, name: 'exact' }, 'one')).toRefuse('digest_mismatch')
    expect(await test.run({ ...other, version: '9.9.9' }, 'one')).toRefuse('digest_mismatch')
  })

  it('have only the job types of their manifest', async () => {
    expect(await test.run(plugin, 'two')).toRefuse('unknown_job_type')
    expect(await test.run(plugin, 'constructor')).toRefuse('unknown_job_type')
  })

  it('whose plugin describes itself otherwise are not run', async () => {
    const honest = pluginOf({ jobs: { one: { body: 'return 1', permissions: { proc: UPTIME } } } })
    const other = pluginOf({ jobs: { one: { body: 'return 1' } } })
    const text = (
      JSON.parse(new TextDecoder().decode(other.bundle)) as {
        parts: { 'plugin.mjs': { text: string } }
      }
    ).parts['plugin.mjs'].text
    expect(codeOf(await test.run(bundled(honest.manifest, text), 'one'))).toBe(
      'ERR_PLUGIN_MANIFEST',
    )
  })

  it.each([
    ['a text that is no module', 'export const plugin = {', 'ERR_PLUGIN_START'],
    ['no plugin in it', 'export const other = 1', 'ERR_PLUGIN_START'],
    ['an import that was not bundled', `import 'zod'\nexport const plugin = 1`, 'ERR_PLUGIN_START'],
    [
      'a file of the host as an import',
      `import 'file:///etc/hostname'\nexport const plugin = 1`,
      'ERR_PLUGIN_START',
    ],
    ['a throw while loading', `throw new Error('boom')`, 'ERR_PLUGIN_START'],
    ['an exit while loading', `process.exit(0)`, 'ERR_PLUGIN_START'],
    [
      'a message while loading',
      `process.send({ type: 'done', runId: 1, output: '1' })`,
      'ERR_PLUGIN_ABUSE',
    ],
  ])('with %s are not run', async (name, text, code) => {
    const { manifest } = pluginOf({ jobs: { one: { body: 'return 1' } } })
    const odd = bundled({ ...manifest, summary: name }, text)
    expect(codeOf(await test.run(odd, 'one'))).toBe(code)
  })
})

describe('processes', () => {
  it('that never become ready are ended', async () => {
    await using short = await hostForTest({ limits: { readyMs: 3_000 } })
    const { manifest } = pluginOf({ jobs: { one: { body: 'return 1' } } })
    const stuck = bundled(
      manifest,
      'await new Promise((r) => setTimeout(r, 1e6)); export const plugin = 1',
    )
    expect(codeOf(await short.run(stuck, 'one'))).toBe('ERR_PLUGIN_START')
    const loop = bundled(manifest, 'for (;;) {}')
    expect(codeOf(await short.run(loop, 'one'))).toBe('ERR_PLUGIN_START')
  })

  it('stop when idle and start again for the next job', async () => {
    const events: PluginEvent[] = []
    await using idle = await hostForTest({
      idleStopMs: 100,
      onEvent: (event) => events.push(event),
    })
    const plugin = pluginOf({
      jobs: {
        one: { body: 'return 1' },
        slow: { body: 'await new Promise((r) => setTimeout(r, 300)); return 2' },
      },
    })
    expect(await idle.run(plugin, 'slow')).toMatchObject({ output: 2 })
    while (events.length < 2) await new Promise((done) => setTimeout(done, 20))
    expect(events.map(({ event, message }) => [event, message])).toEqual([
      ['plugin.started', ''],
      ['plugin.stopped', 'idle'],
    ])
    expect(await idle.run(plugin, 'one')).toMatchObject({ output: 1 })
  })

  it('that keep crashing are left alone for longer and longer', async () => {
    const backOff = new CrashBackOff({ firstMs: 3_000, longestMs: 10_000 })
    await using crashing = await hostForTest({ backOff })
    const plugin = pluginOf({
      jobs: { crash: { body: 'process.exit(1)' }, one: { body: 'return 1' } },
    })
    expect(codeOf(await crashing.run(plugin, 'crash'))).toBe('ERR_PLUGIN_CRASHED')
    expect(codeOf(await crashing.run(plugin, 'crash'))).toBe('ERR_PLUGIN_CRASHED')
    const refused = await crashing.run(plugin, 'one')
    expect(refused).toMatchObject({ failure: { code: 'ERR_PLUGIN_BACKOFF', retryable: true } })
    const other = pluginOf({ name: 'other', jobs: { one: { body: 'return 1' } } })
    expect(codeOf(await crashing.run(other, 'one'))).toBe('done')
    await new Promise((done) => setTimeout(done, 3_050))
    expect(codeOf(await crashing.run(plugin, 'one'))).toBe('done')
    expect(codeOf(await crashing.run(plugin, 'crash'))).toBe('ERR_PLUGIN_CRASHED')
    expect(codeOf(await crashing.run(plugin, 'one'))).toBe('done')
  })

  it('are gone when the host is closed, and their runs are told', async () => {
    const closing = await hostForTest()
    const plugin = pluginOf({
      jobs: { wait: { body: 'await new Promise(() => {})' }, one: { body: 'return 1' } },
    })
    await closing.run(plugin, 'one')
    const waiting = closing.run(plugin, 'wait')
    await new Promise((done) => setTimeout(done, 50))
    await closing[Symbol.asyncDispose]()
    expect(codeOf(await waiting)).toBe('ERR_PLUGIN_STOPPED')
  })
})

describe('a host without a sandbox', () => {
  it('refuses with the remedy and runs nothing', async () => {
    const events: HandleEvent[] = []
    await using bare = await hostForTest({
      findSandbox: () =>
        Promise.reject(new CodedError('ERR_SANDBOX_UNAVAILABLE', 'bubblewrap is not installed')),
    })
    const plugin = pluginOf({
      jobs: {
        one: { body: `return use.proc.text('/proc/uptime')`, permissions: { proc: UPTIME } },
      },
    })
    const outcome = await bare.run(plugin, 'one', {}, { onHandle: (event) => events.push(event) })
    expect(outcome).toRefuse('sandbox_unavailable')
    expect(outcome).toMatchObject({
      refusal: {
        details: {
          why: 'bubblewrap is not installed',
          remedy: expect.stringContaining('apt-get install bubblewrap'),
        },
      },
    })
    expect(events).toEqual([])
  })

  it('refuses when bubblewrap cannot make one', async () => {
    await using broken = await hostForTest({
      findSandbox: () =>
        Promise.resolve({
          bubblewrap: '/bin/false',
          node: process.execPath,
          libraries: [],
          startsAsNobody: false,
          filter: undefined,
        }),
    })
    const plugin = pluginOf({ jobs: { one: { body: 'return 1' } } })
    expect(codeOf(await broken.run(plugin, 'one'))).toBe('sandbox_unavailable')
    await using missing = await hostForTest({
      findSandbox: () =>
        Promise.resolve({
          bubblewrap: '/none/bwrap',
          node: process.execPath,
          libraries: [],
          startsAsNobody: false,
          filter: undefined,
        }),
    })
    expect(await missing.run(plugin, 'one')).toRefuse('sandbox_unavailable')
  })
})
