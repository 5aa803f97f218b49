// SPDX-License-Identifier: Apache-2.0
/** Enrolment of a light agent: the code is redeemed and what comes back is verified; nothing is written down. */
import { verifyEnrolment } from '@sallyport/agent'
import {
  hkdfSha256,
  IDENTITY_SEED_BYTES,
  makeIdentity,
  openRoot,
  openUnderSecret,
  parseEnrolmentCode,
  possessionMessage,
  revealRoot,
  type Identity,
} from '@sallyport/core/crypto'
import { decodeBase64url, encodeBase64url, type TrustRoot } from '@sallyport/core/protocol'
import type { HubClient } from '@sallyport/core/transport'

/** What an agent knows of its site. */
export interface Membership {
  readonly siteId: string
  readonly agentId: string
  readonly root: TrustRoot
}

/** The keys of one agent of a fleet: thousands of them from one seed. */
export function identityOf(seed: Uint8Array, index: number, name: string): Identity {
  return makeIdentity(name, hkdfSha256(seed, `fleet agent ${index}`, IDENTITY_SEED_BYTES))
}

/** Redeems a code as an agent does. Throws: as `enrolAgent`. */
export async function joinSite(
  hub: HubClient,
  identity: Identity,
  text: string,
): Promise<Membership> {
  const code = parseEnrolmentCode(text)
  const possession = identity.signing.sign(possessionMessage(code.redeemToken))
  const answer = await hub.redeemCode({
    redeemToken: code.redeemToken,
    signingKey: encodeBase64url(identity.signing.publicKey),
    possession: encodeBase64url(possession),
  })
  const bytes = await openUnderSecret(answer.sealedEnrolment, code.sealKey)
  const { enrolment, nameKey } = verifyEnrolment(bytes, code.rootFingerprint)
  const { siteId, agentId } = enrolment
  const root = openRoot(decodeBase64url(enrolment.trustRoot))
  return { siteId, agentId, root: revealRoot(root, nameKey).root }
}
