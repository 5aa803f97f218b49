// SPDX-License-Identifier: GPL-3.0-or-later
/** The contract of every plugin, on this one. */
import { expect, it } from '@jest/globals'
import { contractCases } from '@sallyport/sdk/testing'
import manifest from '../manifest.json' with { type: 'json' }
import { plugin } from '../src/index.ts'
import { GUEST_SAMPLES } from './support/guest-samples.ts'

it.each(contractCases(plugin, { manifest, samples: { ...GUEST_SAMPLES } }))(
  '$name',
  async ({ check }) => {
    await expect(check()).resolves.toBeUndefined()
  },
)
