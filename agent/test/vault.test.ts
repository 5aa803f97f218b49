// SPDX-License-Identifier: Apache-2.0
/** The agent's keys at rest. */
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { chmodSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openOrCreateVault, openVault } from '../src/vault.ts'

let stateDir: string

beforeEach(() => {
  stateDir = mkdtempSync(join(tmpdir(), 'sallyport-vault-'))
})

afterEach(() => {
  rmSync(stateDir, { recursive: true, force: true })
})

describe('a vault', () => {
  it('is made once and gives the same identity ever after', () => {
    const made = openOrCreateVault('agent', { stateDir })
    expect(openOrCreateVault('agent', { stateDir }).signing.keyId).toBe(made.signing.keyId)
    expect(openVault({ stateDir }).sealing.keyId).toBe(made.sealing.keyId)
  })

  it('holds nothing in clear and is for its owner alone', () => {
    openOrCreateVault('agent', { stateDir })
    for (const name of ['keys.json', 'vault.key']) {
      expect(statSync(join(stateDir, name)).mode & 0o777).toBe(0o600)
    }
    const { kdf, cipher } = JSON.parse(readFileSync(join(stateDir, 'keys.json'), 'utf8')) as {
      kdf: { name: string }
      cipher: { name: string }
    }
    expect([kdf.name, cipher.name]).toEqual(['scrypt', 'aes-256-gcm'])
  })

  it('does not open with another passphrase', () => {
    openOrCreateVault('agent', { stateDir })
    writeFileSync(join(stateDir, 'vault.key'), 'another', { mode: 0o600 })
    expect(() => openVault({ stateDir })).toThrowCode('ERR_PASSPHRASE')
    expect(() => openOrCreateVault('agent', { stateDir })).toThrowCode('ERR_PASSPHRASE')
  })

  it('is not used while others may read it', () => {
    openOrCreateVault('agent', { stateDir })
    chmodSync(join(stateDir, 'vault.key'), 0o644)
    expect(() => openVault({ stateDir })).toThrowCode('ERR_KEY_FILE_MODE')
  })

  it('takes its passphrase from a file somewhere else and then keeps none of its own', () => {
    const passphraseFile = join(stateDir, 'elsewhere')
    writeFileSync(passphraseFile, 'five random words are easy\n', { mode: 0o600 })
    const made = openOrCreateVault('agent', { stateDir, passphraseFile })
    expect(() => statSync(join(stateDir, 'vault.key'))).toThrowCode('ENOENT')
    expect(openVault({ stateDir, passphraseFile }).signing.keyId).toBe(made.signing.keyId)
  })
})
