// SPDX-License-Identifier: Apache-2.0
/** Locks hold for the binding they were made for: until it is bound or pinned anew, and no longer. */
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, it } from '@jest/globals'
import type { StandingPin } from '@sallyport/core/admission'
import type { EndpointBinding } from '@sallyport/core/plugins'
import type { BindingLockRow } from '@sallyport/core/runner'
import { bindName, listBindings } from '../../src/bindings/bind.ts'
import { openBindingPins, type LockBook } from '../../src/bindings/binding-locks.ts'
import { FileBindingStore, type BindingsChange } from '../../src/bindings/binding-store.ts'
import { openVaultKeys } from '../../src/vault.ts'
import { makePlace, SAMPLES, type Place } from './place.ts'

const OLD = 'ab'.repeat(32)
const SEEN = 'cd'.repeat(32)
const NAME = { plugin: 'trial', binding: 'pve' }
const [pve, token, docker] = [SAMPLES['pve']!, SAMPLES['token']!, SAMPLES['docker']!]

/** Locks in memory. */
function lockBook() {
  const rows = new Map<string, BindingLockRow>()
  const locks: LockBook = {
    find: (pluginName, name) => rows.get(`${pluginName}/${name}`),
    put: (lock) =>
      void rows.set(`${lock.pluginName}/${lock.name}`, { ...lock, sinceMs: Date.now() }),
    lift: (pluginName, name) => void rows.delete(`${pluginName}/${name}`),
  }
  return { locks, rows }
}

function open(stateDir: string) {
  const { locks, rows } = lockBook()
  const place = { stateDir, key: openVaultKeys({ stateDir }).bindingsKey }
  const changes: BindingsChange[] = []
  const store = new FileBindingStore(place, (change) => void changes.push(change), locks)
  return { store, rows, changes, pins: openBindingPins(place, locks) }
}

const bind = (place: Place, binding = pve, name = 'pve') =>
  bindName(place, { plugin: 'trial', name }, binding)
const endpointIn = (store: FileBindingStore) => store.find('trial', 'pve') as EndpointBinding
const distrust = (store: FileBindingStore, pinned = OLD) =>
  endpointIn(store).onDistrust!({ pinned, seen: SEEN })
const issuedAt = (aheadMs = 0) => new Date(Date.now() + aheadMs).toISOString()

describe('a lock', () => {
  it('is made by a peer that is not the pinned one, once', async () => {
    using place = makePlace()
    const { store, rows } = open(place.stateDir)
    await bind(place)
    expect(store.lockOn('trial', 'pve')).toBeUndefined()
    distrust(store)
    const [row] = rows.values()
    endpointIn(store).onDistrust!({ pinned: OLD, seen: 'ef'.repeat(32) })
    expect([...rows.values()]).toEqual([row])
    expect(store.lockOn('trial', 'pve')).toMatchObject({ pinned: OLD, seen: SEEN })
    expect(store.lockOn('trial', 'other')).toBeUndefined()
    expect(row!.stamp).not.toContain('canary')
  })

  it('is over when the name is bound anew, even to the same', async () => {
    using place = makePlace()
    const { store } = open(place.stateDir)
    await bind(place)
    distrust(store)
    await sleep(2)
    await bind(place)
    expect(store.lockOn('trial', 'pve')).toBeUndefined()
    distrust(store)
    expect(store.lockOn('trial', 'pve')).toBeDefined()
  })

  it('is not made by a run that still has the pin from before', async () => {
    using place = makePlace()
    const { store, pins } = open(place.stateDir)
    await bind(place)
    const early = endpointIn(store)
    await pins.pin(NAME, { sha256: SEEN, issuedAt: issuedAt() }, () => true)
    early.onDistrust!({ pinned: OLD, seen: SEEN })
    expect(store.lockOn('trial', 'pve')).toBeUndefined()
  })

  it('is on no binding that shows no certificate', async () => {
    using place = makePlace()
    const { store } = open(place.stateDir)
    await bind(place, docker, 'docker')
    await bind(place, token, 'token')
    expect(store.find('trial', 'docker')).not.toHaveProperty('onDistrust')
    expect(store.find('trial', 'token')).toEqual(token)
  })
})

