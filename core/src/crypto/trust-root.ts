// SPDX-License-Identifier: Apache-2.0
/** The trust root: the first one by its fingerprint, every later one by the one before. Source: TUF 1.0.33, section 5.3. */
import { CodedError } from '@sallyport/sdk'
import type { BlindRoot, Policy, TrustRoot } from '../protocol/authority.ts'
import { parseDocument } from '../protocol/codec.ts'
import { documents } from '../protocol/documents.ts'
import { maxEnvelopeBytes, parseEnvelope } from '../protocol/envelope.ts'
import { epochMs } from '../protocol/primitives.ts'
import type { Refusal, RefusalReason } from '../protocol/refusal.ts'
import { digestOf } from './digest.ts'
import { addSignature } from './cosign.ts'
import { fingerprintOf } from './enrolment-code.ts'
import type { SigningKey } from './keys.ts'
import { blindRoot, revealNames } from './names.ts'
import { parseSealingPublicKey } from './public-key.ts'
import type { RandomBytes } from './seal-now.ts'
import { signDocument, verifyEnvelope, type Verification } from './sign.ts'
import { makeTrustedKey, makeTrustStore, type TrustedKey, type TrustStore } from './trust-store.ts'

/** Bytes of the longest envelope of a trust root. */
export const MAX_ROOT_BYTES = maxEnvelopeBytes(documents.trustRoot.maxBytes)

/** A root as it is signed, under pseudonyms, with the bytes it came from. */
export interface SignedRoot {
  readonly root: BlindRoot
  /** DSSE envelope. */
  readonly envelope: Uint8Array
  /** SHA-256 of its signed payload. */
  readonly digest: string
}

/** A root with its names. */
export interface VerifiedRoot extends Omit<SignedRoot, 'root'> {
  readonly root: TrustRoot
  /** What the names of its site are hidden under. */
  readonly nameKey: Uint8Array
}

/** A root, or why it is none. */
export type RootVerdict<Root = SignedRoot> =
  | ({ readonly ok: true } & Root)
  | { readonly ok: false; readonly refusal: Refusal }

/** What signatures are counted by: a root with its names or without, because nobody has two pseudonyms. */
export type RootKeys = Pick<BlindRoot, 'siteId' | 'version' | 'rootThreshold' | 'keys'>

/** What people compare, and codes carry: of the signed payload of a root. */
export function rootFingerprintOf(envelope: Uint8Array): string {
  return fingerprintOf(parseEnvelope(envelope, MAX_ROOT_BYTES).payload)
}

/**
 * Verifies a root that somebody vouched for by its fingerprint.
 *
 * Trust: the fingerprint decides; that enough of its own root keys signed it shows that they are held.
 */
export function verifyFirstRoot(envelope: Uint8Array, fingerprint: string): RootVerdict {
  return refusing(() => {
    const opened = openRoot(envelope)
    if (rootFingerprintOf(envelope) !== fingerprint) return refuse('unknown_key', { fingerprint })
    return signedBy(opened, opened.root)
  })
}

/**
 * Verifies the version after `current`.
 *
 * Trust: enough root holders of the current version and of the new one signed it. That the current one has expired does
 * not matter: its keys are the only ones that can end that.
 */
export function verifyNextRoot(current: RootKeys, envelope: Uint8Array): RootVerdict {
  return refusing(() => {
    const opened = openRoot(envelope)
    const { siteId, version } = opened.root
    if (siteId !== current.siteId) return refuse('wrong_audience', { siteId })
    if (version !== current.version + 1) {
      return refuse('stale_version', { version, held: current.version })
    }
    const byOld = signedBy(opened, current)
    return byOld.ok ? signedBy(opened, opened.root) : byOld
  })
}

/**
 * Verifies the version after `current`, and shows its names.
 *
 * Trust: a root whose names cannot be read is refused: nobody could say who it gives a role to.
 */
export function followRoot(
  { root, nameKey }: Pick<VerifiedRoot, 'root' | 'nameKey'>,
  envelope: Uint8Array,
): RootVerdict<VerifiedRoot> {
  const verdict = verifyNextRoot(root, envelope)
  if (!verdict.ok) return verdict
  return refusing(() => ({ ok: true, ...revealRoot(verdict, nameKey) }))
}

/** Shows a root with its names. Throws: ERR_ROOT_NAMES. */
export function revealRoot(signed: SignedRoot, nameKey: Uint8Array): VerifiedRoot {
  const { root, envelope, digest } = signed
  return { root: revealNames(root, nameKey), envelope, digest, nameKey }
}

/**
 * Hides the names of a root and signs it with each of the keys.
 *
 * Throws: as `blindRoot` and `signDocument`.
 */
