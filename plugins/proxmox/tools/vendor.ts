// SPDX-License-Identifier: GPL-3.0-or-later
/** The vendor's schemas, brought into one form: facts only, flags as truth values, numbers as numbers. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'

/** The versions, oldest first; the order of the bits in a gate. */
export const VERSIONS = ['8.4', '9.1', '9.2'] as const

/** What the vendor says of a value. */
export interface Vendor {
  readonly [key: string]: unknown
  readonly properties?: Readonly<Record<string, Vendor>>
  readonly items?: Vendor
}

/** What the vendor says of an operation. */
export interface VendorOperation {
  readonly protected?: number
  readonly proxyto?: string
  readonly allowtoken?: number
  readonly parameters?: Vendor
  readonly permissions?: {
    readonly user?: string
    readonly check?: readonly unknown[]
  } | null
  readonly returns?: Vendor
}

/** A schema as the tables hold it: without titles, defaults and what is there for a screen. */
export interface Node {
  readonly base: string
  /** Everything about it but what it contains, as the tables write it. */
  readonly facts: string
  readonly isOptional: boolean
  /** Of a property string or an object. */
  readonly parts?: ReadonlyMap<string, Node>
  readonly isClosed?: boolean
  readonly rest?: Node
  readonly items?: Node
}

const BASES: Readonly<Record<string, string>> = {
  string: 's',
  integer: 'i',
  number: 'n',
  boolean: 'b',
  null: 'z',
  object: 'o',
  array: 'a',
}

/** All operations of one version by method and path. */
export function readVendor(folder: string, version: string): Map<string, VendorOperation> {
  const text = readFileSync(join(folder, `pve-api-${version}.json`), 'utf8')
  const { paths } = JSON.parse(text) as {
    paths: Record<string, Record<string, VendorOperation>>
  }
  return new Map(
    Object.entries(paths).flatMap(([path, methods]) =>
      Object.entries(methods).map(([method, operation]) => [`${method} ${path}`, operation]),
    ),
  )
}

/** The facts of a schema. */
export function nodeOf(vendor: Vendor): Node {
  const { alias, keyAlias, format } = vendor
  if (typeof alias === 'string') {
    const by = typeof keyAlias === 'string' ? `^${keyAlias}` : ''
    return { base: '', facts: `>${alias}${by}`, isOptional: true }
  }
  const base = BASES[vendor['type'] as string] ?? 'x'
  const parts = (base === 's' ? format : vendor.properties) as Record<string, Vendor> | undefined
  const { additionalProperties: more, items } = vendor
  return {
    base,
    facts: factsOf(vendor),
    isOptional: Number(vendor['optional'] ?? 0) === 1,
    ...(typeof parts === 'object' && {
      parts: new Map(Object.entries(parts).map(([name, each]) => [name, nodeOf(each)])),
    }),
    ...(more === 0 && { isClosed: true }),
    ...(typeof more === 'object' && more !== null && { rest: nodeOf(more as Vendor) }),
    ...(items !== undefined && { items: nodeOf(items) }),
  }
}

function factsOf(vendor: Vendor): string {
  const { format, pattern, requires } = vendor
  const values = (vendor['enum'] ?? undefined) as string[] | undefined
  const range = (low: unknown, high: unknown): string => `${text(low)}..${text(high)}`
  return [
    vendor['default_key'] === 1 ? '*' : '',
    typeof format === 'string' ? `:${format}` : '',
    values === undefined ? '' : `(${ranges(values).join('|')})`,
    pattern === undefined ? '' : `~${text(pattern)}~`,
    has(vendor, 'minLength', 'maxLength')
      ? `#${range(vendor['minLength'], vendor['maxLength'])}`
      : '',
    has(vendor, 'minimum', 'maximum') ? `<${range(vendor['minimum'], vendor['maximum'])}>` : '',
    requires === undefined ? '' : `!${text(requires)}`,
  ].join('')
}

/** Values that only count up, `ide0`, `ide1`, `ide2`, are one: `ide[0..2]`. */
function ranges(values: readonly string[]): string[] {
  const runs: { stem: string; from: number; to: number }[] = []
  for (const value of values) {
    const [, stem = value, digits = 'NaN'] = /^(.*?)(0|[1-9]\d*)$/.exec(value) ?? []
    const last = runs.at(-1)
    if (last?.stem === stem && Number(digits) === last.to + 1) last.to++
    else runs.push({ stem, from: Number(digits), to: Number(digits) })
  }
  return runs.flatMap(({ stem, from, to }) => {
    if (Number.isNaN(from)) return [stem]
    if (to - from > 2) return [`${stem}[${from}..${to}]`]
    return Array.from({ length: to - from + 1 }, (_, at) => `${stem}${from + at}`)
  })
}

function has(vendor: Vendor, ...names: string[]): boolean {
  return names.some((name) => vendor[name] !== undefined)
}

function text(value: unknown): string {
  return typeof value === 'string' || typeof value === 'number' ? String(value) : ''
}
