// SPDX-License-Identifier: GPL-3.0-or-later
/** Holds the parameters of a request against the schema of its operation, in the words of Proxmox VE. */
import type { ParamValue } from '../contract.ts'
import { checkObject, Faults } from './check-value.ts'
import { indexedIn } from './indexed.ts'
import type { Checked, Operation, RawParam, RawParams, Schema } from './types.ts'

/** Checks parameters as they came; numbers and truth values get their type. What holds leaves empty ones out. */
export function checkParams(operation: Operation, raw: RawParams): Checked {
  // Without a prototype, so that a parameter may have any name.
  const given = Object.create(null) as Record<string, RawParam>
  for (const [name, value] of Object.entries(raw)) {
    if (value === undefined || value === null) continue
    given[name] = lenient(value, schemaOf(operation.params, name))
  }
  const faults = new Faults()
  const isClosed = operation.additional ? {} : { isClosed: true as const }
  checkObject({ type: 'object', parts: operation.params, ...isClosed }, given, '', faults)
  if (faults.size > 0) return { errors: faults.texts() }
  const params = Object.entries(given).map(([name, value]) => {
    return [name, typed(value, schemaOf(operation.params, name))] as const
  })
  return { params: Object.fromEntries(params) }
}

/** The schema of a parameter: `net3` is one of `net[n]`. */
function schemaOf(params: Operation['params'], name: string): Schema | undefined {
  return indexedIn(params, name)
}

/**
 * Makes lists of single values and texts of repeated ones, where the schema asks for the other.
 *
 * Why: an empty text and `0` are false to the vendor's language, so they are not taken for a list of one.
 */
function lenient(value: RawParam, schema: Schema | undefined): RawParam {
  if (schema?.type === 'array' && !Array.isArray(value)) {
    return value === '' || value === '0' || value === 0 || value === false
      ? value
      : [value as string | number | boolean]
  }
  const isList = schema?.type === 'string' && schema.format?.endsWith('-list') === true
  return isList && Array.isArray(value) ? value.join(',') : value
}

function typed(value: RawParam, schema: Schema | undefined): ParamValue {
  if (Array.isArray(value)) {
    return value.map(String)
  }
  switch (schema?.type) {
    case 'integer':
    case 'number':
      return Number(value)
    case 'boolean':
      return value === true || String(value) === '1'
    default:
      return String(value)
  }
}
