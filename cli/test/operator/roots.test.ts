// SPDX-License-Identifier: Apache-2.0
/** The chain of roots that a person holds: the hub may withhold its newest part and can add nothing to it. */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openRoot } from '@sallyport/core/crypto'
import { encodeBase64url } from '@sallyport/core/protocol'
import { encodeSiteFile } from '@sallyport/core/transport'
import { CodedError } from '@sallyport/sdk'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { homeLayout } from '../../src/home.ts'
import type { Home } from '../../src/home.ts'
import { syncRoots } from '../../src/operator/roots.ts'
import { readChain } from '../../src/operator/site.ts'
import { nextRoot } from '../../src/trust/root-change.ts'
import { firstRoot, personOf, signRoot } from '../support/roots.ts'
import { NOW } from '../support/site.ts'

const nowMs = Date.parse(NOW)
const ann = personOf('ann')
const first = signRoot(firstRoot([ann]), [ann.root])
const second = signRoot(nextRoot(first.root, {}, { nowMs }), [ann.root])
const third = signRoot(nextRoot(second.root, {}, { nowMs }), [ann.recovery.signing])
const held = openRoot(first.envelope)
const hubOf = (...envelopes: Uint8Array[]) => ({
  readTrustRoots: async (from = 1) => envelopes.slice(from - 1).map(encodeBase64url),
})

let home: Home
const heldVersions = async (): Promise<number[]> =>
  (await readChain(home)).map(({ root }) => root.version)

beforeEach(async () => {
  home = homeLayout(await mkdtemp(join(tmpdir(), 'sallyport-roots-')))
  await mkdir(home.operator.folder)
  await writeFile(home.operator.site, encodeSiteFile(first.envelope))
})
afterEach(() => rm(home.folder, { recursive: true, force: true }))

describe('the chain of roots', () => {
  it('grows by what the hub has, version by version', async () => {
    const hub = hubOf(first.envelope, second.envelope, third.envelope)
    expect((await syncRoots(held, { home, hub })).root.version).toBe(3)
    expect(await heldVersions()).toEqual([1, 2, 3])
  })

  it('takes nothing that does not follow: a stranger’s, a lower version, one that leaves a version out', async () => {
    const eve = personOf('eve')
    const wrong = [
      signRoot(nextRoot(first.root, {}, { nowMs }), [eve.root]).envelope,
      first.envelope,
      third.envelope,
    ]
    for (const envelope of wrong) {
      const hub = hubOf(first.envelope, envelope)
      await expect(syncRoots(held, { home, hub })).rejects.toThrowCode('ERR_ROOT_DOUBTFUL')
    }
    expect(await heldVersions()).toEqual([1])
  })

  it('keeps what it verified before the first that does not hold', async () => {
    const hub = hubOf(first.envelope, second.envelope, second.envelope)
    await expect(syncRoots(held, { home, hub })).rejects.toThrowCode('ERR_ROOT_DOUBTFUL')
    expect(await heldVersions()).toEqual([1, 2])
  })

  it('stands as it is while the hub is away', async () => {
    const away = async (): Promise<string[]> => {
      throw new CodedError('ERR_HUB_UNREACHABLE', 'away')
    }
    const newest = openRoot(second.envelope)
    expect(await syncRoots(newest, { home, hub: { readTrustRoots: away } })).toBe(newest)
  })
})
