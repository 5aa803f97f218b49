// SPDX-License-Identifier: GPL-3.0-or-later
/** Exchanges that others recorded with Proxmox VE 6.2 and 7: our tables take every request and know every answer. */
import { expect, it } from '@jest/globals'
import { describeOracle, oracleFolder } from '../../../test/support/oracle.ts'
import {
  checkParams,
  checkReturns,
  operationsOf,
  type Match,
  type Operation,
  type RawParams,
} from '../src/simulator/schema/index.ts'
import { PVE_VERSIONS, type PveVersion } from '../src/simulator/world.ts'
import type { Recorded } from './support/recorded.ts'

/** Consoles, realms of other directories and interfaces of nodes: the tables do not hold them. */
const UNSERVED =
  /(proxy|vncwebsocket)$|^\/nodes\/pve\/rrd$|^(POST|PUT|DELETE) \/access\/domains|^(POST|PUT|DELETE) \/nodes\/\w+\/network/

/** What was answered otherwise before: nothing where a task is started now, and an empty text for no. */
const ANSWERED_BEFORE = [
  "GET /nodes/{node}/lxc/{vmid}/status/current: template: type check ('boolean') failed - got ''",
  "GET /nodes/{node}/lxc: [].template: type check ('boolean') failed - got ''",
  "GET /nodes/{node}/qemu/{vmid}/status/current: template: type check ('boolean') failed - got ''",
  "GET /nodes/{node}/qemu: [].template: type check ('boolean') failed - got ''",
  'POST /nodes/{node}/qemu/{vmid}/template: data: property is missing and it is not optional',
  'PUT /nodes/{node}/qemu/{vmid}/resize: data: property is missing and it is not optional',
]

function pathOf({ path }: Recorded): string {
  return path.replace('/api2/json', '').split('?')[0]!
}

function find({ method, ...rest }: Recorded, version: PveVersion): Match | undefined {
  const segments = pathOf({ method, ...rest }).split('/')
  const parts = segments.filter((part) => part !== '')
  return operationsOf(version).match(method, parts.map(decodeURIComponent))
}

/** The operation of a recorded request, with its parameters of path, query and body. */
function read(recorded: Recorded, version: PveVersion): { operation: Operation; raw: RawParams } {
  const { operation, pathParams } = find(recorded, version)!
  const query = new URLSearchParams(recorded.path.split('?')[1] ?? '')
  const form = new URLSearchParams(recorded.requestBody ?? '')
  const raw = { ...Object.fromEntries([...query, ...form]), ...pathParams }
  return { operation: operationsOf(version).all.get(operation)!, raw }
}

const files = oracleFolder<Recorded[]>('pve-responses/fog-proxmox')

describeOracle('856 recorded exchanges', files, (folder) => {
  const exchanges = Object.values(folder).flat()

  it.each(PVE_VERSIONS)('lead to operations of %s, but for 19', (version) => {
    expect(exchanges).toHaveLength(856)
    const unserved = exchanges.filter((recorded) => find(recorded, version) === undefined)
    const names = unserved.map((each) => [pathOf(each), `${each.method} ${pathOf(each)}`] as const)
    expect(names.filter((name) => !name.some((text) => UNSERVED.test(text)))).toEqual([])
    expect(unserved.length).toBeLessThanOrEqual(19)
  })

  it.each(PVE_VERSIONS)('send what the tables of %s take, and fail in their words', (version) => {
    const served = exchanges.filter((recorded) => find(recorded, version) !== undefined)
    const refused = served.flatMap((recorded) => {
      const { operation, raw } = read(recorded, version)
      const checked = checkParams(operation, raw)
      return 'errors' in checked ? [{ recorded, errors: checked.errors }] : []
    })
    const told = refused.map(({ recorded }) => recorded.body?.errors)
    const vmid = 'invalid format - value does not look like a valid VM ID\n'
    expect(told).toEqual([{ vmid }, { vmid }])
    // In 6.2 a VMID had no minimum yet: the second text is new.
    const ours = { vmid: `${vmid}\\nvalue must have a minimum value of 100` }
    expect(refused.map(({ errors }) => errors)).toEqual([ours, ours])
  })

  it.each(PVE_VERSIONS)('bring answers of the shape that the tables of %s have', (version) => {
    const good = exchanges.filter(
      (recorded) => recorded.status === 200 && find(recorded, version) !== undefined,
    )
    const faults = good.flatMap((recorded) => {
      const { operation } = read(recorded, version)
      return checkReturns(operation, recorded.body?.data).map((fault) => {
        return `${operation.name}: ${fault.replace(/\[\d+\]/g, '[]')}`
      })
    })
    expect([...new Set(faults)].sort()).toEqual(ANSWERED_BEFORE)
  })
})
