// SPDX-License-Identifier: Apache-2.0
/** What the HTTP library is told of the server below it: plain, or with TLS of its own. */
import type { ServerOptions } from 'node:http'
import type { TlsIdentity } from './tls-files.ts'

/** What the library takes for a plain server. Its types know one kind of server; both answer in the same way. */
export interface ServerChoice {
  readonly http?: ServerOptions
}

/** Bounds of node:http for either; a handshake must be done within the time that headers have. */
export function serverOptions(http: ServerOptions, tls: TlsIdentity | undefined): ServerChoice {
  if (tls === undefined) return { http }
  const { cert, key } = tls
  const handshakeTimeout = http.headersTimeout
  const https = { ...http, cert, key, handshakeTimeout, minVersion: 'TLSv1.2' }
  return { https } as ServerChoice
}
