// SPDX-License-Identifier: Apache-2.0
/** Connects to a bound service and proves it to be that one before a byte of a request leaves. */
import { X509Certificate } from 'node:crypto'
import { isIP, type Socket } from 'node:net'
import { TLSSocket, checkServerIdentity, type PeerCertificate } from 'node:tls'
import { buildConnector } from 'undici'
import type { EndpointBinding, ServicePin } from '../../bindings/binding.ts'
import { pinText } from '../../bindings/pin-text.ts'
import { untrusted } from './address.ts'

/** Time to connect, TLS included. */
const CONNECT_MS = 10_000

/** Source: Node.js documentation, "TLS (SSL)", section "X509 certificate error codes". */
const OUT_OF_DATE: ReadonlySet<string> = new Set(['CERT_HAS_EXPIRED', 'CERT_NOT_YET_VALID'])

/**
 * Makes the function that connects.
 *
 * Trust: a connection is handed on only when the pin holds for it. Sessions are not kept, so that each connection
 * proves itself by a certificate; an environment that turns checks off changes nothing.
 * Source: RFC 8446, section 4.4.2; RFC 9525, section 6.
 */
export function pinnedConnector(name: string, binding: EndpointBinding): buildConnector.connector {
  const { pin, socketPath } = binding
  const connect = buildConnector({
    ...tlsOptionsOf(pin),
    ...(socketPath !== undefined && { socketPath }),
    timeout: CONNECT_MS,
    maxCachedSessions: 0,
    allowH2: false,
  })
  return (options, callback) =>
    connect(options, (error, socket) => {
      if (error !== null) return callback(error, null)
      const why = distrust(pin, socket, socketPath !== undefined)
      if (why === undefined) return callback(null, socket)
      const seen = isAnother(pin, socket) ? shownBy(socket) : undefined
      socket.destroy()
      callback(locked(binding, seen) ?? untrusted(name, why), null)
    })
}

/**
 * Why nothing is verified for a fingerprint: a certificate that is known whole needs nobody to vouch for it. Why the
 * verdict on an authority's is read afterwards: a peer that is refused at once leaves nothing to name it by.
 */
function tlsOptionsOf(pin: ServicePin): buildConnector.BuildOptions {
  const options = { minVersion: 'TLSv1.2' as const, checkServerIdentity: checkIdentity }
  if (pin.by === 'ca') return { ...options, rejectUnauthorized: false, ca: pin.pem }
  return { ...options, rejectUnauthorized: pin.by !== 'fingerprint' }
}

/** What speaks against a fresh connection. */
function distrust(pin: ServicePin, socket: Socket, isUnix: boolean): string | undefined {
  if (pin.by === 'none') {
    return isUnix || isLoopback(socket.remoteAddress)
      ? undefined
      : 'without TLS it must be on this machine'
  }
  if (!(socket instanceof TLSSocket)) return 'it is not spoken to over TLS'
  if (pin.by !== 'fingerprint') return socket.authorized ? undefined : verdictOn(socket)
  return shownBy(socket) === pin.sha256.toLowerCase() ? undefined : 'it has another certificate'
}

/** Why a certificate is not vouched for, as a code. */
function verdictOn(socket: TLSSocket): string {
  const code = String(socket.authorizationError)
  return /^[A-Z0-9_]{1,64}$/.test(code) ? code : 'its certificate is not vouched for'
}

/** Whether a distrusted peer is another one, rather than the right one out of date. */
function isAnother(pin: ServicePin, socket: Socket): boolean {
  if (!(socket instanceof TLSSocket)) return false
  return pin.by === 'fingerprint' || (pin.by === 'ca' && !OUT_OF_DATE.has(verdictOn(socket)))
}

/** The fingerprint of the certificate that was shown. */
function shownBy(socket: Socket): string | undefined {
  return socket instanceof TLSSocket
    ? socket.getPeerX509Certificate()?.fingerprint256.replaceAll(':', '').toLowerCase()
    : undefined
}

/** Locks the binding; the error of a lock that could not be written. */
function locked({ pin, onDistrust }: EndpointBinding, seen: string | undefined): Error | undefined {
  if (seen === undefined) return undefined
  try {
    onDistrust?.({ pinned: pinText(pin), seen })
    return undefined
  } catch (error) {
    return error as Error
  }
}

/** The address that was connected to, not the one that was asked for. */
function isLoopback(address: string | undefined): boolean {
  return /^(?:(?:::ffff:)?127\.\d{1,3}\.\d{1,3}\.\d{1,3}|::1)$/i.test(address ?? '')
}

/** Why two opinions: each of the two comparisons has been wrong about addresses and names before. */
function checkIdentity(host: string, certificate: PeerCertificate): Error | undefined {
  const first = checkServerIdentity(host, certificate)
  if (first !== undefined) return first
  const shown = new X509Certificate(certificate.raw)
  const match = isIP(host) === 0 ? shown.checkHost(host) : shown.checkIP(host)
  if (match !== undefined) return undefined
  return Object.assign(new Error('another name'), { code: 'HOSTNAME_MISMATCH' })
}
