// SPDX-License-Identifier: Apache-2.0
/** Plugins that end badly, are ended, or run in two versions, in real sandboxes. */
import { describe, expect, it } from '@jest/globals'
import { CrashBackOff } from '../../src/plugins/crash-back-off.ts'
import type { PluginHostOptions } from '../../src/plugins/plugin-host.ts'
import type { PluginEvent } from '../../src/plugins/process-pool.ts'
import { patient } from '../../../test/support/patience.ts'
import { codeOf, hostForTest, pluginOf, type HostForTest } from './support.ts'

const REVOKED = { code: 'ERR_PLUGIN_REVOKED', message: 'revoked' }

/** A host whose plugins may crash without a pause, and what happened in it. */
async function openHost(
  options: Partial<PluginHostOptions> = {},
): Promise<HostForTest & { readonly processEvents: PluginEvent[] }> {
  const processEvents: PluginEvent[] = []
  const backOff = new CrashBackOff({ firstMs: 0, longestMs: 0 })
  const onEvent = (event: PluginEvent): void => void processEvents.push(event)
  const test = await hostForTest({ backOff, onEvent, ...options })
  return Object.assign(test, { processEvents })
}

describe('a plugin that keeps crashing', () => {
  const plugin = pluginOf({
    jobs: { crash: { body: 'process.exit(1)' }, one: { body: 'return 1' } },
  })

  it('is put into quarantine, says why, and comes back only when it is forgiven', async () => {
    await using test = await openHost({ quarantine: { crashCount: 3, windowMs: 60_000 } })
    for (const job of ['crash', 'crash', 'one', 'crash']) await test.run(plugin, job)
    const refused = await test.run(plugin, 'one')
    expect(refused).toRefuse('quarantined')
    expect(refused).toMatchObject({
      refusal: { details: { code: 'ERR_PLUGIN_CRASHED', crashCount: 3 } },
    })
    expect(test.processEvents.filter(({ event }) => event === 'plugin.quarantined')).toMatchObject([
      { digest: plugin.digest, pluginName: 'trial', code: 'ERR_PLUGIN_CRASHED', stderr: '' },
    ])
    const other = pluginOf({ name: 'other', jobs: { one: { body: 'return 1' } } })
    expect(codeOf(await test.run(other, 'one'))).toBe('done')
    test.host.forgive(plugin.digest)
    expect(codeOf(await test.run(plugin, 'one'))).toBe('done')
  })

  it('is in quarantine when it does not even start', async () => {
    await using test = await openHost({ quarantine: { crashCount: 2, windowMs: 60_000 } })
    const broken = pluginOf({ top: 'process.exit(1)', jobs: { one: { body: 'return 1' } } })
    for (let n = 0; n < 2; n += 1) {
      expect(codeOf(await test.run(broken, 'one'))).toBe('ERR_PLUGIN_START')
    }
    expect(await test.run(broken, 'one')).toRefuse('quarantined')
  })

  it('is counted, with its runs and the use of its handles', async () => {
    await using test = await openHost()
    const counted = pluginOf({
      jobs: {
        ask: {
          body: `await use.proc.text('/proc/uptime'); await use.proc.text('/etc/passwd').catch(() => {})
            await use.none.text('/x').catch(() => {}); return 1`,
          permissions: { proc: { kind: 'files.read', paths: ['/proc/uptime'] } },
        },
        crash: { body: 'process.exit(1)' },
      },
    })
    await test.run(counted, 'ask')
    await test.run(counted, 'crash')
    expect(test.host.counters()).toEqual({
      trial: {
        runs: { done: 1, failed: 1, refused: 0 },
        crashCount: 1,
        quarantineCount: 0,
        handleCalls: {
          'files.read': { ok: 1, denied: 1, failed: 0 },
          none: { ok: 0, denied: 1, failed: 0 },
        },
      },
    })
  })
})

describe('a plugin that is stopped', () => {
  it('ends with the given reason at once, and that is no crash', async () => {
    await using test = await openHost()
    const plugin = pluginOf({ jobs: { spin: { body: 'for (;;) {}' }, one: { body: 'return 1' } } })
    await test.run(plugin, 'one')
    const running = test.run(plugin, 'spin')
    await new Promise((done) => setTimeout(done, 50))
    const started = performance.now()
    await test.host.stop(plugin.digest, REVOKED)
    expect(performance.now() - started).toBeLessThan(patient(2_000))
    expect(codeOf(await running)).toBe('ERR_PLUGIN_REVOKED')
    expect(test.processEvents.map(({ event, code }) => [event, code])).toEqual([
      ['plugin.started', ''],
      ['plugin.stopped', 'ERR_PLUGIN_REVOKED'],
    ])
  })

  it('is ended also while it is being loaded and never gets ready', async () => {
    await using test = await openHost()
    const plugin = pluginOf({ top: 'for (;;) {}', jobs: { one: { body: 'return 1' } } })
    const running = test.run(plugin, 'one')
    await new Promise((done) => setTimeout(done, 300))
    const started = performance.now()
    await test.host.stop(plugin.digest, REVOKED)
    expect(performance.now() - started).toBeLessThan(patient(2_000))
    expect(codeOf(await running)).toBe('ERR_PLUGIN_REVOKED')
    expect(test.processEvents).toEqual([])
  })
})

describe('two versions of a plugin', () => {
  it('run beside each other, each job on the version it was admitted with', async () => {
    await using test = await openHost()
    const versions = ['1.0.0', '2.0.0'].map((version) => {
      const body = `await new Promise((done) => setTimeout(done, input.ms)); return '${version}'`
      return pluginOf({ version, jobs: { which: { body } } })
    })
    const [old, renewed] = versions
    const slow = test.run(old!, 'which', { ms: 400 })
    const quick = await Promise.all(
      Array.from({ length: 10 }, (_, n) => test.run(versions[n % 2]!, 'which', { ms: 0 })),
    )
    expect(quick.map((outcome) => outcome.state === 'done' && outcome.output)).toEqual(
      Array.from({ length: 10 }, (_, n) => versions[n % 2]!.version),
    )
    await test.host.stop(renewed!.digest, REVOKED)
    expect(await slow).toMatchObject({ state: 'done', output: '1.0.0' })
    const started = test.processEvents.filter(({ event }) => event === 'plugin.started')
    expect(started.map(({ version }) => version).sort()).toEqual(['1.0.0', '2.0.0'])
  })

  it('are not taken for each other because one is running', async () => {
    await using test = await openHost()
    const plugin = pluginOf({ jobs: { one: { body: 'return 1' } } })
    expect(codeOf(await test.run(plugin, 'one'))).toBe('done')
    expect(await test.run({ ...plugin, version: '2.0.0' }, 'one')).toRefuse('digest_mismatch')
    expect(await test.run({ ...plugin, name: 'other' }, 'one')).toRefuse('digest_mismatch')
  })
})
