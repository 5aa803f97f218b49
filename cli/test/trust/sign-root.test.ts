// SPDX-License-Identifier: Apache-2.0
/** What may follow a trust root: enough holders of the one that stands, and nobody else. */
import { randomBytes } from 'node:crypto'
import { signRoot as signNamed } from '@sallyport/core/crypto'
import { describe, expect, it } from '@jest/globals'
import { nextRoot } from '../../src/trust/root-change.ts'
import { cosignRoot, draftOf, signRoot } from '../../src/trust/sign-root.ts'
import { firstRoot, keysOf, personOf, signRoot as signAny } from '../support/roots.ts'
import { NOW } from '../support/site.ts'

const nowMs = Date.parse(NOW)
const [ann, ben, eve] = ['ann', 'ben', 'eve'].map(personOf)
const two = firstRoot([ann!, ben!], { rootThreshold: 2 })
const stands = signAny(two, [ann!.root, ben!.root])

describe('a version on its way', () => {
  it('is complete with enough holders, each counted once', () => {
    const next = nextRoot(two, {}, { nowMs })
    const alone = signRoot(stands, next, [ann!.root, ann!.recovery.signing])
    expect(alone).toMatchObject({ isComplete: false, have: ['ann'], need: 2 })
    const both = cosignRoot(stands, alone.envelope, ben!.root)
    expect(both).toMatchObject({ isComplete: true, have: ['ann', 'ben'] })
  })

  it('is not signed with a key that neither version knows', () => {
    const next = nextRoot(two, {}, { nowMs })
    expect(() => signRoot(stands, next, [eve!.root])).toThrowCode('ERR_NOT_ROOT_HOLDER')
    const { envelope } = signRoot(stands, next, [ann!.root])
    expect(() => cosignRoot(stands, envelope, eve!.root)).toThrowCode('ERR_NOT_ROOT_HOLDER')
  })

  it('is not complete by the keys that it brings in itself', () => {
    const next = nextRoot(two, { keys: keysOf(eve!), rootThreshold: 1 }, { nowMs })
    expect(signRoot(stands, next, [eve!.root]).isComplete).toBe(false)
  })

  it('is refused with a version that is not the next, or of another site', () => {
    for (const changes of [
      { version: 1 },
      { version: 3 },
      { version: 2, siteId: firstRoot([ann!]).siteId },
    ]) {
      const { envelope } = signAny({ ...two, ...changes }, [ann!.root, ben!.root])
      expect(() => draftOf(stands, envelope)).toThrowCode('ERR_ROOT_CHANGE')
    }
  })

  it('is signed by nobody who cannot read whom it names', () => {
    const names = { nameKey: randomBytes(32), random: randomBytes }
    const envelope = signNamed(nextRoot(two, {}, { nowMs }), [ann!.root], names)
    expect(() => cosignRoot(stands, envelope, ben!.root)).toThrowCode('ERR_ROOT_NAMES')
  })

  it('can follow a root that has expired', () => {
    const late = Date.parse(two.expiresAt) + 1
    const keys = two.keys.map((key) => ({ ...key, notAfter: '2030-01-01T00:00:00.000Z' }))
    const next = nextRoot(two, { keys }, { nowMs: late })
    expect(signRoot(stands, next, [ann!.root, ben!.root]).isComplete).toBe(true)
  })
})
