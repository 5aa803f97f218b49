// SPDX-License-Identifier: Apache-2.0
/** A recovery that was cut off: the same keys and the same code again, or none at all where something is missing. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { publicIdentity } from '@sallyport/core/crypto'
import { encodeBase64url } from '@sallyport/core/protocol'
import { Secret } from '@sallyport/sdk'
import { afterAll, beforeAll, expect, it } from '@jest/globals'
import { homeLayout } from '../../src/home.ts'
import type { Home } from '../../src/home.ts'
import {
  endAttempt,
  hasAttempt,
  keepAttempt,
  makeAttempt,
  readAttempt,
} from '../../src/trust/recovery-attempt.ts'
import { nextRoot, rootKeyFor } from '../../src/trust/root-change.ts'
import { firstRoot, personOf, signRoot } from '../support/roots.ts'
import { NOW } from '../support/site.ts'

const nowMs = Date.parse(NOW)
const PASSPHRASE = new Secret('correct horse battery')
const typed = async (): Promise<Secret> => PASSPHRASE
const ann = personOf('ann')
const site = signRoot(firstRoot([ann]), [ann.root])

let home: Home
beforeAll(async () => {
  home = homeLayout(await mkdtemp(join(tmpdir(), 'sallyport-recovery-')))
})
afterAll(() => rm(home.folder, { recursive: true, force: true }))

it('goes on with the same keys and the same code, and with none once a part of it is missing', async () => {
  expect(hasAttempt(home)).toBe(false)
  const made = makeAttempt('ann', PASSPHRASE)
  const { signingKey, sealingKey } = publicIdentity(made.identity)
  const rootKey = encodeBase64url(made.rootKey.publicKey)
  const keys = [
    ...site.root.keys,
    rootKeyFor({ holder: 'ann', role: 'operator', signingKey, sealingKey }, { nowMs }),
    rootKeyFor({ holder: 'ann', role: 'root', signingKey: rootKey, sealingKey: null }, { nowMs }),
  ]
  const next = signRoot(nextRoot(site.root, { keys }, { nowMs }), [ann.root, made.rootKey])
  const { envelope } = next
  const { nameKey } = site
  await keepAttempt(home, made, { envelope, site, nameKey, url: 'http://127.0.0.1:1' })

  const read = await readAttempt(home, typed)
  expect(read).toMatchObject({ recoveryCode: made.recoveryCode, envelope })
  expect(read!.identity.signing.keyId).toBe(made.identity.signing.keyId)
  expect(read!.rootKey.keyId).toBe(made.rootKey.keyId)
  await rm(home.operator.keys)
  expect(await readAttempt(home, typed)).toBeUndefined()
  await endAttempt(home)
  expect(hasAttempt(home)).toBe(false)
})
