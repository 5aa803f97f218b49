// SPDX-License-Identifier: Apache-2.0
/** The certificate that a service shows, for a person to compare before it is pinned. */
import type { X509Certificate } from 'node:crypto'
import { isIP } from 'node:net'
import { connect } from 'node:tls'
import { EXIT } from '../output/exit-codes.ts'
import { Problem } from '../output/problem.ts'
import { safeText } from '../output/safe-text.ts'
import { pairs } from '../output/table.ts'

const WAIT_MS = 10_000

/**
 * Connects and returns the certificate, whoever signed it. Nothing is sent.
 *
 * Throws: ERR_ENDPOINT_UNREACHABLE.
 */
export async function fetchCertificate(url: URL): Promise<X509Certificate> {
  const host = url.hostname.replace(/^\[|\]$/g, '')
  const port = url.port === '' ? 443 : Number(url.port)
  const servername = isIP(host) === 0 ? { servername: host } : {}
  const { promise, resolve, reject } = Promise.withResolvers<X509Certificate>()
  const socket = connect({ host, port, ...servername, rejectUnauthorized: false }, () => {
    const certificate = socket.getPeerX509Certificate()
    if (certificate === undefined) reject(new Error('it shows no certificate'))
    else resolve(certificate)
  })
  socket.setTimeout(WAIT_MS, () => reject(new Error('it does not answer')))
  socket.on('error', reject)
  try {
    return await promise
  } catch (cause) {
    throw unreachable(`${host}:${port}`, cause)
  } finally {
    socket.destroy()
  }
}

/** SHA-256 of a certificate as 64 hexadecimal digits. */
export function sha256Of(certificate: X509Certificate): string {
  return certificate.fingerprint256.replaceAll(':', '').toLowerCase()
}

/** What a person compares. */
export function certificateScreen(url: URL, certificate: X509Certificate): string {
  const line = (text: string): string => safeText(text.replaceAll('\n', ', '))
  return [
    `${url.host} shows this certificate:`,
    pairs([
      ['SHA-256', certificate.fingerprint256],
      ['subject', line(certificate.subject)],
      ['issuer', line(certificate.issuer)],
      ['valid', `${line(certificate.validFrom)} to ${line(certificate.validTo)}`],
    ]),
    'Compare the SHA-256 with what the service itself says; whoever stands between shows another one.',
  ].join('\n')
}

function unreachable(address: string, cause: unknown): Problem {
  const why = typeof cause === 'object' && cause !== null && 'message' in cause ? cause.message : ''
  return new Problem('ERR_ENDPOINT_UNREACHABLE', `${address} cannot be asked for its certificate`, {
    exit: EXIT.unreachable,
    details: { why: String(why) },
    unharmed: 'Nothing was bound.',
    remedy: 'See whether the service runs, or give the fingerprint with --fingerprint.',
    cause,
  })
}
