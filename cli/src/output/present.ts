// SPDX-License-Identifier: Apache-2.0
/** Shows what a job returned: lists of flat objects as tables, the rest as names and values, units beside the numbers. */
import type { Paint } from './paint.ts'
import { safeText } from './safe-text.ts'
import { pairs, table } from './table.ts'
import type { Column } from './table.ts'
import { measured, unitOf } from './units.ts'

const MAX_CELL = 120
const NOTHING = '–'

type Flat = Readonly<Record<string, unknown>>

/** Any JSON value as text for people. Every text in it is escaped. */
export function present(value: unknown, paint: Paint): string {
  return sections(value, [], paint)
    .map(({ path, text }) =>
      path.length === 0 ? text : `${paint.strong(path.map(words).join(' · '))}\n${text}`,
    )
    .join('\n\n')
}

/** A member's name as words, without the unit that stands beside its value: `freeBytes` is `free`. */
export function words(name: string): string {
  const bare = name.slice(0, name.length - (unitOf(name)?.length ?? 0)) || name
  return safeText(
    bare
      .replace(/([a-z0-9])([A-Z])/g, '$1 $2')
      .replace(/([a-z])([0-9])/g, '$1 $2')
      .replace(/[_-]+/g, ' ')
      .toLowerCase(),
  )
}

interface Section {
  readonly path: readonly string[]
  readonly text: string
}

function sections(value: unknown, path: readonly string[], paint: Paint): Section[] {
  if (isFlatList(value)) return [{ path, text: flatTable(value, paint) }]
  if (isFlatFamily(value)) return [{ path, text: flatTable(rowsOf(value), paint) }]
  if (!isObject(value))
    return [{ path, text: isSimple(value) ? cell('', value) : safeText(JSON.stringify(value)) }]
  const entries = Object.entries(value).filter(([, each]) => !isEmpty(each))
  const simple = entries.filter(([, each]) => isSimple(each))
  const rest = entries.filter(([, each]) => !isSimple(each))
  const lines = simple.map(([name, each]) => [words(name), cell(name, each)] as const)
  const isAlone = simple.length === 0 && rest.length === 1
  return [
    ...(lines.length > 0 ? [{ path, text: pairs(lines) }] : []),
    ...rest.flatMap(([name, each]) => sections(each, isAlone ? path : [...path, name], paint)),
  ]
}

function flatTable(rows: readonly Flat[], paint: Paint): string {
  const joined = rows.map(withUnits)
  const names = inOrder([...new Set(joined.flatMap((row) => Object.keys(row)))])
  const shown = names.filter((name) => joined.some((row) => !isEmpty(row[name])))
  const columns: Column[] = shown.map((name) => ({
    head: words(name),
    isNumber: joined.every((row) => isEmpty(row[name]) || isMeasure(row[name])),
  }))
  return table(
    columns,
    joined.map((row) => shown.map((name) => cell(name, row[name]))),
    paint,
  )
}

/** What says which thing a row is about, in the order in which people look for it. */
const IDENTITY = ['vmid', 'name', 'node', 'storage', 'type', 'status', 'state']

/** Why: signed JSON has its members in the order of the alphabet, which is nobody's. */
function inOrder(names: readonly string[]): string[] {
  return [
    ...IDENTITY.filter((name) => names.includes(name)),
    ...names.filter((name) => !IDENTITY.includes(name)),
  ]
}

/** Objects of one shape under names, as rows that begin with the name. */
function rowsOf(family: Readonly<Record<string, Flat>>): Flat[] {
  return Object.entries(family).map(([name, row]) => ({ name: words(name), ...row }))
}

/** Puts a `unit` beside the numbers of its row, where people look for it. */
function withUnits(row: Flat): Flat {
  const { unit, ...rest } = row
  if (typeof unit !== 'string') return row
  const entries = Object.entries(rest).map(([name, value]) => [
    name,
    typeof value === 'number' ? `${value} ${unit}` : value,
  ])
  return Object.fromEntries(entries) as Flat
}

function cell(name: string, value: unknown): string {
  if (isEmpty(value)) return NOTHING
  if (typeof value === 'boolean') return value ? 'yes' : 'no'
  if (typeof value === 'number') return measured(name, value)
  const safe = safeText(Array.isArray(value) ? value.map(String).join(', ') : value)
  return safe.length > MAX_CELL ? `${safe.slice(0, MAX_CELL)}…` : safe
}

function isMeasure(value: unknown): boolean {
  return (
    typeof value === 'number' || (typeof value === 'string' && /^-?[\d.,]+( \S{1,6})?$/.test(value))
  )
}

/** One value, or a list of such. */
function isSimple(value: unknown): boolean {
  if (Array.isArray(value)) return value.every((each) => typeof each !== 'object' || each === null)
  return typeof value !== 'object' || value === null
}

function isFlat(value: unknown): value is Flat {
  return isObject(value) && Object.values(value).every(isSimple)
}

function isFlatList(value: unknown): value is Flat[] {
  return Array.isArray(value) && value.length > 0 && value.every(isFlat)
}

/** Two or more flat objects with the same members. */
function isFlatFamily(value: unknown): value is Record<string, Flat> {
  if (!isObject(value)) return false
  const rows = Object.values(value)
  const shape = (row: object) => Object.keys(row).sort().join()
  return (
    rows.length > 1 &&
    rows.every(isFlat) &&
    new Set(rows.map((row) => shape(row as object))).size === 1
  )
}

function isEmpty(value: unknown): boolean {
  return value === undefined || value === null || (Array.isArray(value) && value.length === 0)
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
