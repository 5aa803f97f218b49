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
 * Compares the held bytes with the approved digest and takes text and manifest out of them; `held` is what this digest
 * gave when its process was started.
 *
 * Trust: the manifest in the bundle is what is enforced, and it must be of the approved name and version.
 */
export function checkBundle(plugin: RunRequest['plugin'], held?: PluginToStart): BundleCheck {
  try {
    const opened = held ?? open(plugin)
    const { name, version } = opened.manifest
    if (name === plugin.name && version === plugin.version) return { ok: true, plugin: opened }
    return mismatch('the name or version in the manifest')
  } catch (error) {
    if (!isCodedError(error)) throw error
    return mismatch(error.message)
  }
}

function open({ bundle, digest }: RunRequest['plugin']): PluginToStart {
  const { manifest, parts } = openBundle(bundle, digest)
  return { text: parts['plugin.mjs']!.text, manifest }
}

function mismatch(what: string): BundleCheck {
  return { ok: false, refusal: { reason: 'digest_mismatch', details: { what } } }
}
