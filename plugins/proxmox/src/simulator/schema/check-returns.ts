// SPDX-License-Identifier: GPL-3.0-or-later
/** Holds what an operation answers against its schema. */
import { checkValue, Faults } from './check-value.ts'
import type { Operation } from './types.ts'

/** What is wrong with `data` of an answer: each fault begins with the path of the value. */
export function checkReturns(operation: Operation, data: unknown): string[] {
  const faults = new Faults()
  checkValue(operation.returns, data, '', faults)
  return Object.entries(faults.texts()).map(([path, text]) => {
    return `${path === '_root' ? 'data' : path}: ${text}`
  })
}
