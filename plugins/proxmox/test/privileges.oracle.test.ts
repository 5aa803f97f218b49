// SPDX-License-Identifier: GPL-3.0-or-later
/** The table of rights against the schema of the vendor, and every route of every job against the table. */
import { describe, expect, it } from '@jest/globals'
import type { Permissions } from '@sallyport/sdk'
import { describeOracle, oracle } from '../../../test/support/oracle.ts'
import { plugin } from '../src/index.ts'
import {
  OPERATION_RIGHTS,
  leastRights,
  needsOf,
  operationOf,
  privilegeOfField,
} from '../src/privileges.ts'
import type { Need } from '../src/privileges.ts'
import { privilegeOf } from '../src/simulator/guests/config-rules.ts'
import { PVE_VERSIONS } from '../src/simulator/world.ts'

type Check = readonly [string, ...unknown[]]
interface Vendor {
  readonly paths: Record<string, Record<string, { permissions?: { check?: Check } }>>
}

const ROUTES = Object.values(plugin.jobs).flatMap((job) =>
  Object.values(job.permissions as Permissions).flatMap((permission) =>
    permission.kind === 'endpoint' ? permission.routes : [],
  ),
)

describe('the table of rights', () => {
  it('knows every route of every job, and nothing else', () => {
    const known = ROUTES.map(({ route }) => operationOf(route))
    expect(known).not.toContain(undefined)
    expect([...new Set(known)].sort()).toEqual(Object.keys(OPERATION_RIGHTS).sort())
  })

  it('knows the privilege of every field that a job writes into a configuration', () => {
    for (const { route, body } of ROUTES) {
      const kind = /^PUT .*\/(qemu|lxc)\/\{vmid\}\/config$/.exec(route)?.[1] as 'qemu' | undefined
      if (kind === undefined) continue
      for (const field of Object.keys(body?.fields ?? {})) {
        if (['digest', 'delete', 'revert', 'force'].includes(field)) continue
        expect([field, privilegeOfField(kind, field)]).toEqual([
          field,
          privilegeOf(kind, field, '1'),
        ])
      }
    }
  })

  it('gives the least rights of a job', () => {
    expect(leastRights(needsOf(plugin.jobs['guest.start']))).toEqual([
      { path: '/vms/{vmid}', privileges: ['VM.Audit', 'VM.PowerMgmt'] },
    ])
    expect(leastRights(needsOf(plugin.jobs['guest.backup']))).toEqual([
      { path: '/storage/{storage}', privileges: ['Datastore.AllocateSpace', 'Datastore.Audit'] },
      { path: '/vms/{vmid}', privileges: ['VM.Audit', 'VM.Backup'] },
    ])
  })

  it('refuses a route that it does not know', () => {
    const permission = { kind: 'endpoint', binding: 'pve', routes: [{ route: 'GET /nowhere' }] }
    expect(() => needsOf({ permissions: { pve: permission } } as never)).toThrow(/GET \/nowhere/)
  })
})

describe.each(PVE_VERSIONS)('of %s', (version) => {
  describeOracle('the schema', oracle<Vendor>(`pve/pve-api-${version}.json`), ({ paths }) => {
    const present = Object.entries(OPERATION_RIGHTS).flatMap(([operation, { checked }]) => {
      const [method = '', path = ''] = operation.split(' ')
      const found = paths[path]?.[method]
      return found === undefined ? [] : [{ operation, checked, check: found.permissions?.check }]
    })

    it('lacks no operation but those that came later', () => {
      const names = present.map(({ operation }) => operation)
      const absent = Object.keys(OPERATION_RIGHTS).filter((each) => !names.includes(each))
      expect(absent).toEqual(version === '8.4' ? ['GET /nodes/{node}/lxc/{vmid}/migrate'] : [])
    })

    it.each(present)('asks for what the table says: $operation', ({ checked, check }) => {
      expect(sorted(needsIn(check))).toEqual(sorted(checked))
    })
  })
})

/** What a check of the vendor asks for, in the form of the table. */
function needsIn(check: Check | undefined): Need[] {
  if (check === undefined) return []
  const [kind, ...rest] = check
  if (kind === 'and') return rest.flatMap((each) => needsIn(each as Check))
  if (kind === 'or') {
    const all = rest.flatMap((each) => needsIn(each as Check))
    return [{ anyOf: all[0]!.anyOf, at: all.flatMap(({ at }) => at) }]
  }
  const [path, privileges, ...options] = rest as [string, string[], ...unknown[]]
  const isAny = options[options.indexOf('any') + 1] === 1 && options.includes('any')
  if (isAny) return [{ anyOf: privileges, at: [path] }]
  return privileges.map((privilege) => ({ anyOf: [privilege], at: [path] }))
}

function sorted(needs: readonly Need[]): string[] {
  return needs.map(({ anyOf, at }) => `${[...anyOf].sort().join('|')} at ${at.join('|')}`).sort()
}
