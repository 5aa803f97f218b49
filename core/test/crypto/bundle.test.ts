// SPDX-License-Identifier: Apache-2.0
/** Bundles: only the approved bytes open. */
import { describe, expect, it } from '@jest/globals'
import { digestOf, makeBundle, openBundle } from '@sallyport/core/crypto'
import { encodeBundle, type PluginManifest } from '@sallyport/core/protocol'

const manifest: PluginManifest = {
  name: 'sensors',
  version: '0.1.0',
  summary: 'Readings',
  jobs: {},
}
const texts = { 'plugin.mjs': 'export const plugin = "é"\n', 'licenses.txt': 'none' }
const bytes = makeBundle(manifest, texts)

describe('bundles', () => {
  it('open under their digest, with the digest of every part', () => {
    const bundle = openBundle(bytes, digestOf(bytes))
    expect(bundle.manifest).toEqual(manifest)
    expect(bundle.parts['plugin.mjs']).toEqual({
      digest: digestOf(Buffer.from(texts['plugin.mjs'])),
      text: texts['plugin.mjs'],
    })
  })

  it('are the same bytes whenever they are made of the same texts', () => {
    const reversed = Object.fromEntries(Object.entries(texts).reverse())
    expect(makeBundle(manifest, reversed)).toEqual(bytes)
  })

  it('are not opened with one flipped byte, wherever it is', () => {
    for (let at = 0; at < bytes.length; at += 1) {
      const flipped = Uint8Array.from(bytes)
      flipped[at]! ^= 1
      expect(() => openBundle(flipped, digestOf(bytes))).toThrowCode('ERR_BUNDLE_DIGEST')
    }
  })

  it('are compared before they are parsed', () => {
    expect(() => openBundle(Buffer.from('not JSON'), digestOf(bytes))).toThrowCode(
      'ERR_BUNDLE_DIGEST',
    )
  })

  it('are not opened when a part has another text than its digest says', () => {
    const { parts } = openBundle(bytes, digestOf(bytes))
    const swapped = encodeBundle({
      format: 'sallyport-bundle-1',
      manifest,
      parts: { ...parts, 'plugin.mjs': { ...parts['plugin.mjs']!, text: 'evil' } },
    })
    expect(() => openBundle(swapped, digestOf(swapped))).toThrowCode('ERR_BUNDLE_DIGEST')
  })

  it('are not made without code or licences', () => {
    expect(() => makeBundle(manifest, { 'plugin.mjs': '' })).toThrowCode('ERR_BUNDLE_FORM')
  })
})
