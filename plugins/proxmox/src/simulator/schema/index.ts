// SPDX-License-Identifier: GPL-3.0-or-later
/** What the simulator knows of the interface: operations, parameters, permissions and the shape of answers. */
import type { PveVersion } from '../world.ts'
import { Routes } from './routes.ts'
import { readTables } from './tables.ts'
import type { Operations } from './types.ts'

export { checkParams } from './check-params.ts'
export { checkReturns } from './check-returns.ts'
export type {
  Checked,
  Match,
  Operation,
  Operations,
  Permission,
  RawParam,
  RawParams,
  Schema,
  SchemaType,
} from './types.ts'

const read = new Map<PveVersion, Operations>()

/** The operations of a version. They are read once. */
export function operationsOf(version: PveVersion): Operations {
  const known = read.get(version)
  if (known !== undefined) return known
  const all = readTables(version)
  const routes = new Routes(all.values())
  const operations: Operations = {
    all,
    match: (method, segments) => routes.match(method, segments),
  }
  read.set(version, operations)
  return operations
}
