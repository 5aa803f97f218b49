// SPDX-License-Identifier: Apache-2.0
/** From the bytes of a bundle to what may be started: only exactly the approved bytes. */
import { isCodedError } from '@sallyport/sdk'
import { openBundle } from '../crypto/bundle.ts'
import type { Refusal } from '../protocol/index.ts'
import type { RunRequest } from './ports.ts'
import type { PluginToStart } from './sandbox/plugin-process.ts'

/** A bundle that may be started, or why not. */
export type BundleCheck =
  | { readonly ok: true; readonly plugin: PluginToStart }
  | { readonly ok: false; readonly refusal: Refusal }

/**
 * Compares the held bytes with the approved digest and takes text and manifest out of them.
 *
 * Trust: the manifest in the bundle is what is enforced, and it must be of the approved name and version.
 */
export function checkBundle(plugin: RunRequest['plugin']): BundleCheck {
  try {
    const { manifest, parts } = openBundle(plugin.bundle, plugin.digest)
    const isNamed = manifest.name === plugin.name && manifest.version === plugin.version
    if (!isNamed) return mismatch('the name or version in the manifest')
    return { ok: true, plugin: { text: parts['plugin.mjs']!.text, manifest } }
  } catch (error) {
    if (!isCodedError(error)) throw error
    return mismatch(error.message)
  }
}

function mismatch(what: string): BundleCheck {
  return { ok: false, refusal: { reason: 'digest_mismatch', details: { what } } }
}
