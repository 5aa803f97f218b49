// SPDX-License-Identifier: Apache-2.0
/** Bindings on disk: sealed, of this agent alone, changed beside a running one, damaged ones never used. */
import { spawn } from 'node:child_process'
import {
  chmodSync,
  copyFileSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  statSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from '@jest/globals'
import { openStateDirectory } from '@sallyport/core/stores'
import { Secret } from '@sallyport/sdk'
import { bindName, listBindings, unbindName } from '../../src/bindings/bind.ts'
import { FileBindingStore, type BindingsChange } from '../../src/bindings/binding-store.ts'
import { openVaultKeys } from '../../src/vault.ts'
import { CANARY, KEY_LINE, makePlace, SAMPLES, type Place } from './place.ts'

const { token, pve, nas } = SAMPLES as Required<typeof SAMPLES>

function storeOf(place: Place, onChange?: (change: BindingsChange) => void) {
  const changes: BindingsChange[] = []
  const key = openVaultKeys({ stateDir: place.stateDir }).bindingsKey
  const note = onChange ?? ((change: BindingsChange): void => void changes.push(change))
  return { store: new FileBindingStore({ stateDir: place.stateDir, key }, note), changes }
}

const bind = (place: Place, name: string, binding = SAMPLES[name]!) =>
  bindName(place, { plugin: 'trial', name }, binding)

describe('binding', () => {
  it('gives names a meaning, another one, and none', async () => {
    using place = makePlace()
    const { store } = storeOf(place)
    expect(store.find('trial', 'token')).toBeUndefined()
    expect(await bind(place, 'token')).toMatchObject({ replaced: null, bound: { kind: 'secret' } })
    expect(store.find('trial', 'token')).toEqual(token)
    expect(store.find('other', 'token')).toBeUndefined()
    expect(store.find('trial', 'constructor')).toBeUndefined()
    const other = { kind: 'secret', value: new Secret('another') } as const
    expect(await bind(place, 'token', other)).toMatchObject({ replaced: { kind: 'secret' } })
    expect((store.find('trial', 'token') as typeof other).value.reveal()).toBe('another')
    expect(await unbindName(place, { plugin: 'trial', name: 'token' })).toMatchObject({
      kind: 'secret',
    })
    expect(await unbindName(place, { plugin: 'trial', name: 'token' })).toBeNull()
    expect(store.find('trial', 'token')).toBeUndefined()
  })

  it('works while the agent holds its state directory', async () => {
    using place = makePlace()
    using _agent = openStateDirectory(place.stateDir)
    await bind(place, 'token')
    expect(listBindings(place)).toHaveLength(1)
  })

  it('leaves no value in clear anywhere, and shows none', async () => {
    using place = makePlace()
    for (const name of Object.keys(SAMPLES)) await bind(place, name)
    expect(statSync(join(place.stateDir, 'bindings.json')).mode & 0o777).toBe(0o600)
    for (const name of readdirSync(place.stateDir)) {
      const text = readFileSync(join(place.stateDir, name), 'latin1')
      expect(text).not.toContain(CANARY)
      expect(text).not.toContain(KEY_LINE)
    }
    const shown = JSON.stringify(listBindings(place))
    expect(shown).not.toContain(CANARY)
    expect(shown).not.toContain('PRIVATE')
    expect(listBindings(place)).toEqual([
      {
        plugin: 'trial',
        name: 'database',
        kind: 'connect',
        address: 'unix:/run/db.sock',
        pin: null,
        user: null,
        headers: [],
        warnings: [],
        lock: null,
      },
      {
        plugin: 'trial',
        name: 'docker',
        kind: 'endpoint',
        address: 'unix:/run/docker.sock/v1.44',
        pin: null,
        user: null,
        headers: [],
        warnings: [],
        lock: null,
      },
      {
        plugin: 'trial',
        name: 'mqtt',
        kind: 'connect',
        address: 'tcp://10.0.0.5:1883',
        pin: null,
        user: null,
        headers: [],
        warnings: [],
        lock: null,
      },
      {
        plugin: 'trial',
        name: 'nas',
        kind: 'ssh',
        address: 'nas.lan:22',
        pin: expect.stringMatching(/^SHA256:/),
        user: 'backup',
        headers: [],
        warnings: [],
        lock: null,
      },
      {
        plugin: 'trial',
        name: 'pve',
        kind: 'endpoint',
        address: 'https://pve1:8006/api2/json',
        pin: `certificate ${'ab'.repeat(32)}`,
        user: null,
        headers: ['Authorization'],
        warnings: [],
        lock: null,
      },
      {
        plugin: 'trial',
        name: 'token',
        kind: 'secret',
        address: null,
        pin: null,
        user: null,
        headers: [],
        warnings: [],
        lock: null,
      },
    ])
  })

  it('by several at once loses nothing, in one process and in several', async () => {
    using place = makePlace()
    const names = Array.from({ length: 8 }, (_, at) => `name${at}`)
    const script = `import { bindName } from ${JSON.stringify(join(import.meta.dirname, '../../src/bindings/bind.ts'))}
      import { Secret } from '@sallyport/sdk'
      for (const name of ['x', 'y', 'z']) {
        const binding = { kind: 'secret', value: new Secret('v') }
        await bindName({ stateDir: process.argv[1] }, { plugin: process.argv[2], name }, binding)
      }`
    const flags = ['--conditions=@sallyport/source', '--input-type=module', '-e', script]
    const others = ['a', 'b'].map((plugin) => {
      const child = spawn(process.execPath, [...flags, place.stateDir, plugin], {
        cwd: import.meta.dirname,
        stdio: ['ignore', 'ignore', 'inherit'],
      })
      return new Promise((done) => child.on('close', done))
    })
    await Promise.all(names.map((name) => bind(place, name, token)))
    expect(await Promise.all(others)).toEqual([0, 0])
    const found = listBindings(place).map(({ plugin, name }) => `${plugin}/${name}`)
    const own = names.map((name) => `trial/${name}`)
    expect(found).toEqual(['a/x', 'a/y', 'a/z', 'b/x', 'b/y', 'b/z', ...own])
  })

  it('of a folder takes a folder, resolved, that is not the agent’s own', async () => {
    using place = makePlace()
    using outside = makePlace()
    mkdirSync(join(outside.stateDir, 'real'))
    symlinkSync(join(outside.stateDir, 'real'), join(outside.stateDir, 'link'))
    const folder = (path: string) => bind(place, 'out', { kind: 'folder', path })
    const { bound } = await folder(join(outside.stateDir, 'link'))
    expect(bound.address).toBe(join(outside.stateDir, 'real'))
    symlinkSync(place.stateDir, join(outside.stateDir, 'state'))
    mkdirSync(join(place.stateDir, 'inner'))
    const refused = [
      join(outside.stateDir, 'none'),
      join(outside.stateDir, 'keys.json'),
      join(outside.stateDir, 'state'),
      place.stateDir,
      join(place.stateDir, 'inner'),
      join(place.stateDir, '..'),
      '/',
    ]
    for (const path of refused) await expect(folder(path)).rejects.toThrowCode('ERR_BINDING_FORM')
  })

  it('wants an agent', async () => {
    using place = makePlace()
    unlinkSync(join(place.stateDir, 'agent.json'))
    await expect(bind(place, 'token')).rejects.toThrowCode('ERR_NOT_ENROLLED')
  })
})

describe('a bindings file that is not this agent’s own, whole one', () => {
  const damages: [string, (path: string, other: string) => void][] = [
    ['of another agent', (path, other) => copyFileSync(other, path)],
    ['cut', (path) => writeFileSync(path, readFileSync(path).subarray(0, 200))],
    ['emptied', (path) => writeFileSync(path, '')],
    [
      'flipped in one byte',
      (path) => {
        const bytes = readFileSync(path)
        bytes[bytes.length - 30]! ^= 1
        writeFileSync(path, bytes)
      },
    ],
    ['in clear', (path) => writeFileSync(path, '{"format":"sallyport-bindings-1","plugins":{}}')],
    ['open to others', (path) => chmodSync(path, 0o644)],
    [
      'a link',
      (path, other) => {
        unlinkSync(path)
        symlinkSync(other, path)
      },
    ],
  ]

  it.each(damages)('%s: is not used, and not written over', async (_, damage) => {
    using place = makePlace()
    using other = makePlace()
    await bind(place, 'token')
    await bind(other, 'token')
    const { store } = storeOf(place)
    expect(store.find('trial', 'token')).toBeDefined()
    const path = join(place.stateDir, 'bindings.json')
    damage(path, join(other.stateDir, 'bindings.json'))
    for (let again = 0; again < 2; again += 1) {
      expect(() => store.find('trial', 'token')).toThrowCode('ERR_BINDINGS_FILE')
    }
    const before = readFileSync(path)
    await expect(bind(place, 'pve', pve)).rejects.toThrowCode('ERR_BINDINGS_FILE')
    expect(readFileSync(path)).toEqual(before)
    unlinkSync(path)
    await bind(place, 'pve', pve)
    expect(store.find('trial', 'pve')).toBeDefined()
  })
})

describe('a change of the bindings', () => {
  it('is told once, by kinds and names, also over a start of the agent', async () => {
    using place = makePlace()
    await bind(place, 'token')
    await bind(place, 'pve')
    const first = storeOf(place)
    first.store.find('trial', 'token')
    first.store.find('trial', 'token')
    expect(first.changes).toEqual([
      { bound: ['endpoint trial/pve', 'secret trial/token'], removed: [] },
    ])
    await bind(place, 'token', { kind: 'secret', value: new Secret('new') })
    await bind(place, 'nas', nas)
    await unbindName(place, { plugin: 'trial', name: 'pve' })
    first.store.find('trial', 'token')
    expect(first.changes.slice(1)).toEqual([
      { bound: ['ssh trial/nas', 'secret trial/token'], removed: ['endpoint trial/pve'] },
    ])
    expect(JSON.stringify(first.changes)).not.toContain(CANARY)
    const second = storeOf(place)
    expect(second.store.find('trial', 'nas')).toBeDefined()
    expect(second.changes).toEqual([])
    unlinkSync(join(place.stateDir, 'bindings.json'))
    expect(second.store.find('trial', 'nas')).toBeUndefined()
    expect(second.changes).toEqual([
      { bound: [], removed: ['ssh trial/nas', 'secret trial/token'] },
    ])
  })

  it('that cannot be recorded is not used', async () => {
    using place = makePlace()
    await bind(place, 'token')
    let isFull = true
    const { store } = storeOf(place, () => {
      if (isFull) throw Object.assign(new Error('disk full'), { code: 'ERR_STORE_WRITE' })
    })
    for (let again = 0; again < 2; again += 1) {
      expect(() => store.find('trial', 'token')).toThrowCode('ERR_STORE_WRITE')
    }
    isFull = false
    expect(store.find('trial', 'token')).toEqual(token)
  })
})
