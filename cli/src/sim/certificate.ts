// SPDX-License-Identifier: Apache-2.0
/** A certificate for a simulator, made on the spot: it signs itself and holds for a month. */
import { execFile } from 'node:child_process'
import { X509Certificate } from 'node:crypto'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { isIP } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { EXIT } from '../output/exit-codes.ts'
import { Problem } from '../output/problem.ts'

const run = promisify(execFile)
const DAYS = 30

/** A key and the certificate for it. */
export interface Certificate {
  readonly keyPem: string
  readonly certPem: string
  /** SHA-256 of the certificate: 64 hexadecimal digits. */
  readonly fingerprint: string
}

/**
 * Makes a certificate for these names and addresses; the first is its subject.
 *
 * Throws: ERR_NO_OPENSSL.
 */
export async function makeCertificate(
  names: readonly string[],
  openssl = 'openssl',
): Promise<Certificate> {
  const folder = await mkdtemp(join(tmpdir(), 'sallyport-sim-'))
  try {
    const [key, cert] = [join(folder, 'key.pem'), join(folder, 'cert.pem')]
    await run(openssl, requestOf(names, key, cert)).catch(refuse)
    const [keyPem, certPem] = await Promise.all([readFile(key, 'utf8'), readFile(cert, 'utf8')])
    const { fingerprint256 } = new X509Certificate(certPem)
    return { keyPem, certPem, fingerprint: fingerprint256.replaceAll(':', '').toLowerCase() }
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

function requestOf(names: readonly string[], key: string, cert: string): string[] {
  const others = names.map((name) => `${isIP(name) === 0 ? 'DNS' : 'IP'}:${name}`).join(',')
  return [
    ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'],
    ...['-days', String(DAYS), '-subj', `/CN=${names[0]}`, '-addext', `subjectAltName=${others}`],
    ...['-keyout', key, '-out', cert],
  ]
}

function refuse(cause: unknown): never {
  throw new Problem('ERR_NO_OPENSSL', 'no certificate can be made: openssl does not run here', {
    exit: EXIT.failed,
    unharmed: 'Nothing was started.',
    remedy: 'Install it; on Debian:',
    commands: ['apt-get install openssl'],
    cause,
  })
}
