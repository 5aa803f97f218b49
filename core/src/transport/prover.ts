// SPDX-License-Identifier: Apache-2.0
/** Proves requests to one hub: a key of this client alone, the hub's newest nonce, a fresh proof for each. */
import { randomBytes, randomUUID } from 'node:crypto'
import { P256_SEED_BYTES, makeDpopKey, signDpopProof } from '../crypto/index.ts'

/** Proves the requests of one client. */
export interface Prover {
  /** Of the key that proves. */
  readonly thumbprint: string
  /** The headers that prove a request, with or without an access token. */
  prove(request: {
    readonly method: string
    /** Address without query. */
    readonly url: string
    readonly token: string | undefined
  }): Promise<Record<string, string>>
  /** Told of each nonce that comes with an answer. Trust: the hub's word; it is only ever sent back. */
  hear(nonce: string): void
}

/** What a nonce may look like, so that it cannot spoil a header. Source: RFC 9449, section 8.1. */
const NONCE = /^[\x21\x23-\x5b\x5d-\x7e]{1,128}$/

/** Makes a prover. Its key is made now, and is gone with the process. */
export function makeProver(clock: { now(): number }): Prover {
  const key = makeDpopKey(randomBytes(P256_SEED_BYTES))
  let nonce: string | undefined
  return {
    thumbprint: key.thumbprint,
    async prove({ method, url, token }) {
      const made = { proofId: randomUUID(), nowMs: clock.now() }
      const proof = await signDpopProof(key, { method, url, nonce, token }, made)
      return token === undefined ? { dpop: proof } : { dpop: proof, authorization: `DPoP ${token}` }
    },
    hear(heard) {
      if (NONCE.test(heard)) nonce = heard
    },
  }
}
