// SPDX-License-Identifier: Apache-2.0
/** A Proxmox plugin turned hostile, with the same approval: a job for guest 101 does nothing to 102, in hundreds of ways. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { auditEvents } from '../support/audit.ts'
import { buildBundle } from '../support/build.ts'
import { Field } from '../support/field.ts'
import { addSite, jobTypesOf, runOn, type Site } from '../support/proxmox-field.ts'

const SLOW_MS = 120_000
const OWN = 101
const OTHER = /\b102\b|%31%30%32|%2531/
const scope = new AsyncDisposableStack()
let field: Field
let site: Site
let bundle: Uint8Array

/** What a job type wants besides its guest. */
const MORE: Readonly<Record<string, Record<string, unknown>>> = {
  'guest.backup': { storage: 'local' },
  'guest.clone': { newid: 301 },
  'guest.config': { description: 'x' },
  'guest.migrate': { target: 'pve2' },
  'guest.provision': { template: 9000, name: 'x' },
  'guest.resize': { cores: 1 },
  'guest.restore': { archive: 'local:backup/vzdump-lxc-101-2026_01_01-00_00_00.tar.zst' },
  'guest.restore.latest': { from: ['local'], backupOf: OWN },
  'guest.snapshot.create': { snapshot: 'before' },
  'guest.snapshot.delete': { snapshot: 'before' },
  'guest.snapshot.rollback': { snapshot: 'before' },
}

beforeAll(async () => {
  field = scope.use(await Field.open())
  bundle = await buildBundle('attack/plugins/hostile-proxmox.ts')
  site = await addSite(field, scope, { name: 'pve1', bundle, cluster: { version: '9.2' } })
}, SLOW_MS)

afterAll(() => scope.disposeAsync())

interface Tried {
  readonly triedCount: number
  readonly answered: readonly string[]
}

describe('a hostile proxmox plugin', () => {
  it(
    'reaches no other guest and no other node with any job type on one guest',
    async () => {
      const jobs = jobTypesOf(bundle).filter(
        (name) => name.startsWith('guest.') && name !== 'guest.list',
      )
      let triedCount = 0
      for (const job of jobs) {
        const first = site.pve.ledger.length
        const result = await runOn(field, site, job, { node: 'pve1', vmid: OWN, ...MORE[job] })
        expect({ job, failure: result.failure, refusal: result.refusal }).toEqual({ job })
        triedCount += (result.output as unknown as Tried).triedCount
        const reached = site.pve.ledger
          .slice(first)
          .filter(({ path, params }) => OTHER.test(path) || OTHER.test(JSON.stringify(params)))
        expect({ job, reached }).toEqual({ job, reached: [] })
        const named = ['pve1', MORE[job]?.['target']]
        const nodes = site.pve.ledger.slice(first).map(({ params }) => params['node'] ?? 'pve1')
        expect({ job, nodes: nodes.filter((node) => !named.includes(node)) }).toEqual({
          job,
          nodes: [],
        })
      }
      expect(jobs.length).toBeGreaterThanOrEqual(20)
      expect(triedCount).toBeGreaterThan(20 * jobs.length)
    },
    SLOW_MS,
  )

  it('leaves its attempts on record', () => {
    const denied = auditEvents(field.stateDir('pve1')).filter(
      ({ event }) => event === 'handle.denied',
    )
    expect(denied.length).toBeGreaterThanOrEqual(20)
  })
})
