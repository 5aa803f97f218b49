// SPDX-License-Identifier: GPL-3.0-or-later
/** What the vendor's schema says of an operation, in the words of our own types: read apart from the tool that writes the tables. */
import type { Operation, Permission, Schema, SchemaType } from '../src/simulator/schema/index.ts'

/** A schema as the vendor writes it. */
export type VendorSchema = Readonly<Record<string, unknown>>

/** An operation as the vendor writes it. */
export interface VendorOperation {
  readonly protected?: number
  readonly proxyto?: string
  readonly allowtoken?: number
  readonly parameters?: VendorSchema
  readonly permissions?: {
    readonly user?: 'all' | 'world'
    readonly check?: readonly unknown[]
  } | null
  readonly returns?: VendorSchema
}

/** Everything of an operation but where it is. */
export function factsOf(vendor: VendorOperation): Omit<Operation, 'name' | 'method' | 'path'> {
  const { parameters = {}, permissions, returns = {} } = vendor
  return {
    params: propertiesOf(parameters['properties']) ?? {},
    additional: parameters['additionalProperties'] !== 0,
    permission: permissionOf(permissions ?? {}),
    isProtected: vendor.protected === 1,
    allowToken: vendor.allowtoken === 1,
    proxyTo: vendor.proxyto,
    returns: schemaOf(returns),
  }
}

function propertiesOf(properties: unknown): Record<string, Schema> | undefined {
  if (typeof properties !== 'object' || properties === null) return undefined
  return Object.fromEntries(
    Object.entries(properties).map(([name, each]) => [name, schemaOf(each as VendorSchema)]),
  )
}

/** A schema without what is there for a screen, and without what is absent. */
export function schemaOf(vendor: VendorSchema): Schema {
  const { alias, keyAlias, format, items, additionalProperties: more } = vendor
  const type = (vendor['type'] ?? 'any') as SchemaType
  const schema = {
    type,
    isOptional: Number(vendor['optional'] ?? 0) === 1 || alias !== undefined || undefined,
    isDefault: vendor['default_key'] === 1 || undefined,
    alias,
    keyAlias,
    format: typeof format === 'string' ? format : undefined,
    values: vendor['enum'] ?? undefined,
    pattern: vendor['pattern'],
    minLength: vendor['minLength'],
    maxLength: vendor['maxLength'],
    minimum: numberOf(vendor['minimum']),
    maximum: numberOf(vendor['maximum']),
    requires: vendor['requires'],
    parts: propertiesOf(type === 'string' ? format : vendor['properties']),
    isClosed: more === 0 || undefined,
    rest: typeof more === 'object' && more !== null ? schemaOf(more as VendorSchema) : undefined,
    items: items === undefined ? undefined : schemaOf(items as VendorSchema),
  }
  return Object.fromEntries(
    Object.entries(schema).filter(([, value]) => value !== undefined),
  ) as unknown as Schema
}

function numberOf(value: unknown): number | undefined {
  return value === undefined ? undefined : Number(value)
}

function permissionOf({ user, check }: NonNullable<VendorOperation['permissions']>): Permission {
  return check === undefined ? { kind: user ?? 'root' } : checkOf(check)
}

function checkOf([kind, ...rest]: readonly unknown[]): Permission {
  const [first, second, ...options] = rest
  const option = (name: string, from: readonly unknown[]): string | undefined =>
    from.includes(name) ? String(from[from.indexOf(name) + 1]) : undefined
  if (kind === 'and' || kind === 'or') {
    return { kind, of: rest.map((each) => checkOf(each as unknown[])) }
  }
  if (kind === 'perm-modify') return { kind, path: String(first) }
  if (kind === 'userid-param') return { kind, check: String(first) }
  if (kind === 'userid-group') {
    const groupsParam = option('groups_param', rest)
    const privileges = first as string[]
    return { kind, privileges, ...(groupsParam !== undefined && { groupsParam }) }
  }
  if (kind !== 'perm') throw new Error(`the vendor has a new check: ${String(kind)}`)
  const requireParam = option('require_param', options)
  return {
    kind,
    path: String(first),
    privileges: second as string[],
    any: option('any', options) === '1',
    ...(requireParam !== undefined && { requireParam }),
  }
}
