// SPDX-License-Identifier: Apache-2.0
/** The line with somebody's public keys: read from an argument or a file, and never with a key that cannot be used. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { encodeBase64url } from '@sallyport/core/protocol'
import { describe, expect, it } from '@jest/globals'
import { identityLine, readIdentityLine } from '../../src/trust/identity-line.ts'
import { keysOf, personOf } from '../support/roots.ts'

const [operator, root, recovery] = keysOf(personOf('ben'))
const ben = {
  name: 'ben',
  signingKey: operator!.signingKey,
  sealingKey: operator!.sealingKey,
  rootKeys: [root!, recovery!].map((key) => ({
    signingKey: key.signingKey,
    sealingKey: key.sealingKey,
  })),
}

describe('an identity line', () => {
  it('says the same after it was written and read, from an argument or a file', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'sallyport-identity-'))
    const file = join(folder, 'ben.id')
    for (const identity of [ben, { ...ben, rootKeys: [] }, { ...ben, sealingKey: null }]) {
      const line = identityLine(identity)
      expect(await readIdentityLine(line)).toEqual(identity)
      await writeFile(file, `${line}\n`)
      expect(await readIdentityLine(file)).toEqual(identity)
    }
    await rm(folder, { recursive: true })
  })

  it('is a name and a key for whoever has no more', async () => {
    expect(await readIdentityLine(`maker:${ben.signingKey}`)).toEqual({
      name: 'maker',
      signingKey: ben.signingKey,
      sealingKey: null,
      rootKeys: [],
    })
  })

  it('is refused with a name that is none, a key that binds nobody, a key twice, or more than it may have', async () => {
    const wrong = [
      identityLine({ ...ben, name: 'Ben!' }),
      identityLine({ ...ben, signingKey: encodeBase64url(new Uint8Array(32)) }),
      identityLine({ ...ben, sealingKey: encodeBase64url(new Uint8Array(32)) }),
      identityLine({ ...ben, rootKeys: [{ signingKey: ben.signingKey, sealingKey: null }] }),
      `${identityLine(ben)} more`,
      'sallyport-identity-1 ben',
    ]
    for (const line of wrong) {
      await expect(readIdentityLine(line)).rejects.toThrowCode('ERR_IDENTITY_LINE')
    }
  })
})
