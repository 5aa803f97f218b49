// SPDX-License-Identifier: Apache-2.0
/** What a query or a body may hold: the one reading of constraints for broker, fakes and manifests. */
import type { FieldValue } from './handles.ts'
import type { Constraint, FieldScope } from './permission.ts'
import type { Resources } from './resources.ts'

/** Fields of a query or a form, as they go over the wire: names with one value or several. */
export type FlatFields = Readonly<Record<string, FieldValue | readonly FieldValue[]>>

/** Names that reach a prototype in careless code, or that make some services take another method. */
const FORBIDDEN_NAMES: ReadonlySet<string> = new Set([
  '__proto__',
  'constructor',
  'prototype',
  '_method',
])

const MAX_FIELDS = 64
const MAX_NODES = 10_000
const MAX_DEPTH = 32

/** Decimal numbers that every service reads alike: no sign but minus, no exponent, no leading zero, no white space. */
const DECIMAL = /^-?(?:0|[1-9][0-9]{0,17})(?:\.[0-9]{1,17})?$/

/** Whether numbers and truth values are compared as text, because they travel as text. */
type Wire = 'text' | 'json'

/**
 * Why the fields of a query or a form are refused; undefined when they may go out.
 *
 * Trust: `fields` may be made up by a hostile plugin. A name that a service may take for a constrained one (another
 * case, `a[]` for `a`, `a.b` for `a[b]`, another alphabet) is refused. Each of several values must fit.
 *
 * @example
 * flatFault({ fields: { force: { forbidden: true } }, others: 'allowed' }, { Force: 1 }, new Map())
 * // '"Force" is another spelling of "force"'
 */
export function flatFault(
  scope: FieldScope,
  fields: FlatFields,
  resources: Resources,
): string | undefined {
  const present = Object.entries(fields).flatMap(([name, value]) => {
    const values = (Array.isArray(value) ? value : [value]) as readonly FieldValue[]
    return values.length === 0 ? [] : [{ name, values }]
  })
  for (const { name, values } of present) {
    const why = nameFault(name) ?? flatFieldFault(scope, { name, values }, resources)
    if (why !== undefined) return why
  }
  return missing(scope, (wanted) => present.some(({ name }) => isFlatField(wanted, name)))
}

function flatFieldFault(
  scope: FieldScope,
  field: { readonly name: string; readonly values: readonly FieldValue[] },
  resources: Resources,
): string | undefined {
  const { name, values } = field
  let isNamed = false
  for (const [wanted, constraint] of Object.entries(scope.fields)) {
    if (isFlatField(wanted, name)) {
      isNamed = true
      for (const value of values) {
        const why = valueFault(constraint, String(value), { wire: 'text', resources })
        if (why !== undefined) return `the field "${name}" ${why}`
      }
    } else if (isDisguise(flatPath(wanted), flatPath(name))) return disguised(name, wanted)
  }
  return isNamed || scope.others === 'allowed' ? undefined : `the field "${name}" is not approved`
}

/**
 * Why a JSON body is refused; undefined when it may go out.
 *
 * Trust: as for `flatFault`. Member names are compared without case too, because some services read them so.
 *
 * @example
 * bodyFault({ fields: { 'a.b': { equals: 1 } }, others: 'forbidden' }, { a: { b: 2 } }, new Map())
 * // 'the field "a.b" must be 1'
 */
export function bodyFault(
  scope: FieldScope,
  body: unknown,
  resources: Resources,
): string | undefined {
  if (typeof body !== 'object' || body === null) return 'the body is neither an object nor a list'
  const nodes: Node[] = []
  const why = collect(body, [], nodes)
  if (why !== undefined) return why
  for (const node of nodes) {
    const found = nodeFault(scope, node, resources)
    if (found !== undefined) return found
  }
  return missing(scope, (wanted) => hasField(body, wanted.split('.')))
}

/** One value in a body, and the names that lead to it. */
interface Node {
  readonly path: readonly string[]
  readonly value: unknown
}

/** Puts all values below one into a list; says why it cannot be looked at. */
function collect(value: object, path: readonly string[], nodes: Node[]): string | undefined {
  if (path.length >= MAX_DEPTH) return `the body is deeper than ${MAX_DEPTH}`
  for (const [name, member] of Object.entries(value) as [string, unknown][]) {
    if (member === undefined) continue
    const why = Array.isArray(value) ? undefined : nameFault(name)
    if (why !== undefined) return why
    if (nodes.length >= MAX_NODES) return `the body has more than ${MAX_NODES} values`
    const node = { path: [...path, name], value: member }
    nodes.push(node)
    const below = isContainer(member) ? collect(member, node.path, nodes) : undefined
    if (below !== undefined) return below
  }
  return undefined
}

function nodeFault(scope: FieldScope, node: Node, resources: Resources): string | undefined {
  const shown = node.path.join('.')
  let isApproved = false
  for (const [wanted, constraint] of Object.entries(scope.fields)) {
    const parts = wanted.split('.')
    const common = Math.min(parts.length, node.path.length)
    if (hasPrefix(parts, node.path, common)) {
      const isField = parts.length === node.path.length
      isApproved ||= isField || (parts.length > common && isContainer(node.value))
      const why = isField
        ? valueFault(constraint, node.value, { wire: 'json', resources })
        : undefined
      if (why !== undefined) return `the field "${shown}" ${why}`
    } else if (isDisguise(parts, node.path.flatMap(flatPath))) return disguised(shown, wanted)
  }
  return isApproved || scope.others === 'allowed'
    ? undefined
    : `the field "${shown}" is not approved`
}

function hasPrefix(parts: readonly string[], path: readonly string[], length: number): boolean {
  return parts.slice(0, length).every((part, at) => part === '*' || part === path[at])
}

