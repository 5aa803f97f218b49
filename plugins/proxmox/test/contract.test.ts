// SPDX-License-Identifier: GPL-3.0-or-later
/** The contract of every plugin, on this one. */
import { expect, it } from '@jest/globals'
import { contractCases } from '@sallyport/sdk/testing'
import manifest from '../manifest.json' with { type: 'json' }
import { plugin } from '../src/index.ts'
import { GUEST_SAMPLES } from './support/guest-samples.ts'
import { PLAN_SAMPLES } from './support/plan-samples.ts'

const names = new Set([...Object.keys(GUEST_SAMPLES), ...Object.keys(PLAN_SAMPLES)])
const samples = Object.fromEntries(
  [...names].map((name) => [name, { ...GUEST_SAMPLES[name], ...PLAN_SAMPLES[name] }]),
)

it.each(contractCases(plugin, { manifest, samples }))('$name', async ({ check }) => {
  await expect(check()).resolves.toBeUndefined()
})

it('every job type that plans is planned twice, but for one whose task would end meanwhile', () => {
  const planning = Object.entries(plugin.jobs).filter(([, { plan }]) => plan !== undefined)
  const names = planning.map(([name]) => name).filter((name) => !(name in PLAN_SAMPLES))
  expect(names).toEqual(['task.stop'])
})

it('every job type that changes something says beforehand what, and looks again', () => {
  const changing = Object.values(manifest.jobs).filter(({ effect }) => effect !== 'read')
  expect(changing.length).toBeGreaterThan(20)
  expect(changing.filter(({ hasPlan, hasVerify }) => !hasPlan || !hasVerify)).toEqual([])
})
