// SPDX-License-Identifier: GPL-3.0-or-later
/** The table of privileges and roles, held against the vendor's. */
import { expect, it } from '@jest/globals'
import { describeOracle, oracle } from '../../../../test/support/oracle.ts'
import { builtInRoles, privilegesOf } from '../../src/simulator/access-roles.ts'
import { PVE_VERSIONS } from '../../src/simulator/world.ts'

interface Vendor {
  readonly privileges: readonly string[]
  readonly roles: Readonly<Record<string, readonly string[]>>
}

interface Schema {
  readonly paths: Readonly<
    Record<string, { GET: { returns: { properties: Record<string, unknown> } } }>
  >
}

describeOracle('roles', oracle<Vendor>('pve/pve-privileges-roles-9.1.json'), (vendor) => {
  it('of 9.x have the privileges that the real ones have', () => {
    const { Administrator, ...roles } = builtInRoles('9.1')
    expect(Administrator).toEqual([...vendor.privileges].sort())
    const sorted = Object.entries(vendor.roles).map(([role, has]) => [role, [...has].sort()])
    expect(roles).toEqual(Object.fromEntries(sorted))
  })

  it('of 9.2 are those of 9.1', () => {
    expect(builtInRoles('9.2')).toEqual(builtInRoles('9.1'))
  })
})

for (const version of PVE_VERSIONS) {
  describeOracle(
    `privileges of ${version}`,
    oracle<Schema>(`pve/pve-api-${version}.json`),
    (schema) => {
      it('are those that its schema shows of a role', () => {
        const { properties } = schema.paths['/access/roles/{roleid}']!.GET.returns
        expect(privilegesOf(version)).toEqual(Object.keys(properties).sort())
      })
    },
  )
}