describe('a signed pin', () => {
  it('changes the certificate, keeps the credential, ends the lock', async () => {
    using place = makePlace()
    const { store, pins, changes } = open(place.stateDir)
    await bind(place)
    distrust(store)
    const standing = await pins.pin(NAME, { sha256: SEEN, issuedAt: issuedAt() }, () => true)
    expect(standing).toMatchObject({ pinned: OLD, isLocked: true })
    expect(store.lockOn('trial', 'pve')).toBeUndefined()
    const { pin, headers, url } = endpointIn(store)
    expect(pin).toEqual({ by: 'fingerprint', sha256: SEEN })
    expect(headers['Authorization']!.reveal()).toContain('canary')
    expect(url).toBe((pve as EndpointBinding).url)
    expect(changes).toHaveLength(2)
  })

  it('is asked about what stands, and changes nothing after a no', async () => {
    using place = makePlace()
    const { store, pins, changes } = open(place.stateDir)
    await bind(place)
    distrust(store)
    const asked: (StandingPin | undefined)[] = []
    const ask = (name: string) =>
      pins.pin({ ...NAME, binding: name }, { sha256: SEEN, issuedAt: issuedAt() }, (standing) => {
        asked.push(standing)
        return false
      })
    await ask('pve')
    await ask('other')
    expect(asked).toEqual([
      {
        pinned: OLD,
        sinceMs: expect.any(Number),
        pinIssuedAtMs: Number.NEGATIVE_INFINITY,
        isLocked: true,
      },
      undefined,
    ])
    expect(endpointIn(store).pin).toEqual((pve as EndpointBinding).pin)
    expect(store.lockOn('trial', 'pve')).toBeDefined()
    expect(changes).toHaveLength(1)
  })

  it('of a name that shows no certificate finds nothing', async () => {
    using place = makePlace()
    const { pins } = open(place.stateDir)
    await bind(place, docker, 'docker')
    const name = { plugin: 'trial', binding: 'docker' }
    const pin = { sha256: SEEN, issuedAt: issuedAt() }
    expect(await pins.pin(name, pin, (standing) => standing !== undefined)).toBeUndefined()
    expect(await pins.pin(name, pin, () => true)).toBeUndefined()
  })

  it('is remembered over a binding by hand, so that it does not come back', async () => {
    using place = makePlace()
    const { pins } = open(place.stateDir)
    await bind(place)
    const at = issuedAt(-1_000)
    await pins.pin(NAME, { sha256: SEEN, issuedAt: at }, () => true)
    await bind(place)
    const standing = await pins.pin(NAME, { sha256: SEEN, issuedAt: at }, () => false)
    expect(standing).toMatchObject({ pinned: OLD, pinIssuedAtMs: Date.parse(at) })
    expect(standing!.sinceMs).toBeGreaterThan(Date.parse(at))
  })
})

describe('what was accepted of a token', () => {
  it('is in the binding, in its summary and in the record of the change', async () => {
    using place = makePlace()
    const { store, changes } = open(place.stateDir)
    const traits = { isOfRoot: true, separated: false } as const
    await bind(place, { ...(pve as EndpointBinding), token: traits })
    expect(endpointIn(store).token).toEqual(traits)
    const [summary] = listBindings(place)
    expect(summary!.warnings).toHaveLength(2)
    expect(summary!.warnings.join()).toContain('root@pam')
    expect(changes[0]!.accepted).toHaveLength(2)
    expect(changes[0]!.accepted!.join()).toContain('endpoint trial/pve')
    await bind(place, { ...(pve as EndpointBinding), token: { isOfRoot: false, separated: true } })
    store.find('trial', 'pve')
    expect(listBindings(place)[0]!.warnings).toEqual([])
    expect(changes[1]).not.toHaveProperty('accepted')
  })
})