export function signRoot(
  root: TrustRoot,
  [first, ...more]: readonly [SigningKey, ...SigningKey[]],
  { nameKey, random }: { readonly nameKey: Uint8Array; readonly random: RandomBytes },
): Uint8Array {
  const blind = blindRoot(root, nameKey, random)
  const signed = signDocument(documents.trustRoot, blind, first)
  const add = (envelope: Uint8Array, key: SigningKey): Uint8Array =>
    addSignature(parseEnvelope(envelope, MAX_ROOT_BYTES), key)
  return more.reduce(add, signed)
}

/** A policy that was verified. */
export type PolicyVerdict =
  | { readonly ok: true; readonly policy: Policy; readonly digest: string }
  | { readonly ok: false; readonly refusal: Refusal }

/** Verifies a policy: enough root holders of `root` signed it. */
export function verifyPolicy(root: RootKeys, envelope: Uint8Array): PolicyVerdict {
  return refusing((): PolicyVerdict => {
    const parsed = parseEnvelope(envelope, maxEnvelopeBytes(documents.policy.maxBytes))
    const verified = verifyEnvelope(parsed, documents.policy, rootKeysOf(root))
    if (!verified.ok) return verified
    const enough = enoughHolders(verified, root)
    if (!enough.ok) return enough
    const policy = parseDocument(documents.policy, verified.payload)
    if (policy.siteId === root.siteId) return { ok: true, policy, digest: verified.digest }
    return refuse('wrong_audience', { siteId: policy.siteId })
  })
}

/** Reads a root whose signatures are of no interest, for example because a signature is about to be added. Throws: ERR_…_FORM, ERR_KEY_…. */
export function openRoot(envelope: Uint8Array): SignedRoot {
  const { payload } = parseEnvelope(envelope, MAX_ROOT_BYTES)
  const root = parseDocument(documents.trustRoot, payload)
  for (const { sealingKey } of root.keys) if (sealingKey !== null) parseSealingPublicKey(sealingKey)
  return { root, envelope, digest: digestOf(payload) }
}

/**
 * The keys of a root that count at this moment, and its thresholds.
 *
 * Time: a key counts until its `notAfter`; of an expired root only the root keys do.
 * Throws: ERR_KEY_FORM, ERR_KEY_WEAK.
 */
export function trustStoreOf(root: TrustRoot | BlindRoot, nowMs: number): TrustStore {
  const keys = keysOf(root).filter(({ role, notAfterMs }) => {
    if (role === 'root') return true
    return notAfterMs > nowMs && !isExpired(root, nowMs)
  })
  return makeTrustStore(root.siteId, keys, root.thresholds)
}

/** Whether a root counts no more, but for following it up. */
export function isExpired(root: Pick<TrustRoot, 'expiresAt'>, nowMs: number): boolean {
  return epochMs(root.expiresAt) <= nowMs
}

/** Distinct holders of root keys that signed, counted by the keys of `by`. */
export function rootHoldersOf(envelope: Uint8Array, by: RootKeys): string[] {
  const verified = rootSignatures(envelope, by)
  return verified.ok ? [...new Set(verified.signers.map(({ name }) => name))] : []
}

function signedBy(opened: SignedRoot, by: RootKeys): RootVerdict {
  const signed = enoughHolders(rootSignatures(opened.envelope, by), by)
  return signed.ok ? { ok: true, ...opened } : signed
}

/** Counts holders, not keys: whoever has two keys is one person. */
function enoughHolders(
  verified: Verification,
  { rootThreshold, version }: RootKeys,
): { readonly ok: true } | { readonly ok: false; readonly refusal: Refusal } {
  if (!verified.ok) return verified
  const have = new Set(verified.signers.map(({ name }) => name)).size
  if (have >= rootThreshold) return { ok: true }
  return refuse('signatures_missing', { need: rootThreshold, have, version })
}

function rootSignatures(envelope: Uint8Array, by: RootKeys): Verification {
  const parsed = parseEnvelope(envelope, MAX_ROOT_BYTES)
  return verifyEnvelope(parsed, documents.trustRoot, rootKeysOf(by))
}

function rootKeysOf(root: RootKeys): TrustStore {
  return makeTrustStore(
    root.siteId,
    keysOf(root).filter(({ role }) => role === 'root'),
  )
}

function keysOf(root: RootKeys): (TrustedKey & { readonly notAfterMs: number })[] {
  return root.keys.map(({ role, holder, signingKey, notAfter, concerns }) => ({
    ...makeTrustedKey(role, holder, signingKey, concerns),
    notAfterMs: epochMs(notAfter),
  }))
}

/** Why: bytes from the hub or from disk that have no form are refused like those that nobody signed. */
function refusing<T>(verify: () => T): T | { readonly ok: false; readonly refusal: Refusal } {
  try {
    return verify()
  } catch (error) {
    if (!(error instanceof CodedError)) throw error
    return refuse('malformed', { code: (error as CodedError).code })
  }
}

function refuse(
  reason: RefusalReason,
  details: Record<string, unknown>,
): { ok: false; refusal: Refusal } {
  return { ok: false, refusal: { reason, details } }
}
