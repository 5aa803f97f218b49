// SPDX-License-Identifier: Apache-2.0
/** A hub whose database was set back or exchanged: it has less than it had shown, or something else. */
import { randomBytes } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { AuditLog, HUB_ORIGIN } from '@sallyport/core/audit'
import { makeSigningKey } from '@sallyport/core/crypto'
import { encodeBase64url } from '@sallyport/core/protocol'
import type { HubClient } from '@sallyport/core/transport'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { homeLayout } from '../../src/home.ts'
import type { Home } from '../../src/home.ts'
import { hubFaults } from '../../src/operator/hub-faults.ts'
import { siteOf } from '../../src/operator/site.ts'
import { nextRoot } from '../../src/trust/root-change.ts'
import { firstRoot, personOf, signRoot } from '../support/roots.ts'
import { MemoryStore, NOW } from '../support/site.ts'

const nowMs = Date.parse(NOW)
const ann = personOf('ann')
const first = signRoot(firstRoot([ann]), [ann.root])
const second = signRoot(nextRoot(first.root, {}, { nowMs }), [ann.root])
const other = signRoot(nextRoot(first.root, { keys: first.root.keys.slice(0, 2) }, { nowMs }), [
  ann.root,
])

let home: Home
beforeEach(async () => {
  home = homeLayout(await mkdtemp(join(tmpdir(), 'sallyport-faults-')))
})
afterEach(() => rm(home.folder, { recursive: true, force: true }))

/** A hub with a log of its own of so many entries. */
function hubWith(size: number, key = KEY, { roots = [first, second], epoch = 1 } = {}) {
  const log = new AuditLog(new MemoryStore(), HUB_ORIGIN, key)
  for (let index = 0; index < size; index += 1) {
    log.append([{ event: 'agent.started', details: { index, epoch } }], nowMs)
  }
  const hub: Partial<HubClient> = {
    readHubHead: async (from = 0) => {
      const { note, path } = log.growth(Math.min(from, size))!
      const consistency = from > size ? [] : path.map(encodeBase64url)
      return { key: encodeBase64url(key.publicKey), note, consistency }
    },
    readTrustRoots: async (from = 1) =>
      roots.slice(from - 1).map(({ envelope }) => encodeBase64url(envelope)),
    readEpoch: async () => ({ epoch, begunAt: null, backupAt: null, isConfirmed: true }),
  }
  return { home, site: siteOf(second), hub: hub as HubClient }
}
const KEY = makeSigningKey(randomBytes(32))
const whats = async (...asked: Parameters<typeof hubWith>): Promise<string[]> =>
  (await hubFaults(hubWith(...asked))).map(({ what }) => what)

describe('a hub', () => {
  it('that has only more than before is believed', async () => {
    expect(await whats(3)).toEqual([])
    expect(await whats(3)).toEqual([])
    expect(await whats(5)).toEqual([])
  })

  it('whose log is shorter than it was is named, again and again', async () => {
    await whats(5)
    expect(await whats(3)).toEqual(['log'])
    expect(await whats(4)).toEqual(['log'])
    expect(await whats(6)).toEqual([])
  })

  it('with another log, or another key, is named', async () => {
    await whats(5)
    expect(await whats(6, makeSigningKey(randomBytes(32)))).toEqual(['log'])
    expect(await whats(6, KEY, { epoch: 1, roots: [first, second] })).toEqual([])
  })

  it('that was restored is named once, and then held to what it has', async () => {
    await whats(5)
    const [fault] = await hubFaults(hubWith(4, KEY, { epoch: 2 }))
    expect(fault!.why).toMatch(/^it was restored from a backup \(epoch 2\)/)
    expect(await whats(5, KEY, { epoch: 2 })).toEqual([])
    for (let time = 0; time < 2; time += 1) {
      expect(await whats(3, KEY, { epoch: 2 })).toEqual(['log'])
    }
  })

  it('with an older trust root, or another one, is named', async () => {
    expect(await whats(3, KEY, { roots: [first] })).toEqual(['trust root'])
    const faults = await hubFaults(hubWith(3, KEY, { roots: [first, other] }))
    expect(faults.map(({ why }) => why)).toEqual([
      'it has another version 2 than the one that stands',
    ])
  })
})
