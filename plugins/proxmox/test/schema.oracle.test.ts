// SPDX-License-Identifier: GPL-3.0-or-later
/** The simulator's tables against the vendor's schemas: every operation says the same in 8.4, 9.1 and 9.2. */
import { describe, expect, it } from '@jest/globals'
import { describeOracle, oracle } from '../../../test/support/oracle.ts'
import { operationsOf, type Operation } from '../src/simulator/schema/index.ts'
import { PVE_VERSIONS, type PveVersion } from '../src/simulator/world.ts'
import { factsOf, type VendorOperation } from './vendor-facts.ts'

type Paths = Record<string, Record<string, VendorOperation>>

function vendorOf(version: PveVersion): Map<string, VendorOperation> | undefined {
  const paths = oracle<{ paths: Paths }>(`pve/pve-api-${version}.json`)?.paths
  if (paths === undefined) return undefined
  return new Map(
    Object.entries(paths).flatMap(([path, methods]) =>
      Object.entries(methods).map(([method, operation]) => [`${method} ${path}`, operation]),
    ),
  )
}

/** What our tables say, in the form of `factsOf`. */
function ours(operation: Operation): unknown {
  const { params, additional, permission, isProtected, allowToken, proxyTo, returns } = operation
  return { params, additional, permission, isProtected, allowToken, proxyTo, returns }
}

describe.each(PVE_VERSIONS)('the tables of %s', (version) => {
  const { all } = operationsOf(version)

  describeOracle('beside the vendor’s schema', vendorOf(version), (vendor) => {
    it('name no operation that the vendor does not have', () => {
      expect([...all.keys()].filter((name) => !vendor.has(name))).toEqual([])
    })

    it('lack no operation in this version that they have in another', () => {
      const anywhere = PVE_VERSIONS.flatMap((each) => [...operationsOf(each).all.keys()])
      const lacking = anywhere.filter((name) => vendor.has(name) && !all.has(name))
      expect(lacking).toEqual([])
    })

    it.each([...all.values()].map((each) => [each.name, each] as const))(
      '%s',
      (name, operation) => {
        expect(ours(operation)).toEqual(factsOf(vendor.get(name)!))
      },
    )
  })
})
