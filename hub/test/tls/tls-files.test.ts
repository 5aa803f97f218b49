// SPDX-License-Identifier: Apache-2.0
/** Which certificates and keys a hub takes. */
import { execFileSync } from 'node:child_process'
import { chmod, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import {
  makeAuthority,
  type Leaf,
} from '../../../core/test/plugins/broker/endpoint/certificates.ts'
import { serverOptions } from '../../src/tls/server-options.ts'
import { readTlsFiles, type TlsFiles } from '../../src/tls/tls-files.ts'
import { temporaryFolder } from '../support/site.ts'

describe('the files of certificate and key', () => {
  const scope = new AsyncDisposableStack()
  let folder: string
  let one: Leaf
  let other: Leaf
  beforeAll(async () => {
    folder = await temporaryFolder(scope)
    const authority = makeAuthority(folder)
    one = authority.leaf('DNS:localhost')
    other = authority.leaf('DNS:localhost')
  })
  afterAll(() => scope.disposeAsync())

  const write = async (cert: string, key: string): Promise<TlsFiles> => {
    const files = { cert: join(folder, 'hub.pem'), key: join(folder, 'hub.key') }
    await writeFile(files.cert, cert)
    await writeFile(files.key, key)
    await chmod(files.key, 0o600)
    return files
  }

  it('are taken when they belong together, with what is in them', async () => {
    const identity = await readTlsFiles(await write(one.cert + other.cert, one.key))
    expect(identity.fingerprint.replaceAll(':', '').toLowerCase()).toBe(one.fingerprint)
    expect(identity.notAfterMs).toBeGreaterThan(Date.now() + 29 * 86_400_000)
    expect(identity.notBeforeMs).toBeLessThanOrEqual(Date.now())
    expect(identity.isKeyOpen).toBe(false)
  })

  it('are said to be open when every account may read the key', async () => {
    const files = await write(one.cert, one.key)
    await chmod(files.key, 0o644)
    expect((await readTlsFiles(files)).isKeyOpen).toBe(true)
  })

  it('are refused when they do not belong together, or are not what they should be', async () => {
    const locked = execFileSync('openssl', ['pkey', '-aes256', '-passout', 'pass:secret'], {
      input: one.key,
      encoding: 'utf8',
    })
    const half = one.cert.slice(0, one.cert.length / 2)
    const cases: [cert: string, key: string, why: RegExp][] = [
      [one.cert, other.key, /not that of the certificate/],
      ['', one.key, /no PEM certificate/],
      [half, one.key, /no PEM certificate/],
      [one.cert + half, one.key, /chain/],
      [one.cert, '', /no PEM key/],
      [one.cert, one.cert, /no PEM key/],
      [one.cert, locked, /without a passphrase/],
      ['x'.repeat(1_024 * 1_024 + 1), one.key, /cannot be read/],
    ]
    for (const [cert, key, why] of cases) {
      const refusal = readTlsFiles(await write(cert, key))
      await expect(refusal).rejects.toMatchObject({ code: 'ERR_TLS_FILES' })
      await expect(refusal).rejects.toThrow(why)
    }
    const missing = readTlsFiles({ cert: join(folder, 'none'), key: join(folder, 'none') })
    await expect(missing).rejects.toMatchObject({ code: 'ERR_TLS_FILES' })
  })

  it('make a server whose handshakes end as soon as headers would', async () => {
    const tls = await readTlsFiles(await write(one.cert, one.key))
    expect(serverOptions({ headersTimeout: 7 }, tls)).toMatchObject({
      https: { handshakeTimeout: 7, minVersion: 'TLSv1.2' },
    })
    expect(serverOptions({ headersTimeout: 7 }, undefined)).toEqual({ http: { headersTimeout: 7 } })
  })
})
