// SPDX-License-Identifier: Apache-2.0
/** The key that a proof claims to be of, before anything of it is verified. */
import { documents, maxEnvelopeBytes, parseEnvelope } from '@sallyport/core/protocol'

/** Reads it. Trust: it is a claim, good for nothing but to count attempts by. */
export function claimedKeyOf(proof: string): string | undefined {
  try {
    const maxBytes = maxEnvelopeBytes(documents.sessionProof.maxBytes)
    return parseEnvelope(Buffer.from(proof), maxBytes).signatures[0]?.keyId
  } catch {
    return undefined
  }
}
