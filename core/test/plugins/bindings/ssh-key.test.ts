// SPDX-License-Identifier: Apache-2.0
/** Private keys and host keys as operators have them, made by ssh-keygen. */
import { execFileSync } from 'node:child_process'
import { createPrivateKey, generateKeyPairSync } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { parseKnownHostLine, parseSshPrivateKey } from '../../../src/plugins/bindings/ssh-key.ts'
import { temporaryFolder, type TemporaryFolder } from '../support.ts'

let folder: TemporaryFolder

beforeAll(async () => {
  folder = await temporaryFolder()
})
afterAll(() => folder[Symbol.asyncDispose]())

function keygen(name: string, ...options: string[]): { text: string; line: string } {
  const path = join(folder.path, name)
  execFileSync('ssh-keygen', ['-q', '-N', '', '-C', 'a remark', '-f', path, ...options])
  return { text: readFileSync(path, 'utf8'), line: readFileSync(`${path}.pub`, 'utf8').trim() }
}

describe('parseSshPrivateKey', () => {
  it.each([
    ['ed25519', ['-t', 'ed25519']],
    ['rsa', ['-t', 'rsa', '-b', '2048']],
    ['ecdsa256', ['-t', 'ecdsa', '-b', '256']],
    ['ecdsa384', ['-t', 'ecdsa', '-b', '384']],
    ['ecdsa521', ['-t', 'ecdsa', '-b', '521']],
    ['rsa-pem', ['-t', 'rsa', '-b', '2048', '-m', 'PEM']],
    ['ecdsa-pem', ['-t', 'ecdsa', '-m', 'PEM']],
    ['rsa-pkcs8', ['-t', 'rsa', '-b', '2048', '-m', 'PKCS8']],
  ])(
    'reads a key of kind %s with the public half that ssh-keygen states',
    async (name, options) => {
      const { text, line } = keygen(name, ...options)
      const parsed = await parseSshPrivateKey(text)
      expect([parsed.type, parsed.publicKey, 'a remark'].join(' ')).toBe(line)
      expect(parsed.privateKey.reveal()).toMatch(/^-----BEGIN PRIVATE KEY-----/)
      expect(createPrivateKey(parsed.privateKey.reveal()).type).toBe('private')
    },
  )

  it.each([
    ['locked', ['-t', 'ed25519', '-N', 'open sesame']],
    ['locked-pem', ['-t', 'ecdsa', '-m', 'PEM', '-N', 'open sesame']],
    ['locked-pkcs8', ['-t', 'ecdsa', '-m', 'PKCS8', '-N', 'open sesame']],
  ])(
    'opens the key %s with its passphrase, and says so when it is missing',
    async (name, options) => {
      const { text, line } = keygen(name, ...options)
      const parsed = await parseSshPrivateKey(text, 'open sesame')
      expect(line).toContain(parsed.publicKey)
      await expect(parseSshPrivateKey(text)).rejects.toMatchObject({
        code: 'ERR_BINDING_FORM',
        details: { isPassphraseMissing: true },
      })
      await expect(parseSshPrivateKey(text, 'wrong')).rejects.toMatchObject({
        code: 'ERR_BINDING_FORM',
        details: {},
      })
    },
  )

  it('refuses what is no private key, short RSA keys and other kinds', async () => {
    const short = generateKeyPairSync('rsa', { modulusLength: 1024 }).privateKey
    const other = generateKeyPairSync('x25519').privateKey
    const { text, line } = keygen('whole', '-t', 'ed25519')
    const wrong = [
      '',
      'garbage',
      line,
      text.slice(0, 200),
      text.replace(/\w{20}/, 'A'.repeat(20)),
      short.export({ format: 'pem', type: 'pkcs8' }).toString(),
      other.export({ format: 'pem', type: 'pkcs8' }).toString(),
      text.padEnd(70_000),
    ]
    for (const each of wrong) {
      await expect(parseSshPrivateKey(each)).rejects.toMatchObject({ code: 'ERR_BINDING_FORM' })
    }
  })

  it('never shows the key in what it throws', async () => {
    const { text } = keygen('shown', '-t', 'ed25519')
    const damaged = text.replace(/\w{20}/, 'A'.repeat(20))
    const error = await parseSshPrivateKey(damaged).catch((thrown: unknown) => thrown)
    expect(JSON.stringify(error)).not.toContain(text.split('\n')[2]!.slice(0, 20))
  })
})

describe('parseKnownHostLine', () => {
  it('reads lines of known_hosts, of ssh-keyscan and of /etc/ssh', () => {
    const { line } = keygen('host', '-t', 'ed25519')
    const [type, publicKey] = line.split(' ')
    expect(parseKnownHostLine(`[127.0.0.1]:2222,nas ${line}`)).toStrictEqual({
      hosts: ['[127.0.0.1]:2222', 'nas'],
      type,
      publicKey,
    })
    expect(parseKnownHostLine(line)).toStrictEqual({ hosts: [], type, publicKey })
    expect(parseKnownHostLine(`|1|c2FsdA==|aGFzaA== ${line}`)?.publicKey).toBe(publicKey)
  })

  it('finds no key in blank lines and remarks', () => {
    expect(parseKnownHostLine('')).toBeUndefined()
    expect(parseKnownHostLine('  # nas:22 SSH-2.0-OpenSSH_9.2')).toBeUndefined()
  })

  it('refuses marked lines, other kinds and keys that do not fit their kind', () => {
    const { line } = keygen('fit', '-t', 'ed25519')
    const wrong = [
      `@revoked nas ${line}`,
      `@cert-authority * ${line}`,
      `nas ssh-rsa ${line.split(' ')[1]}`,
      `nas ssh-ed25519 ${line.split(' ')[1]!.slice(0, -4)}`,
      'nas ssh-ed25519 AAAA!',
      'nas ssh-dss AAAA',
      'nas',
      'x'.repeat(20_000),
    ]
    for (const each of wrong) {
      expect(() => parseKnownHostLine(each)).toThrow(
        expect.objectContaining({ code: 'ERR_BINDING_FORM' }),
      )
    }
  })
})
