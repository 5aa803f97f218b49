// SPDX-License-Identifier: Apache-2.0
/** Publications: a publisher's signature over what is in a bundle. */
import { CodedError, type PluginManifest } from '@sallyport/sdk'
import {
  documents,
  encodeJson,
  instantOf,
  maxEnvelopeBytes,
  parseDocument,
  parseEnvelope,
  type Bundle,
  type Publication,
} from '../protocol/index.ts'
import { encodeBase64url } from '../protocol/base64url.ts'
import { openBundle } from './bundle.ts'
import { digestOf } from './digest.ts'
import type { SigningKey } from './keys.ts'
import { signDocument, verifyEnvelope } from './sign.ts'
import { makeTrustedKey, makeTrustStore } from './trust-store.ts'

/** Who publishes, and for how long it counts. Units: epoch milliseconds. */
export interface Publishing {
  readonly publisher: { readonly name: string; readonly signing: SigningKey }
  readonly publicationId: string
  readonly issuedAtMs: number
  readonly expiresAtMs: number
}

/** What of a bundle is published: its manifest and the digests of its parts. A bundle is one. */
export interface PublishedBundle {
  readonly manifest: PluginManifest
  readonly parts: Readonly<Record<string, { readonly digest: string }>>
}

/** Signs a publication of a bundle; returns its DSSE envelope. Throws: ERR_BUNDLE_FORM, ERR_JSON_…, ERR_DOCUMENT_FORM. */
export function signPublication(bytes: Uint8Array, by: Publishing): Uint8Array {
  const digest = digestOf(bytes)
  const { name, signing } = by.publisher
  const publication: Publication = {
    publicationId: by.publicationId,
    ...contentOf(openBundle(bytes, digest), digest),
    publisher: { name, key: encodeBase64url(signing.publicKey) },
    issuedAt: instantOf(by.issuedAtMs),
    expiresAt: instantOf(by.expiresAtMs),
  }
  return signDocument(documents.publication, publication, signing)
}

/**
 * Reads a publication and checks that the key it names has signed it.
 *
 * Trust: whether that key is the right one is for the caller to decide; the key in the document vouches for itself only.
 * Throws: ERR_PUBLICATION, ERR_ENVELOPE_FORM, ERR_DOCUMENT_FORM, ERR_JSON_….
 */
export function openPublication(envelopeBytes: Uint8Array): Publication {
  const envelope = parseEnvelope(envelopeBytes, maxEnvelopeBytes(documents.publication.maxBytes))
  const { publisher } = parseDocument(documents.publication, envelope.payload)
  const key = makeTrustedKey('publisher', publisher.name, publisher.key)
  const verified = verifyEnvelope(envelope, documents.publication, makeTrustStore('', [key]))
  if (verified.ok) return parseDocument(documents.publication, verified.payload)
  throw new CodedError(
    'ERR_PUBLICATION',
    `the publication is not signed: ${verified.refusal.reason}`,
  )
}

/** Whether a publication is of exactly this bundle: its digest, its manifest and each of its parts. */
export function publishes(
  publication: Publication,
  bundle: PublishedBundle & Partial<Pick<Bundle, 'format'>>,
  digest: string,
): boolean {
  const { plugin, manifestDigest, parts } = publication
  const published = encodeJson({ plugin, manifestDigest, parts })
  return Buffer.compare(published, encodeJson(contentOf(bundle, digest))) === 0
}

function contentOf(
  { manifest, parts }: PublishedBundle,
  digest: string,
): Pick<Publication, 'plugin' | 'manifestDigest' | 'parts'> {
  return {
    plugin: { name: manifest.name, version: manifest.version, digest },
    manifestDigest: digestOf(encodeJson(manifest)),
    parts: Object.fromEntries(Object.entries(parts).map(([name, part]) => [name, part.digest])),
  }
}
