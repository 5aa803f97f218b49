// SPDX-License-Identifier: Apache-2.0
/** The bytes held are the bundle that the approval names. */
import { digestOf, openBundle, type PublishedBundle } from '../crypto/index.ts'
import type { Approval } from '../protocol/index.ts'
import { ask, pass, refuse, type Checked } from './checked.ts'

/** A bundle whose bytes are the approved ones. */
export interface MatchedBundle extends PublishedBundle {
  readonly bytes: Uint8Array
}

/** Checks that bytes are the bundle an approval names. */
export function matchBundle(
  approval: Pick<Approval, 'plugin'>,
  bytes: Uint8Array | undefined,
): Checked<MatchedBundle> {
  const { name, version, digest } = approval.plugin
  if (bytes === undefined) return refuse('digest_mismatch', { plugin: name, held: 'nothing' })
  const heldDigest = digestOf(bytes)
  if (heldDigest !== digest) return refuse('digest_mismatch', { plugin: name, heldDigest })
  const bundle = contentOf(digest, bytes)
  if (bundle?.manifest.name !== name || bundle.manifest.version !== version) {
    return refuse('digest_mismatch', { plugin: name, why: 'the manifest names another plugin' })
  }
  return pass({ ...bundle, bytes })
}

const MAX_REMEMBERED = 32
const contents = new Map<string, PublishedBundle>()

/**
 * What verified bytes hold, without the texts.
 *
 * Why: parsing is a pure function of the digest, so it is remembered under it.
 */
function contentOf(digest: string, bytes: Uint8Array): PublishedBundle | undefined {
  const known = contents.get(digest)
  if (known !== undefined) return known
  const opened = ask(() => openBundle(bytes, digest))
  if (!opened.ok) return undefined
  const { manifest, parts } = opened.value
  const digests = Object.entries(parts).map(([name, part]) => [name, { digest: part.digest }])
  const content = { manifest, parts: Object.fromEntries(digests) as PublishedBundle['parts'] }
  if (contents.size >= MAX_REMEMBERED) contents.clear()
  contents.set(digest, content)
  return content
}
