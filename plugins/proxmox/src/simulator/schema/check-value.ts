// SPDX-License-Identifier: GPL-3.0-or-later
/**
 * Checks values against schemas and says what is wrong in the words of Proxmox VE.
 *
 * Source: the wording of pve-common, `PVE/JSONSchema`, as of 9.2; an error of a property joins those it already has.
 */
import { formatFault } from './formats.ts'
import { indexedIn, isPattern } from './indexed.ts'
import { matchesPerl } from './perl.ts'
import { namedParts } from './named-properties.ts'
import { parsePropertyString } from './property-string.ts'
import type { Schema } from './types.ts'

const MISSING = 'property is missing and it is not optional'
const UNKNOWN =
  'property is not defined in schema and the schema does not allow additional properties'

/** An integer and a number as texts. */
const INTEGER = /^[+-]?\d+$/
const NUMBER = /^[+-]?(\d+\.\d+|\d+\.|\.\d+|\d+)([eE][+-]?\d+)?$/

/** What is wrong, by property. */
export class Faults {
  readonly #byPath = new Map<string, string>()

  /** How many properties have something wrong. */
  get size(): number {
    return this.#byPath.size
  }

  /** Says what is wrong with a property; without a name, with the whole. */
  add(path: string, text: string): void {
    const key = path === '' ? '_root' : path
    const old = this.#byPath.get(key)
    // The vendor joins by a backslash and an n.
    this.#byPath.set(key, old === undefined ? text : `${old}\\n${text}`)
  }

  /** The texts by property. */
  texts(): Record<string, string> {
    return Object.fromEntries(this.#byPath)
  }

  /** One text, as a property string reports its own. */
  inOne(): string {
    return [...this.#byPath].map(([path, text]) => `${path}: ${text}\n`).join('')
  }
}

type Values = Readonly<Record<string, unknown>>

/** Checks the properties of an object. */
export function checkObject(schema: Schema, values: Values, path: string, faults: Faults): void {
  const parts = schema.parts ?? {}
  for (const [name, part] of Object.entries(parts)) {
    if (!isPattern(name)) checkValue(part, values[name], join(path, name), faults)
  }
  for (const [name, value] of Object.entries(values)) {
    const part = indexedIn(parts, name)
    const at = join(path, name)
    if (part === undefined) checkOther(schema, value, at, faults)
    else {
      if (!Object.hasOwn(parts, name)) checkValue(part, value, at, faults)
      checkRequired(part.requires, values, { at, path }, faults)
    }
  }
}

function checkOther(schema: Schema, value: unknown, at: string, faults: Faults): void {
  if (schema.isClosed === true) faults.add(at, UNKNOWN)
  else if (schema.rest !== undefined) checkValue(schema.rest, value, at, faults)
}

function checkRequired(
  requires: string | undefined,
  values: Values,
  { at, path }: { at: string; path: string },
  faults: Faults,
): void {
  if (requires === undefined || values[requires] !== undefined) return
  faults.add(join(path, requires), `missing property required by '${at}'`)
}

function join(path: string, name: string): string {
  return path === '' ? name : `${path}.${name}`
}

/** Checks one value; `undefined` is a value that is missing. */
export function checkValue(schema: Schema, value: unknown, path: string, faults: Faults): void {
  if (value === undefined || value === null) {
    const isFree =
      schema.isOptional === true || schema.type === 'null' || schema.alias !== undefined
    if (!isFree) faults.add(path, MISSING)
    return
  }
  const wrong = typeFault(schema.type, value)
  if (wrong !== undefined) return faults.add(path, wrong)
  if (Array.isArray(value)) checkItems(schema, value, path, faults)
  else if (typeof value === 'object') checkObject(schema, value as Values, path, faults)
  else checkScalar(schema, textOf(value), path, faults)
}

function checkItems(
  { items }: Schema,
  values: readonly unknown[],
  path: string,
  faults: Faults,
): void {
  if (items === undefined) return
  values.forEach((value, at) => checkValue(items, value, `${path}[${at}]`, faults))
}

/** The text that the vendor's language sees. */
function textOf(value: unknown): string {
  if (typeof value === 'boolean') return value ? '1' : '0'
  return String(value)
}

function typeFault(type: Schema['type'], value: unknown): string | undefined {
  const failed = `type check ('${type}') failed`
  switch (type) {
    case 'any':
      return undefined
    case 'null':
      return `${failed} - value is not null`
    case 'array':
      return Array.isArray(value) ? undefined : failed
    case 'object':
      return typeof value === 'object' && !Array.isArray(value) ? undefined : failed
    default:
      return scalarFault(type, value, failed)
  }
}

function scalarFault(type: Schema['type'], value: unknown, failed: string): string | undefined {
  if (typeof value === 'object') return `${failed} - got ${Array.isArray(value) ? 'ARRAY' : 'HASH'}`
  const text = textOf(value)
  const holds =
    type === 'boolean'
      ? text === '1' || text === '0'
      : type === 'integer'
        ? INTEGER.test(text)
        : type === 'number'
          ? NUMBER.test(text)
          : true
  return holds ? undefined : `${failed} - got '${text}'`
}

function checkScalar(schema: Schema, text: string, path: string, faults: Faults): void {
  const add = (isWrong: boolean, fault: string): void => {
    if (isWrong) faults.add(path, fault)
  }
  const format = faultOfFormat(schema, text, path)
  add(format !== undefined, `invalid format - ${format}`)
  const { pattern, values, minimum, maximum, minLength = 0, maxLength = Infinity } = schema
  add(
    pattern !== undefined && !matchesPerl(pattern, text),
    'value does not match the regex pattern',
  )
  const length = [...text].length
  add(length > maxLength, `value may only be ${maxLength} characters long`)
  add(length < minLength, `value must be at least ${minLength} characters long`)
  const number = NUMBER.test(text) ? Number(text) : NaN
  add(number > (maximum ?? Infinity), `value must have a maximum value of ${maximum}`)
  add(number < (minimum ?? -Infinity), `value must have a minimum value of ${minimum}`)
  add(
    values !== undefined && !values.includes(text),
    `value '${text}' does not have a value in the enumeration '${values?.join(', ')}'`,
  )
}

function faultOfFormat(schema: Schema, text: string, path: string): string | undefined {
  const { type, format } = schema
  const parts = type === 'string' ? (schema.parts ?? namedParts(format ?? '')) : undefined
  if (parts !== undefined) return propertyStringFault(parts, text, path)
  return format === undefined ? undefined : formatFault(format, text)
}

/** What is wrong with a property string; its text ends with a line break, as the vendor's does. */
function propertyStringFault(
  parts: NonNullable<Schema['parts']>,
  text: string,
  path: string,
): string | undefined {
  const parsed = parsePropertyString(parts, text)
  if ('fault' in parsed) return `${parsed.fault}\n`
  const faults = new Faults()
  checkObject({ type: 'object', parts, isClosed: true }, parsed.values, path, faults)
  return faults.size === 0 ? undefined : `format error\n${faults.inOne()}`
}
