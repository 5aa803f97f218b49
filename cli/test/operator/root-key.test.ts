// SPDX-License-Identifier: Apache-2.0
/** The file of a root key: private, opened by its passphrase alone, and never written over unasked. */
import { mkdtemp, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { Secret } from '@sallyport/sdk'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { join } from 'node:path'
import { homeLayout } from '../../src/home.ts'
import type { Home } from '../../src/home.ts'
import { hasRootKey, makeRootKey, unlockRootKey } from '../../src/operator/root-key.ts'

const PASSPHRASE = new Secret('correct horse battery')
const typed = async (): Promise<Secret> => PASSPHRASE

let home: Home
beforeAll(async () => {
  home = homeLayout(await mkdtemp(join(tmpdir(), 'sallyport-root-key-')))
})
afterAll(() => rm(home.folder, { recursive: true, force: true }))

describe('the file of a root key', () => {
  it('is missed before a passphrase is asked for', async () => {
    const never = async (): Promise<Secret> => {
      throw new Error('asked')
    }
    expect(hasRootKey(home)).toBe(false)
    await expect(unlockRootKey(home, never)).rejects.toThrowCode('ERR_NO_ROOT_KEY')
  })

  it('is private, opens under its passphrase, and is replaced only when that is said', async () => {
    const made = await makeRootKey(home, 'ann', PASSPHRASE)
    expect((await stat(home.operator.rootKey)).mode & 0o777).toBe(0o600)
    expect((await unlockRootKey(home, typed)).keyId).toBe(made.keyId)
    const wrong = async (): Promise<Secret> => new Secret('another passphrase')
    await expect(unlockRootKey(home, wrong)).rejects.toThrowCode('ERR_PASSPHRASE')
    await expect(makeRootKey(home, 'ann', PASSPHRASE)).rejects.toThrowCode('ERR_KEY_FILE_EXISTS')
    const next = await makeRootKey(home, 'ann', PASSPHRASE, { isReplacing: true })
    expect((await unlockRootKey(home, typed)).keyId).toBe(next.keyId)
  })
})
