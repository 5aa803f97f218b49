// SPDX-License-Identifier: Apache-2.0
/** Signing, sealing, digests and keys. Pure: randomness is an argument, except that JWE draws its own ephemeral keys. */
export { ACCESS_TOKEN_SEED_BYTES, makeAccessTokenKey } from './access-token-key.ts'
export type { AccessTokenAlgorithm, AccessTokenKey } from './access-token-key.ts'
export { CONFIRM_SECRET_BYTES, makeConfirmCode, parseConfirmCode } from './confirm-code.ts'
export type { ConfirmCodeErrorCode } from './confirm-code.ts'
export {
  MAX_ACCESS_TOKEN_LENGTH,
  accessTokenHash,
  issueAccessToken,
  verifyAccessToken,
} from './access-token.ts'
export type {
  AccessClaims,
  AccessToken,
  AccessTokenKeys,
  AccessTokenTerms,
} from './access-token.ts'
export { makeBundle, openBundle } from './bundle.ts'
export { addSignature, mergeSignatures } from './cosign.ts'
export type { Merged } from './cosign.ts'
export { digestOf, equalBytes, hkdfSha256, hmacSha256, sha256 } from './digest.ts'
export { MAX_DPOP_PROOF_LENGTH, makeDpopKey, readDpopProof, signDpopProof } from './dpop.ts'
export type { DpopKey, DpopProof, ProvenRequest } from './dpop.ts'
export {
  CODE_SECRET_BYTES,
  codeProof,
  fingerprintOf,
  makeEnrolmentCode,
  parseEnrolmentCode,
  possessionMessage,
  redeemHashOf,
} from './enrolment-code.ts'
export type { EnrolmentCode, EnrolmentCodeErrorCode } from './enrolment-code.ts'
export {
  PASSPHRASE_COST,
  RANDOM_PASSPHRASE_COST,
  lockKeys,
  passphraseCost,
  readKeyFileIdentity,
  unlockKeys,
} from './key-box.ts'
export type { KeyBoxErrorCode, LockOptions } from './key-box.ts'
export { foundSite } from './found-site.ts'
export type { FoundedSite, Founding } from './found-site.ts'
export {
  IDENTITY_SEED_BYTES,
  makeIdentity,
  makeSealingKey,
  makeSigningKey,
  publicIdentity,
  verifySignature,
} from './keys.ts'
export type { Identity, SealingKey, SigningKey } from './keys.ts'
export {
  NAME_KEY_BYTES,
  blindRoot,
  nameOpeningOf,
  openNameKey,
  parseNameKey,
  pseudonymFrom,
  pseudonymOf,
  revealNames,
} from './names.ts'
export type { NameKind } from './names.ts'
export {
  KEY_BYTES,
  keyIdOf,
  parseSealingPublicKey,
  parseSigningPublicKey,
  shortKeyId,
} from './public-key.ts'
export type { KeyErrorCode } from './public-key.ts'
export { P256_SEED_BYTES } from './p256.ts'
export { openPublication, publishes, signPublication } from './publication.ts'
export type { PublishedBundle, Publishing } from './publication.ts'
export { openUnderSecretNow } from './open-now.ts'
export { open, openUnderSecret, seal, sealUnderSecret } from './seal.ts'
export { sealNow, sealUnderSecretNow } from './seal-now.ts'
export type { RandomBytes } from './seal-now.ts'
export { MAX_READERS } from './sealed-form.ts'
export type { ScryptCost } from './scrypt.ts'
export type { SealErrorCode } from './sealed-form.ts'
export { signDocument, verifyEnvelope } from './sign.ts'
export type { AnyDocumentKind, Verification } from './sign.ts'
export {
  MAX_ROOT_BYTES,
  followRoot,
  isExpired,
  openRoot,
  revealRoot,
  rootFingerprintOf,
  rootHoldersOf,
  signRoot,
  trustStoreOf,
  verifyFirstRoot,
  verifyNextRoot,
  verifyPolicy,
} from './trust-root.ts'
export type {
  PolicyVerdict,
  RootKeys,
  RootVerdict,
  SignedRoot,
  VerifiedRoot,
} from './trust-root.ts'
export { makeTrustStore, makeTrustedKey } from './trust-store.ts'
export type { SignatureNeed, TrustStore, TrustedKey } from './trust-store.ts'
export { readAnyTypedDigits, readTypedDigits, typedDigits } from './typed-digits.ts'
