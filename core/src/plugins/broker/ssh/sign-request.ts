// SPDX-License-Identifier: Apache-2.0
/** What an SSH client asks a key holder to sign. */
import { WireReader } from './wire.ts'

const USERAUTH_REQUEST = 50

/** The request to log in with a key. */
export interface SignRequest {
  /** The exchange hash of the connection's first key exchange. */
  readonly sessionId: Uint8Array
  readonly user: string
  readonly algorithm: string
  /** In SSH wire format. */
  readonly publicKey: Uint8Array
}

/**
 * Reads the data to sign; undefined unless it is a request to log in to the connection service with a key, and no more.
 *
 * Trust: the bytes come from the plugin.
 * Source: RFC 4252, section 7.
 */
export function parseSignRequest(data: Uint8Array): SignRequest | undefined {
  const reader = new WireReader(data)
  const sessionId = reader.string(64)
  const type = reader.byte()
  const user = reader.utf8(256)
  const service = reader.text(64)
  const method = reader.text(64)
  const isSigned = reader.boolean()
  const algorithm = reader.text(64)
  const publicKey = reader.string()
  const isRequest =
    reader.isDone &&
    type === USERAUTH_REQUEST &&
    service === 'ssh-connection' &&
    method === 'publickey' &&
    isSigned
  return isRequest ? { sessionId, user, algorithm, publicKey } : undefined
}
