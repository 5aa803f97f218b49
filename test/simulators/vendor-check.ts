// SPDX-License-Identifier: Apache-2.0
/**
 * Holds values against the vendor's own schema of Proxmox VE. Written apart from the simulator's checks on purpose: what both
 * get wrong in the same way would otherwise never be seen.
 */
import { isIP } from 'node:net'

/** A schema as the vendor writes it. */
export interface VendorSchema {
  readonly type?: string
  readonly optional?: number | string
  readonly properties?: Readonly<Record<string, VendorSchema>>
  readonly additionalProperties?: number | VendorSchema
  readonly items?: VendorSchema
  readonly enum?: readonly string[] | null
  readonly format?: string | Readonly<Record<string, VendorSchema>>
  readonly pattern?: string
  readonly minimum?: number | string
  readonly maximum?: number | string
  readonly minLength?: number
  readonly maxLength?: number
  readonly requires?: string
  readonly alias?: string
  readonly keyAlias?: string
  readonly default_key?: number
}

/** Formats of which the expression is known beyond doubt. */
const FORMATS: Readonly<Record<string, (text: string) => boolean>> = {
  'pve-vmid': (text) => /^[1-9][0-9]{2,8}$/.test(text),
  'pve-node': (text) => /^[a-z0-9]([a-z0-9-]*[a-z0-9])?$/i.test(text),
  'pve-storage-id': (text) => /^[a-z][a-z0-9\-_.]*[a-z0-9]$/i.test(text),
  'pve-configid': (text) => /^[a-z][a-z0-9_-]+$/i.test(text),
  'pve-bridge-id': (text) => /^[-_.\w]+$/.test(text),
  'pve-iface': (text) => /^[a-z][a-z0-9_]{1,20}([:.]\d+)?$/i.test(text),
  'dns-name': (text) =>
    text.split('.').every((label) => /^[a-z0-9]([a-z0-9-]*[a-z0-9])?$/i.test(label)),
  urlencoded: (text) => /^[-%a-zA-Z0-9_.!~*'()]*$/.test(text),
  ip: (text) => isIP(text) !== 0,
  ipv4: (text) => isIP(text) === 4,
  ipv6: (text) => isIP(text) === 6,
}

/** What is wrong with an object's properties; `wire` when they came in a request, where all are texts. */
export function objectFaults(
  schema: VendorSchema,
  value: Readonly<Record<string, unknown>>,
  path: string,
  others: readonly VendorSchema[] = [],
): string[] {
  const { properties = {}, additionalProperties: more } = schema
  // An older schema may name nothing but the key of a list, and yet the answer held the rest.
  const isTold = Object.keys(properties).length > 1
  const missing = Object.entries(properties)
    .filter(([name, each]) => !isIndexed(name) && value[name] == null && !isOptional(each))
    .map(([name]) => `${path}${name}: missing`)
  const wrong = Object.entries(value).flatMap(([name, each]) => {
    if (each == null) return []
    const at = `${path}${name}`
    const own = propertyOf(properties, name)
    const elsewhere = others.flatMap((other) => propertyOf(other.properties ?? {}, name) ?? [])
    if (own !== undefined) {
      const requires = own.requires
      const lacks = requires !== undefined && value[requires] == null
      return [
        ...(lacks ? [`${at}: makes no sense without ${requires}`] : []),
        ...valueFaults(own, each, at, elsewhere),
      ]
    }
    if (typeof more === 'object') return valueFaults(more, each, at)
    if (elsewhere.length > 0 && isTold) return [`${at}: only in another version`]
    return more === 0 ? [`${at}: not in the schema`] : []
  })
  return [...missing, ...wrong]
}

function isOptional({ optional, alias, type }: VendorSchema): boolean {
  return Number(optional ?? 0) === 1 || alias !== undefined || type === 'null'
}

function isIndexed(name: string): boolean {
  return name.endsWith('[n]')
}

function propertyOf(
  properties: Readonly<Record<string, VendorSchema>>,
  name: string,
): VendorSchema | undefined {
  return properties[name] ?? properties[name.replace(/\d+$/, '[n]')]
}

/** What is wrong with a value; `others` are the schemas that other versions have in its place. */
export function valueFaults(
  schema: VendorSchema,
  value: unknown,
  path: string,
  others: readonly VendorSchema[] = [],
): string[] {
  if (value == null) return isOptional(schema) ? [] : [`${path}: missing`]
  switch (schema.type ?? 'any') {
    case 'any':
      return []
    case 'null':
      return [`${path}: not null but ${show(value)}`]
    case 'array':
      return arrayFaults(schema, value, path, others)
    case 'object':
      if (typeof value !== 'object' || Array.isArray(value)) return [`${path}: no object`]
      return objectFaults(schema, value as Record<string, unknown>, `${path}.`, others)
    default:
      return scalarFaults(schema, value, path)
  }
}

function arrayFaults(
  { items }: VendorSchema,
  value: unknown,
  path: string,
  others: readonly VendorSchema[],
): string[] {
  if (!Array.isArray(value)) return [`${path}: no array but ${show(value)}`]
  if (items === undefined) return []
  const elsewhere = others.flatMap((other) => other.items ?? [])
  return value.flatMap((each, at) => valueFaults(items, each, `${path}[${at}]`, elsewhere))
}

function show(value: unknown): string {
  return (JSON.stringify(value) ?? 'nothing').slice(0, 80)
}

function scalarFaults(schema: VendorSchema, value: unknown, path: string): string[] {
  if (typeof value === 'object') return [`${path}: no ${schema.type} but ${show(value)}`]
  const text = typeof value === 'boolean' ? String(Number(value)) : String(value)
  if (!isOfType(schema.type!, text)) return [`${path}: no ${schema.type} but ${show(value)}`]
  const { pattern, format, minLength = 0, maxLength = Infinity } = schema
  const faults = [
    schema.enum != null && !schema.enum.includes(text) ? 'not among the choices' : '',
    pattern !== undefined && !matches(pattern, text) ? 'does not match' : '',
    text.length < minLength || text.length > maxLength ? 'too short or too long' : '',
    Number(text) < Number(schema.minimum ?? -Infinity) ? 'too small' : '',
    Number(text) > Number(schema.maximum ?? Infinity) ? 'too large' : '',
    typeof format === 'string' && !isOfFormat(format, text) ? `no ${format}` : '',
  ]
  const wrong = faults
    .filter((fault) => fault !== '')
    .map((fault) => `${path}: ${fault}: ${show(value)}`)
  return typeof format === 'object' ? [...wrong, ...partsFaults(format, text, path)] : wrong
}

function isOfType(type: string, text: string): boolean {
  if (type === 'boolean') return text === '1' || text === '0'
  if (type === 'integer') return /^[+-]?\d+$/.test(text)
  return type === 'number' ? text !== '' && Number.isFinite(Number(text)) : true
}

function isOfFormat(format: string, text: string): boolean {
  const [, base = format, form] = /^(.+)-(list|opt)$/.exec(format) ?? []
  const texts = form === undefined ? [text] : text.split(/[,;\s\0]+/).filter((each) => each !== '')
  return texts.every((each) => FORMATS[base]?.(each) ?? true)
}

/** Perl's expressions hold for the whole text; atomic groups and flags are written otherwise here. */
function matches(pattern: string, text: string): boolean {
  if (pattern.includes('(?>')) return true
  const expression = pattern
    .replace(/\(\?\^([iu]?):/g, (_, flag: string) => (flag === 'i' ? '(?i:' : '(?:'))
    .replace(/\{,/g, '{0,')
  return new RegExp(`^(?:${expression})$`).test(text)
}

/** A property string: `key=value` by commas; one key may be left out, some have other names. */
function partsFaults(
  format: Readonly<Record<string, VendorSchema>>,
  text: string,
  path: string,
): string[] {
  const values: Record<string, string> = {}
  for (const part of text.split(',').filter((each) => each.trim() !== '')) {
    const [, given, value = part] = /^([^=]+)=(.+)$/s.exec(part) ?? []
    const short = Object.keys(format).find((name) => format[name]!.default_key === 1)
    const key = given ?? short ?? ''
    const { alias, keyAlias } = format[key] ?? {}
    if (keyAlias !== undefined) values[keyAlias] = key
    const name = alias ?? key
    const isTruth = format[name]?.type === 'boolean'
    values[name] = isTruth
      ? value.replace(/^(on|yes|true)$/i, '1').replace(/^(off|no|false)$/i, '0')
      : value
  }
  return objectFaults({ properties: format, additionalProperties: 0 }, values, `${path}.`)
}
