// SPDX-License-Identifier: Apache-2.0
/** Questions the contract asks of a derived JSON Schema. */
import type { JsonSchema } from '../schema.ts'

/** JSON pointers of every object in a schema that names properties and yet lets unknown ones in. */
export function looseObjectsOf(schema: JsonSchema): string[] {
  const loose: string[] = []
  walk(schema, '', (node, pointer) => {
    const isLoose = isObject(node['properties']) && node['additionalProperties'] !== false
    if (isLoose) loose.push(pointer === '' ? '/' : pointer)
  })
  return loose
}

/** Names of the properties of the outermost object that have no description. */
export function undescribedOf(schema: JsonSchema): string[] {
  const properties = schema['properties']
  if (!isObject(properties)) return []
  const isDescribed = (node: unknown): boolean =>
    isObject(node) && typeof node['description'] === 'string' && node['description'] !== ''
  return Object.keys(properties).filter((name) => !isDescribed(properties[name]))
}

/** JSON pointer of the first place where two JSON values differ; undefined when they are equal. */
export function firstDifference(left: unknown, right: unknown, pointer = ''): string | undefined {
  if (typeof left !== 'object' || typeof right !== 'object' || !left || !right) {
    return Object.is(left, right) ? undefined : pointer || '/'
  }
  if (Array.isArray(left) !== Array.isArray(right)) return pointer || '/'
  const keys = new Set([...Object.keys(left), ...Object.keys(right)])
  for (const key of [...keys].sort()) {
    const [a, b] = [left, right].map((side) => (side as Record<string, unknown>)[key])
    const found = firstDifference(a, b, `${pointer}/${key}`)
    if (found !== undefined) return found
  }
  return undefined
}

/** JSON pointer of the first value that JSON cannot carry: a function, undefined, an instance, a number that is not finite. */
export function firstNonJson(value: unknown, pointer = ''): string | undefined {
  if (value === null || typeof value === 'string' || typeof value === 'boolean') return undefined
  if (typeof value === 'number') return Number.isFinite(value) ? undefined : pointer || '/'
  if (typeof value !== 'object' || isInstance(value)) return pointer || '/'
  for (const [key, child] of Object.entries(value)) {
    const found = firstNonJson(child, `${pointer}/${key}`)
    if (found !== undefined) return found
  }
  return undefined
}

/** Why two steps: plain objects of another realm have another prototype, which has none itself. */
function isInstance(value: object): boolean {
  if (Array.isArray(value)) return false
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype !== null && Object.getPrototypeOf(prototype) !== null
}

function walk(
  node: unknown,
  pointer: string,
  visit: (node: Record<string, unknown>, pointer: string) => void,
): void {
  if (!isObject(node)) return
  if (!Array.isArray(node)) visit(node, pointer)
  for (const [key, child] of Object.entries(node)) walk(child, `${pointer}/${key}`, visit)
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null
}
