// SPDX-License-Identifier: Apache-2.0
/** A bundle is matched by its digest, however many bundles came before it. */
import { describe, expect, it } from '@jest/globals'
import { matchBundle } from '../../src/admission/check-bundle.ts'
import { digestOf, makeBundle } from '../../src/crypto/index.ts'
import type { Approval } from '../../src/protocol/index.ts'
import { manifest } from '../support/site.ts'

function bundleOf(patch: number): { version: string; bytes: Uint8Array } {
  const version = `1.0.${patch}`
  const parts = { 'plugin.mjs': 'x', 'licenses.txt': 'x' }
  return { version, bytes: makeBundle({ ...manifest, version }, parts) }
}

function approvalOf({ version, bytes }: { version: string; bytes: Uint8Array }): Approval {
  const plugin = { name: manifest.name, version, digest: digestOf(bytes) }
  return { approvalId: 'approval', plugin } as unknown as Approval
}

describe('matching a bundle', () => {
  it('gives the manifest of exactly these bytes, after many others too', () => {
    const versions = Array.from({ length: 70 }, (_, patch) => bundleOf(patch))
    for (const bundle of [...versions, ...versions]) {
      const matched = matchBundle(approvalOf(bundle), bundle.bytes)
      expect(matched).toMatchObject({ ok: true, value: { manifest: { version: bundle.version } } })
    }
  })
})
