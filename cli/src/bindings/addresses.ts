// SPDX-License-Identifier: Apache-2.0
/** Reads the addresses and fingerprints that a person types. */
import type { SocketAddress } from '@sallyport/core/plugins'
import { CodedError } from '@sallyport/sdk'

const SSH_PORT = 22

/** `tcp://host:port` or `unix:/path`. Throws: ERR_BINDING_FORM. */
export function parseSocketAddress(text: string): SocketAddress {
  const socketPath = /^unix:(\/.*)$/.exec(text)?.[1]
  if (socketPath !== undefined) return { socketPath }
  const found = /^tcp:\/\/(?:\[([0-9a-fA-F:.]+)\]|([^:/?#@[\]]+)):(\d{1,5})$/.exec(text)
  if (found === null) throw wrong(text, 'tcp://host:port or unix:/path')
  return { host: found[1] ?? found[2]!, port: Number(found[3]) }
}

/** `account@host` or `account@host:port`. Throws: ERR_BINDING_FORM. */
export function parseSshAddress(text: string): { user: string; host: string; port: number } {
  const found = /^([^@]+)@(?:\[([0-9a-fA-F:.]+)\]|([^:/?#@[\]]+))(?::(\d{1,5}))?$/.exec(text)
  if (found === null) throw wrong(text, 'account@host or account@host:port')
  const [, user, address, name, port] = found
  return { user: user!, host: address ?? name!, port: port === undefined ? SSH_PORT : Number(port) }
}

/** SHA-256 of a certificate with or without colons, as 64 lower-case hexadecimal digits. Throws: ERR_BINDING_FORM. */
export function parseFingerprint(text: string): string {
  const digits = text.replace(/^(?:sha256[:=]|sha256 fingerprint=)/i, '').replaceAll(':', '')
  if (/^[0-9a-f]{64}$/i.test(digits)) return digits.toLowerCase()
  throw wrong(text, 'the SHA-256 of a certificate, 64 hexadecimal digits with or without colons')
}

function wrong(text: string, expected: string): CodedError {
  return new CodedError('ERR_BINDING_FORM', `${text} is not ${expected}`)
}
