// SPDX-License-Identifier: Apache-2.0
/** Who takes part in the vectors: fixed seeds, so that every key can be made again. */
import { makeIdentity, type Identity } from '@sallyport/core/crypto'
import { encodeBase64url } from '@sallyport/core/protocol'

/** One party with the seed it is made from: 32 bytes to sign, 32 to open. */
export interface Party {
  readonly seed: Uint8Array
  readonly identity: Identity
}

/** An operator of the site. */
export const operator = party('ann', 1)

/** A second operator of the site. */
export const secondOperator = party('ben', 3)

/** The agent the job is for. */
export const agent = party('pve1', 5)

/** Somebody nobody knows. */
export const stranger = party('eve', 7)

/** The site of the vectors. */
export const SITE_ID = '01983f00-0000-7000-8000-000000000001'

/** The agent of the vectors. */
export const AGENT_ID = '01983f00-0000-7000-8000-000000000002'

/** A party as the vectors show it. */
export function describeParty({ seed, identity }: Party): Record<string, string> {
  return {
    name: identity.name,
    seed: hex(seed),
    signingKey: encodeBase64url(identity.signing.publicKey),
    signingKeyId: identity.signing.keyId,
    sealingKey: encodeBase64url(identity.sealing.publicKey),
    sealingKeyId: identity.sealing.keyId,
  }
}

/** Bytes as hexadecimal digits. */
export function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex')
}

/** The UTF-8 bytes of a text. */
export function utf8(text: string): Uint8Array {
  return new TextEncoder().encode(text)
}

/** A party from two bytes. */
export function party(name: string, byte: number): Party {
  const seed = new Uint8Array(64).fill(byte, 0, 32).fill(byte + 1, 32)
  return { seed, identity: makeIdentity(name, seed) }
}
