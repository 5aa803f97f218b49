// SPDX-License-Identifier: Apache-2.0
/** Vectors of trust roots: a first one, versions that follow it, and versions that do not. */
import {
  digestOf,
  fingerprintOf,
  blindRoot,
  foundSite,
  makeIdentity,
  nameOpeningOf,
  openRoot,
  pseudonymOf,
  publicIdentity,
  revealRoot,
  sha256,
  type Identity,
} from '@sallyport/core/crypto'
import {
  THRESHOLD_PROFILES,
  documents,
  encodeBase64url,
  encodeDocument,
  encodeEnvelope,
  pae,
  parseEnvelope,
  type RefusalReason,
  type TrustRoot,
} from '@sallyport/core/protocol'
import { SITE_ID, describeParty, operator, secondOperator, stranger } from './parties.ts'

const NOW_MS = Date.parse('2026-01-31T12:00:00.000Z')
const END_MS = Date.parse('2029-01-31T12:00:00.000Z')

const rootKeyOf = (name: string, seed: number): Identity =>
  makeIdentity(name, new Uint8Array(64).fill(seed))
const NAMES = [
  ['site', 'home'],
  ['holder', 'ann'],
  ['holder', 'home'],
  ['concern', 'guest/101'],
] as const

const annsRoot = rootKeyOf('ann', 21)
const bensRoot = rootKeyOf('ben', 22)

/** Bytes that look random and are the same at every time. */
const random = (() => {
  let drawn = 0
  return (count: number): Uint8Array =>
    sha256(new TextEncoder().encode(`trust root vectors ${(drawn += 1)}`)).slice(0, count)
})()

const founded = foundSite({
  siteId: SITE_ID,
  siteName: 'home',
  operator: publicIdentity(operator.identity),
  rootKeys: [annsRoot.signing],
  thresholds: THRESHOLD_PROFILES.homelab,
  policyText: 'permit (principal, action, resource);',
  nowMs: NOW_MS,
  expiresAtMs: END_MS,
  random,
})
const { nameKey } = founded

/** Envelope of the first root of the vectors' site. */
export const firstRoot: Uint8Array = founded.root

/** The key to the names of that site. */
export const siteNameKey: Uint8Array = nameKey

const first = revealRoot(openRoot(firstRoot), nameKey).root

/** Two root holders from here on, both needed after it. */
const second: TrustRoot = {
  ...first,
  version: 2,
  rootThreshold: 2,
  keys: [...first.keys, { ...first.keys[0]!, holder: 'ben', signingKey: keyOf(bensRoot) }],
}
const third: TrustRoot = { ...second, version: 3 }

/** `trust-root-2.json`. */
export function trustRootVectors(): object {
  return {
    description:
      'Trust roots. `fingerprint` is the first 16 bytes of SHA-256 over the payload. `after` names the version under which an envelope is judged; accepted ones in turn make the chain. `names` are those of the first root, base64url their openings.',
    nameKey: encodeBase64url(nameKey),
    names: NAMES.map(([kind, name]) => ({
      kind,
      name,
      opening: encodeBase64url(nameOpeningOf(nameKey, kind, name)),
      pseudonym: pseudonymOf(nameKey, kind, name),
    })),
    stranger: describeParty(stranger),
    secondOperator: describeParty(secondOperator),
    first: {
      envelope: text(firstRoot),
      fingerprint: fingerprintOf(payloadOf(firstRoot)),
      digest: digestOf(payloadOf(firstRoot)),
    },
    accepted: [
      {
        name: 'a second holder joins, signed by both',
        after: 1,
        envelope: sign(second, annsRoot, bensRoot),
      },
      {
        name: 'signed by both, as the second asks',
        after: 2,
        envelope: sign(third, bensRoot, annsRoot),
      },
    ],
    refused: [
      refused('the first version again', 1, 'stale_version', sign(first, annsRoot)),
      refused('a version is left out', 1, 'stale_version', sign(third, annsRoot, bensRoot)),
      refused('signed by the new holder alone', 1, 'unknown_key', sign(second, bensRoot)),
      refused('signed by the old holder alone', 1, 'signatures_missing', sign(second, annsRoot)),
      refused('one of two holders signs', 2, 'signatures_missing', sign(third, annsRoot)),
      refused(
        'an operator signs',
        1,
        'unknown_key',
        sign({ ...first, version: 2 }, operator.identity),
      ),
      refused(
        'a stranger signs',
        1,
        'unknown_key',
        sign({ ...first, version: 2 }, stranger.identity),
      ),
    ],
  }
}

function refused(name: string, after: number, reason: RefusalReason, envelope: string): object {
  return { name, after, reason, envelope }
}

function sign(root: TrustRoot, ...by: Identity[]): string {
  const { payloadType } = documents.trustRoot
  const payload = encodeDocument(documents.trustRoot, blindRoot(root, nameKey, random))
  const signatures = by.map(({ signing }) => ({
    keyId: signing.keyId,
    signature: signing.sign(pae(payloadType, payload)),
  }))
  return text(encodeEnvelope({ payloadType, payload, signatures }))
}

function payloadOf(envelope: Uint8Array): Uint8Array {
  return parseEnvelope(envelope, 100_000).payload
}

function keyOf(identity: Identity): string {
  return encodeBase64url(identity.signing.publicKey)
}

function text(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes)
}
