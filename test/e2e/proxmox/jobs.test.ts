// SPDX-License-Identifier: Apache-2.0
/** Every job type of the Proxmox plugin against a cluster of each version, signed, through hub, agent, sandbox and broker. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { PVE_VERSIONS } from '@sallyport/plugin-proxmox/testing'
import { Field } from '../../support/field.ts'
import { JOURNEY } from '../../support/proxmox-journey.ts'
import { addSite, buildProxmox, jobTypesOf, runOn, type Site } from '../../support/proxmox-field.ts'

const SLOW_MS = 120_000
const sites = new Map<string, Site>()
const scope = new AsyncDisposableStack()
let field: Field
let jobTypes: readonly string[]

beforeAll(async () => {
  field = scope.use(await Field.open())
  const bundle = await buildProxmox(field)
  jobTypes = jobTypesOf(bundle)
  for (const version of PVE_VERSIONS) {
    const name = `pve-${version.replace('.', '-')}`
    sites.set(version, await addSite(field, scope, { name, bundle, cluster: { version } }))
  }
}, SLOW_MS)

afterAll(() => scope.disposeAsync())

const runs = new Set<string>()

describe.each(PVE_VERSIONS)('on a cluster of version %s', (version) => {
  it.each(JOURNEY)(
    '$job does what it says',
    async ({ job, make }) => {
      const site = sites.get(version)!
      const { world } = site.pve.simulator
      const { input, output = {}, effects = [], before, then } = make(world)
      before?.(world)
      const first = site.pve.ledger.length
      const result = await runOn(field, site, job, input)
      runs.add(job)
      const { failure, refusal } = result
      expect({ failure, refusal }).toEqual({})
      expect(result).toMatchObject({ state: 'done', output })
      const changes = site.pve.ledger.slice(first).filter(({ hasEffect }) => hasEffect)
      expect(changes.map(({ operation }) => operation)).toEqual(effects)
      if (effects.length > 0) expect(result.verification).toMatchObject({ verdict: 'verified' })
      expect(then === undefined || Boolean(then(world))).toBe(true)
    },
    SLOW_MS,
  )

  it('every exchange is as the vendor’s schema has it', () => {
    const { schema } = sites.get(version)!
    schema.expectNoFaults()
  })
})

it('no job type is left out', () => {
  expect(jobTypes.filter((name) => !runs.has(name))).toEqual([])
})
