// SPDX-License-Identifier: Apache-2.0
/** Where a bound service is, read from its binding. */
import { X509Certificate } from 'node:crypto'
import { CodedError } from '@sallyport/sdk'
import type { EndpointBinding } from '../../bindings/binding.ts'

/** The address of a service, taken apart. */
export interface ServiceAddress {
  /** Scheme, host and port. */
  readonly origin: string
  /** What stands before every path; no slash at its end. */
  readonly basePath: string
}

/**
 * Reads the address of a binding.
 *
 * Trust: the operator wrote it. What makes no sense is refused, so that no mistake leads to a service that nobody
 * proved; no message tells the address, because plugins read messages.
 * Throws: ERR_NOT_BOUND, ERR_ENDPOINT_UNTRUSTED.
 */
export function addressOf(name: string, { url, pin }: EndpointBinding): ServiceAddress {
  const parsed = URL.canParse(url) ? new URL(url) : undefined
  const isPlain = parsed !== undefined && !/^[^/]*\/\/[^/]*@|[?#\\]/.test(url)
  if (!isPlain || !['http:', 'https:'].includes(parsed.protocol)) {
    throw new CodedError('ERR_NOT_BOUND', `"${name}" is bound to no address of an HTTP service`)
  }
  const isTls = parsed.protocol === 'https:'
  if (isTls !== (pin.by !== 'none')) {
    throw untrusted(
      name,
      isTls ? 'nothing says whose certificate it has' : 'it is not spoken to over TLS',
    )
  }
  if (pin.by === 'ca' && !isCertificate(pin.pem)) throw untrusted(name, 'its CA is no certificate')
  if (pin.by === 'fingerprint' && !/^[0-9a-f]{64}$/i.test(pin.sha256)) {
    throw untrusted(name, 'its fingerprint is none')
  }
  return { origin: parsed.origin, basePath: parsed.pathname.replace(/\/+$/, '') }
}

/** Why: TLS takes an empty list of authorities for "the usual ones". */
function isCertificate(pem: string): boolean {
  try {
    return new X509Certificate(pem).raw.length > 0
  } catch {
    return false
  }
}

/** A service that is not proved to be the bound one. */
export function untrusted(name: string, why: string): CodedError {
  return new CodedError('ERR_ENDPOINT_UNTRUSTED', `"${name}" is not trusted: ${why}`)
}
