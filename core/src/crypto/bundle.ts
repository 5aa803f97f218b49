// SPDX-License-Identifier: Apache-2.0
/** Bundles with their digests: made by the operator's machine, opened by an agent just before it feeds the sandbox. */
import { CodedError } from '@sallyport/sdk'
import type { PluginManifest } from '@sallyport/sdk'
import { encodeBundle, parseBundle, type Bundle, type BundlePart } from '../protocol/manifest.ts'
import { digestOf } from './digest.ts'

/** Makes the bytes of a bundle file. Throws: ERR_BUNDLE_FORM, ERR_JSON_SIZE. */
export function makeBundle(
  manifest: PluginManifest,
  texts: Readonly<Record<string, string>>,
): Uint8Array {
  const parts: Record<string, BundlePart> = {}
  for (const [name, text] of Object.entries(texts)) {
    parts[name] = { digest: digestOf(new TextEncoder().encode(text)), text }
  }
  return encodeBundle({ format: 'sallyport-bundle-1', manifest, parts })
}

/**
 * Opens a bundle file that must have the approved digest.
 *
 * Trust: the bytes are compared with `digest` before they are parsed.
 * Throws: ERR_BUNDLE_DIGEST, ERR_BUNDLE_FORM, ERR_JSON_SIZE, ERR_JSON_FORM, ERR_JSON_DUPLICATE_KEY.
 */
export function openBundle(bytes: Uint8Array, digest: string): Bundle {
  if (digestOf(bytes) !== digest) throw digestError('the file')
  const bundle = parseBundle(bytes)
  for (const [name, part] of Object.entries(bundle.parts)) {
    if (digestOf(new TextEncoder().encode(part.text)) !== part.digest) throw digestError(name)
  }
  return bundle
}

function digestError(what: string): CodedError<'ERR_BUNDLE_DIGEST'> {
  return new CodedError('ERR_BUNDLE_DIGEST', `another digest: ${what}`, { details: { what } })
}
