// SPDX-License-Identifier: Apache-2.0
/** Which connections of a run are known to be with a pinned host: each with that host's own signature. */
import type { KeyExchangeReply } from './key-exchange.ts'
import { parseSshPublicKey } from './public-key.ts'
import { isSshSignature } from './signature.ts'

/** Signatures for one connection. Source: sshd_config(5), MaxAuthTries: a host ends a connection after 6 unless told otherwise. */
const MAX_USES = 6

interface Proof {
  readonly reply: KeyExchangeReply
  useCount: number
}

/** The proofs of one run. */
export class SshProofs {
  readonly #proofs = new Set<Proof>()

  /** Keeps what a host said in a key exchange; call what it returns when the connection has ended. */
  add(reply: KeyExchangeReply): () => void {
    const proof = { reply, useCount: 0 }
    this.#proofs.add(proof)
    return () => void this.#proofs.delete(proof)
  }

  /**
   * Uses one of a connection's signatures: whether this is the session of an open connection, by the word of its host.
   *
   * Trust: `sessionId` comes from the plugin. It is the exchange hash of a connection with a pinned host if, and only
   * if, the host's key has signed it there; so it is no session of any other host.
   */
  use(sessionId: Uint8Array): boolean {
    const proof = [...this.#proofs].find(({ reply }) => isSignedBy(reply, sessionId))
    if (proof === undefined || proof.useCount >= MAX_USES) return false
    proof.useCount += 1
    return true
  }
}

function isSignedBy({ hostKey, signature }: KeyExchangeReply, sessionId: Uint8Array): boolean {
  const key = parseSshPublicKey(hostKey)
  return key !== undefined && isSshSignature(signature, key, sessionId)
}
