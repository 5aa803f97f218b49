// SPDX-License-Identifier: Apache-2.0
/** What went wrong with a bound service, in words that tell a plugin neither address nor credential. */
import { CodedError, isCodedError } from '@sallyport/sdk'
import { untrusted } from './address.ts'
import { CredentialEcho } from './credential-guard.ts'

/** Source: Node.js documentation, "TLS (SSL)", section "X509 certificate error codes". */
const CERTIFICATE_CODE =
  /^(?:ERR_TLS_|ERR_SSL_|UNABLE_TO_|CERT_|CRL_|ERROR_IN_C|DEPTH_ZERO_|SELF_SIGNED_|INVALID_|PATH_LENGTH_|HOSTNAME_)/
const CONNECTION_BROKE: ReadonlySet<string> = new Set(['UND_ERR_SOCKET', 'ECONNRESET', 'EPIPE'])

/** Whether the connection ended under a request, rather than never having been made or having said something wrong. */
export function connectionBroke(error: unknown): boolean {
  return isCodedError(error) && CONNECTION_BROKE.has(error.code)
}

/**
 * The error for a plugin.
 *
 * Trust: of the error itself only its code is kept, for messages of sockets name addresses.
 */
export function faultOf(name: string, error: unknown): CodedError {
  if (error instanceof CodedError) return error as CodedError
  if (error instanceof CredentialEcho) return answerFault(name, 'it repeats the credential')
  const code = isCodedError(error) && /^[A-Z0-9_]{1,64}$/.test(error.code) ? error.code : 'unknown'
  if (code === 'UND_ERR_HEADERS_OVERFLOW') return limitFault(name, 'its headers are too large')
  // Some errors of the parser have a code, all have the name.
  if ((error as Error).name === 'HTTPParserError' || code.startsWith('UND_ERR_RES_')) {
    return answerFault(name, 'it is not well-formed HTTP')
  }
  if (CERTIFICATE_CODE.test(code)) return untrusted(name, code)
  return new CodedError('ERR_ENDPOINT_UNREACHABLE', `"${name}" could not be reached: ${code}`)
}

/** An answer that does not reach the plugin. */
export function answerFault(name: string, why: string): CodedError {
  return new CodedError('ERR_ENDPOINT_ANSWER', `the answer of "${name}" was dropped: ${why}`)
}

/** An answer, or a time, beyond what was approved. */
export function limitFault(name: string, why: string): CodedError {
  return new CodedError('ERR_LIMIT', `the answer of "${name}" went over a limit: ${why}`)
}
