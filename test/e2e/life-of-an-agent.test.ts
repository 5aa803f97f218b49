// SPDX-License-Identifier: Apache-2.0
/** The life of an agent by command line: let in, moved, run twice, sent away, installed anew; and a hub that serves one more site. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { cp, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { freshStores, storeArgs, type HubStores } from '../support/hub-stores.ts'
import { patient } from '../support/patience.ts'
import {
  sallyport,
  sallyportJson,
  start,
  startMain,
  temporaryFolder,
  type Running,
} from '../support/programs.ts'
import { until } from '../support/until.ts'

let home: string
let hub: Running
let stores: HubStores
let url: string
let agent: Running
const scope = new AsyncDisposableStack()

interface Listed {
  agents: { name: string; state: string; agentId: string }[]
}

interface Renamed {
  agent: { agentId: string }
  was: { agentId: string }
  enrolLine: string
}

/** The operator's commands, on the operator's machine. */
const cli = <T>(...args: string[]) =>
  sallyportJson<T>([...args, '--hub', url, '--passphrase-file', join(home, 'passphrase')], { home })
const dirOf = (name: string) => join(home, 'hosts', name)
const onHost = (name: string, ...args: string[]) =>
  sallyportJson([...args, '--state-dir', dirOf(name)], { home })

/** Sessions of agents that the hub has opened so far. */
const sessions = () =>
  hub
    .output()
    .stdout.split('\n')
    .concat(hub.output().stderr.split('\n'))
    .filter((line) => line.includes('session.opened') && line.includes('"role":"agent"')).length

/** Starts the agent of a host, and waits until the hub knows of it. */
async function startAgent(name: string): Promise<Running> {
  const before = sessions()
  const started = scope.use(await startMain('agent', ['--state-dir', dirOf(name)], { home }))
  await until(() => sessions() > before)
  return started
}

/** What stands of an event in the log of a host. */
async function entriesOn(name: string, event: string): Promise<unknown[]> {
  const asked = ['audit', 'query', '--event', event, '--state-dir', dirOf(name)]
  return (await sallyportJson<{ entries: unknown[] }>(asked, { home })).entries
}

async function stateOf(name: string): Promise<string | undefined> {
  const { agents } = await cli<Listed>('agent', 'list')
  return agents.findLast((each) => each.name === name)?.state
}

beforeAll(async () => {
  home = scope.use(await temporaryFolder()).path
  const secret = '5f3a9c0e7b1d42868e9f6a0c3d5b7e1924c8f0a6b2d4e6183c5a7f9e0b1d2c34\n'
  await writeFile(join(home, 'passphrase'), secret, { mode: 0o600 })
  await sallyportJson(['init', '--passphrase-file', join(home, 'passphrase')], { home })
  stores = await freshStores(scope)
  const place = storeArgs(stores, join(home, 'hub'))
  hub = scope.use(await start(['hub', 'start', '--port', '0', ...place], { home }))
  url = String(hub.ready['url'])
})
afterAll(() => scope.disposeAsync())