/** Why each item: a field that is required behind `*` is required in every one of them. */
function hasField(value: unknown, parts: readonly string[]): boolean {
  const [first, ...rest] = parts
  if (first === undefined) return value !== undefined
  if (!isContainer(value)) return false
  if (first === '*') return Object.values(value).every((item) => hasField(item, rest))
  return Object.hasOwn(value, first) && hasField((value as Record<string, unknown>)[first], rest)
}

function missing(scope: FieldScope, has: (wanted: string) => boolean): string | undefined {
  const lacking = Object.entries(scope.fields).find(
    ([wanted, { required }]) => required === true && !has(wanted),
  )
  return lacking === undefined ? undefined : `the field "${lacking[0]}" is missing`
}

/** Why a value does not fit a constraint. */
function valueFault(
  constraint: Constraint,
  value: unknown,
  { wire, resources }: { readonly wire: Wire; readonly resources: Resources },
): string | undefined {
  if ('forbidden' in constraint) return 'must not be there'
  if ('equals' in constraint) {
    return isSame(constraint.equals, value, wire) ? undefined : `must be ${show(constraint.equals)}`
  }
  if ('oneOf' in constraint) {
    const isOne = constraint.oneOf.some((each) => isSame(each, value, wire))
    return isOne ? undefined : `must be one of ${constraint.oneOf.map(show).join(', ')}`
  }
  if ('resource' in constraint) {
    const isText = typeof value === 'string' || Number.isSafeInteger(value)
    const values = resources.get(constraint.resource) ?? []
    return isText && values.includes(String(value))
      ? undefined
      : `must be a ${constraint.resource} of this job`
  }
  if ('pattern' in constraint) return patternFault(constraint.pattern, value)
  return rangeFault(constraint, value, wire)
}

function isSame(wanted: unknown, value: unknown, wire: Wire): boolean {
  return wire === 'json' ? wanted === value : wanted !== null && String(wanted) === value
}

function patternFault(pattern: string, value: unknown): string | undefined {
  const isWhole = typeof value === 'string' && new RegExp(`^(?:${pattern})$`, 'u').test(value)
  return isWhole ? undefined : `must be a text like ${pattern}`
}

function rangeFault(
  range: { readonly min?: number; readonly max?: number },
  value: unknown,
  wire: Wire,
): string | undefined {
  const { min = -Infinity, max = Infinity } = range
  const isNumeral = wire === 'text' && typeof value === 'string' && DECIMAL.test(value)
  const number = isNumeral ? Number(value) : value
  const isWithin = typeof number === 'number' && number >= min && number <= max
  return isWithin ? undefined : `must be a number from ${min} to ${max}`
}

/** Why no field has this name, whatever was approved; undefined when one may. */
export function nameFault(name: string): string | undefined {
  const isPlain = name !== '' && name.length <= 256 && !/[\p{C}\p{Zl}\p{Zp}]/u.test(name)
  const isHarmless = flatPath(name).every((part) => !FORBIDDEN_NAMES.has(part.toLowerCase()))
  return isPlain && isHarmless ? undefined : `no field is called ${JSON.stringify(name)}`
}

/** Whether a name is the wanted one, letter by letter; `*` stands for one part. */
function isFlatField(wanted: string, name: string): boolean {
  if (wanted === name) return true
  const [parts, given] = [flatPath(wanted), flatPath(name)]
  return (
    parts.includes('*') && parts.length === given.length && hasPrefix(parts, given, parts.length)
  )
}

/** The parts of a name in which a service may see structure: `a[b].c` has three. */
function flatPath(name: string): string[] {
  return name.split(/[.[\]]+/u).filter((part) => part !== '')
}

/**
 * Whether a service may take one path for another that it is not, or for something above or below it.
 *
 * Why also joined: some write `a_b` for `a.b`.
 */
function isDisguise(wanted: readonly string[], given: readonly string[]): boolean {
  const [parts, path] = [wanted.map(folded), given.map(folded)]
  const common = Math.min(parts.length, path.length)
  return hasPrefix(parts, path, common) || parts.join('') === path.join('')
}

/** A name without case, marks and compatibility forms. Why `*` stays: it is no letter, yet it means one part. */
function folded(part: string): string {
  if (part === '*') return part
  const text = part.normalize('NFKC').toUpperCase().toLowerCase()
  return text.replaceAll(/[^\p{L}\p{N}]/gu, '')
}

function disguised(name: string, wanted: string): string {
  return `${JSON.stringify(name)} is another spelling of "${wanted}"`
}

function isContainer(value: unknown): value is object {
  return typeof value === 'object' && value !== null
}

function show(value: unknown): string {
  return JSON.stringify(value)
}

/** What is wrong with a set of constraints itself; none when it can be used. */
export function fieldScopeFaults(scope: FieldScope): string[] {
  const entries = Object.entries(scope.fields)
  if (entries.length > MAX_FIELDS) return [`it constrains more than ${MAX_FIELDS} fields`]
  return entries.flatMap(([name, constraint]) => {
    const parts = name.split('.')
    const isNamed = nameFault(name) === undefined && parts.every((part) => part !== '')
    if (!isNamed) return [`${JSON.stringify(name)} is no name of a field`]
    if ('pattern' in constraint && !isPattern(constraint.pattern)) {
      return [`${JSON.stringify(constraint.pattern)} is not a pattern`]
    }
    const { min = -Infinity, max = Infinity } = constraint as { min?: number; max?: number }
    return min <= max ? [] : [`no number is from ${min} to ${max}, as "${name}" wants`]
  })
}

/** Alone, so that no pattern closes the group that is put around it. */
function isPattern(source: string): boolean {
  try {
    return new RegExp(source, 'u') instanceof RegExp
  } catch {
    return false
  }
}
