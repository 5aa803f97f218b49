// SPDX-License-Identifier: Apache-2.0
/** The contract of every plugin, on this one. */
import { it } from '__runner__'
import { contractCases } from '@sallyport/sdk/testing'
import manifest from '../manifest.json' with { type: 'json' }
import { plugin } from '../src/index.ts'

for (const { name, check } of contractCases(plugin, { manifest })) it(name, () => check())