describe('an agent', () => {
  it('comes in by its code alone, once its fingerprint was compared', async () => {
    const { code } = await cli<{ code: string }>('agent', 'code', 'pve1', '--confirm')
    const enrolling = onHost('pve1', 'agent', 'enrol', code)
    await until(async () => (await stateOf('pve1')) === 'waiting')
    const { agent: found } = await cli<{ agent: { keyId: string } }>(
      'agent',
      'confirm',
      'pve1',
      '--yes',
    )
    expect(await enrolling).toMatchObject({ agent: { name: 'pve1', keyId: found.keyId } })
    expect(await stateOf('pve1')).toBe('online')
  })

  it('moves to another address of its hub, and not to one where nobody knows it', async () => {
    const other = url.replace('127.0.0.1', 'localhost')
    expect(await onHost('pve1', 'agent', 'move', other)).toMatchObject({ from: url, to: other })
    const args = ['agent', 'move', 'http://127.0.0.1:1', '--state-dir', dirOf('pve1'), '--json']
    expect((await sallyport(args, { home })).code).toBe(4)
    agent = await startAgent('pve1')
    expect(agent.ready['hub']).toBe(other)
    expect(await stateOf('pve1')).toBe('online')
  })

  it('that is started again, also after it was killed, is one and the same', async () => {
    for (const signal of ['SIGKILL', 'SIGTERM', 'SIGKILL'] as const) {
      await agent.end(signal)
      agent = await startAgent('pve1')
    }
    expect(await stateOf('pve1')).toBe('online')
  })

  it('of which a copy runs is stopped with it, and goes on once that is gone', async () => {
    await agent.end()
    await cp(dirOf('pve1'), dirOf('copy'), { recursive: true })
    agent = await startAgent('pve1')
    const copy = await startAgent('copy')
    const saysSo = (each: Running) => each.output().stderr.includes('ERR_AGENT_TWINS')
    await until(() => saysSo(agent) && saysSo(copy))
    expect(await stateOf('pve1')).toBe('twins')
    await copy.end()
    expect(await entriesOn('copy', 'agent.unserved')).toMatchObject([
      { details: { code: 'ERR_AGENT_TWINS', schedules: 'held' } },
    ])
    await cli('agent', 'release', 'pve1', '--yes')
    expect(await stateOf('pve1')).not.toBe('twins')
  })

  it('that is sent away is told at once, and may come back with a new identity', async () => {
    await agent.end()
    agent = await startAgent('pve1')
    expect(await cli('agent', 'revoke', 'pve1', '--yes')).toMatchObject({
      agents: [{ name: 'pve1', isIsolated: true }],
    })
    const revokedMs = Date.now()
    await until(() => agent.output().stderr.includes('ERR_AGENT_REVOKED'))
    expect(Date.now() - revokedMs).toBeLessThan(patient(5_000))
    expect(await stateOf('pve1')).toBe('revoked')
    await agent.end()
    const { code } = await cli<{ code: string }>('agent', 'code', 'pve1')
    const again = await onHost('pve1', 'agent', 'enrol', code, '--anew')
    expect(again).toMatchObject({ setAside: join(dirOf('pve1'), 'before-1') })
    expect(await stateOf('pve1')).toBe('online')
  })
})

describe('an agent whose host gets another name', () => {
  const rename = () => cli<Renamed>('agent', 'rename', 'pve1', 'nas', '--yes')

  it('takes the place of the old one, whose name is free then', async () => {
    const given = await rename()
    expect(given).toMatchObject({
      state: 'waiting',
      was: { name: 'pve1' },
      rules: [],
      schedules: [],
    })
    expect(await stateOf('pve1')).toBe('online')
    const [, ...words] = given.enrolLine.split(' ')
    expect(await onHost('pve1', ...words)).toMatchObject({ agent: { name: 'nas' } })
    expect(await rename()).toMatchObject({ state: 'done', agent: given.agent, was: given.was })
    expect([await stateOf('pve1'), await stateOf('nas')]).toEqual(['replaced', 'online'])
    const { agent: next } = await cli<Renamed>('agent', 'code', 'pve1')
    expect(next.agentId).not.toBe(given.was.agentId)
  })
})

describe('a hub', () => {
  it('serves one more site while it runs', async () => {
    const second = join(home, 'second')
    const passphrase = ['--passphrase-file', join(home, 'passphrase')]
    await sallyportJson(['init', '--site', 'second', ...passphrase], { home: second })
    const list = ['agent', 'list', '--hub', url, ...passphrase]
    expect((await sallyport(list, { home: second })).code).not.toBe(0)
    const file = join(second, 'operator', 'site.json')
    const { database } = stores
    const place = storeArgs({ database }, join(home, 'hub'))
    const added = await sallyportJson(['site', 'add', file, ...place], { home })
    expect(added).toMatchObject({ siteCount: 2 })
    expect(await sallyportJson<Listed>(list, { home: second })).toMatchObject({ agents: [] })
  })
})
