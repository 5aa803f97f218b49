// SPDX-License-Identifier: Apache-2.0
/** Asking for other jobs: only those the permission names, and answers in words an author understands. */
import { describe, expect, it } from '@jest/globals'
import { ask } from '../../../src/plugins/broker/ask.ts'
import type { AskedJob, RunOutcome } from '../../../src/plugins/ports.ts'
import { hostForTest, pluginOf } from '../support.ts'
import { settingOf } from './setting.ts'

const DONE: RunOutcome = { state: 'done', output: { guests: [101] }, handlesUsed: [] }

function asker(outcome: RunOutcome = DONE, where: 'here' | 'host' = 'here') {
  const seen: AskedJob[] = []
  const setting = settingOf({
    ask: async (asked) => {
      seen.push(asked)
      return outcome
    },
  })
  const jobTypes = ['proxmox/guest.list', 'docker/image.list']
  const handle = ask.open({ kind: 'ask', jobTypes, where }, setting)
  const run = async (...args: unknown[]): Promise<unknown> =>
    (await handle['run']!(args, new AbortController().signal)).value
  return { run, seen }
}

describe('asking', () => {
  it('gives the output of a job that the permission names', async () => {
    const { run, seen } = asker()
    expect(await run('proxmox/guest.list', { node: 'pve1' })).toEqual({ guests: [101] })
    expect(seen).toEqual([{ jobType: 'proxmox/guest.list', input: { node: 'pve1' } }])
  })

  it('is denied for any other, with the permission that would allow it', async () => {
    const { run, seen } = asker()
    const denied = run('proxmox/guest.delete', {})
    await expect(denied).rejects.toThrowCode('ERR_HANDLE_DENIED')
    await expect(denied).rejects.toThrow(
      `ask(['proxmox/guest.list', 'docker/image.list', 'proxmox/guest.delete']) would allow it`,
    )
    expect(seen).toEqual([])
  })

  it.each([
    [undefined, {}],
    ['x'.repeat(161), {}],
    [{ jobType: 'proxmox/guest.list' }, {}],
    ['proxmox/guest.list', undefined],
    ['proxmox/guest.list', null],
    ['proxmox/guest.list', []],
    ['proxmox/guest.list', 'vmid'],
  ])('has no place for something else (%#)', async (...args) => {
    const { run, seen } = asker()
    await expect(run(...args)).rejects.toThrowCode('ERR_ARGUMENT_FORM')
    expect(seen).toEqual([])
  })

  it('of the host is refused, because there is nothing to ask yet', async () => {
    const { run, seen } = asker(DONE, 'host')
    await expect(run('proxmox/guest.list', {})).rejects.toThrowCode('ERR_ASK_REFUSED')
    expect(seen).toEqual([])
  })

  it('says why the job was refused, and how it failed', async () => {
    const refusal = { reason: 'wider_than_asked', details: { resource: 'vmid' } } as const
    const refused = asker({ state: 'refused', refusal }).run('proxmox/guest.list', {})
    await expect(refused).rejects.toThrowCode('ERR_ASK_REFUSED')
    await expect(refused).rejects.toThrow(/wider_than_asked.*Sign that job by itself/)
    const failure = { code: 'ERR_PVE_TASK', message: 'locked', details: {}, retryable: false }
    const failed = asker({ state: 'failed', failure, handlesUsed: [] }).run('docker/image.list', {})
    await expect(failed).rejects.toThrowCode('ERR_ASK_FAILED')
    await expect(failed).rejects.toThrow('docker/image.list failed (ERR_PVE_TASK): locked')
  })

  it('names the job type as its target, whatever the arguments are', () => {
    const permission = { kind: 'ask', jobTypes: ['a/b'], where: 'here' } as const
    expect(ask.target(permission, ['a/b', {}])).toBe('a/b')
    expect(ask.target(permission, [])).toBe('')
    expect(ask.suggest('run', ['a/b'])).toBe("ask(['a/b'])")
    expect(ask.suggest('run', [['-j']])).toBeUndefined()
  })
})

describe('a plugin in its sandbox', () => {
  const permissions = { others: { kind: 'ask', jobTypes: ['trial/inner'], where: 'here' } } as const
  const plugin = pluginOf({
    jobs: {
      outer: { permissions, body: `return { got: await use.others.run('trial/inner', { n: 2 }) }` },
      inner: { body: `return { twice: input.n * 2 }` },
    },
  })

  it('asks another run of the same process and gets its output', async () => {
    await using host = await hostForTest()
    const done = await host.run(
      plugin,
      'outer',
      {},
      {
        ask: ({ input }) => host.run(plugin, 'inner', input),
      },
    )
    expect(done).toMatchObject({ state: 'done', output: { got: { twice: 4 } } })
    expect(done.events).toMatchObject([{ kind: 'ask', target: 'trial/inner', outcome: 'ok' }])
  })

  it('asks nothing where nothing can be asked', async () => {
    await using host = await hostForTest()
    const outcome = await host.run(plugin, 'outer')
    expect(outcome).toMatchObject({ state: 'failed', failure: { code: 'ERR_HANDLE_DENIED' } })
  })
})
