// SPDX-License-Identifier: Apache-2.0
/** Which inputs of a job a policy may decide on: their types, and their values as the plugin will see them. */
import type { JobManifest } from '@sallyport/sdk'

/** A type that a policy can compare. */
export type PlainType = 'Long' | 'String' | 'Boolean'

/** One input that a policy may decide on. */
export interface PolicyInput {
  readonly type: PlainType
  /** Whether it is a list of these. */
  readonly isList: boolean
  /** Whether every job has it: the schema requires it, or has a default. */
  readonly isAlwaysThere: boolean
}

/** A value of such an input. */
export type PolicyValue = PlainValue | readonly PlainValue[]
type PlainValue = string | number | boolean
type Described = Pick<JobManifest, 'input' | 'policyInputs'>

const PLAIN_TYPES: Readonly<Record<string, PlainType>> = {
  integer: 'Long',
  string: 'String',
  boolean: 'Boolean',
}

/** An input that the manifest marks; undefined when there is none of this name, or none that can be compared. */
export function policyInputOf(job: Described, name: string): PolicyInput | undefined {
  const schema = propertyOf(job, name)
  const isList = schema['type'] === 'array'
  const type = plainTypeOf(isList ? recordOf(schema['items']) : schema)
  if (type === undefined) return undefined
  const required: unknown = job.input['required']
  const isRequired = Array.isArray(required) && required.includes(name)
  return { type, isList, isAlwaysThere: isRequired || Object.hasOwn(schema, 'default') }
}

/**
 * The values of the inputs that the manifest marks, defaults filled in.
 *
 * Trust: the input is the signed one, and fits the schema.
 * Why defaults: what the requester leaves out, the plugin fills in; the policy must see what the plugin will.
 */
export function policyValuesOf(
  job: Described,
  input: Readonly<Record<string, unknown>>,
): Record<string, PolicyValue> {
  const values: [string, PolicyValue][] = []
  for (const name of job.policyInputs) {
    const value = Object.hasOwn(input, name) ? input[name] : propertyOf(job, name)['default']
    if (isPlain(value) || (Array.isArray(value) && value.every(isPlain))) values.push([name, value])
  }
  return Object.fromEntries(values)
}

function plainTypeOf(schema: Readonly<Record<string, unknown>>): PlainType | undefined {
  const type = schema['type']
  return typeof type === 'string' && Object.hasOwn(PLAIN_TYPES, type)
    ? PLAIN_TYPES[type]
    : undefined
}

function propertyOf({ input }: Described, name: string): Readonly<Record<string, unknown>> {
  const properties = recordOf(input['properties'])
  return Object.hasOwn(properties, name) ? recordOf(properties[name]) : {}
}

function recordOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {}
}

function isPlain(value: unknown): value is PlainValue {
  return typeof value === 'string' || typeof value === 'boolean' || Number.isSafeInteger(value)
}
