// SPDX-License-Identifier: GPL-3.0-or-later
/** The notation of the tables: schemas as text, with names for what is said more than once. */
import { gateText, union, type Alternative, type Entry, type Gate, type Merged } from './merge.ts'

/** A schema of which the text is worth a name is at least this long. */
const WORTH_A_NAME = 15

/** The name of a schema by its whole text, if it has one. */
type NameOf = (whole: string) => string | undefined

const nameless: NameOf = () => undefined

interface Seen {
  readonly type: Merged
  readonly gate: Gate
  readonly names: Map<string, number>
  count: number
}

/** Writes schemas; the ones that come up again are written once, under a name. */
export class Notation {
  readonly #seen = new Map<string, Seen>()
  readonly #names = new Map<string, string>()
  readonly #taken = new Set<string>()
  readonly #nameOf: NameOf = (whole) => this.#names.get(whole)

  /** Takes note of a schema and of everything in it, so that what comes again gets a name. */
  note(type: Merged, gate: Gate, name: string): void {
    const whole = typeText(type, gate, nameless)
    const seen = this.#seen.get(whole) ?? { type, gate, names: new Map<string, number>(), count: 0 }
    this.#seen.set(whole, seen)
    seen.count++
    seen.names.set(name, (seen.names.get(name) ?? 0) + 1)
    if (seen.count > 1 || type.base === '') return
    for (const each of type.parts ?? []) this.note(each.type, each.gate, each.name)
    for (const each of [...(type.rest ?? []), ...(type.items ?? [])])
      this.note(each.type, each.gate, name)
  }

  /** Gives the names; returns their definitions, `$name=…`. */
  define(): string[] {
    const worthy = [...this.#seen].filter(
      ([whole, { count, type }]) => count > 1 && type.base !== '' && whole.length >= WORTH_A_NAME,
    )
    for (const [whole, { names }] of worthy) this.#names.set(whole, this.#free(names))
    return worthy
      .map(([whole, { type, gate }]) => {
        return `${this.#names.get(whole)}=${content(type, gate, this.#nameOf)}`
      })
      .sort()
  }

  #free(names: Map<string, number>): string {
    const [[best = ''] = []] = [...names].sort(([, a], [, b]) => b - a)
    const base = `$${best.replace(/\[n\]/g, '')}`
    let name = base
    for (let at = 2; this.#taken.has(name); at++) name = `${base}.${at}`
    this.#taken.add(name)
    return name
  }

  /** A property, `name?=type@9.2`. */
  entry(entry: Entry, gate: Gate): string {
    return entryText(entry, gate, this.#nameOf)
  }

  /** The forms that a schema has in the versions of `gate`. */
  forms(all: readonly Alternative[], gate: Gate): string[] {
    return all.map((each) => formText(each, gate, this.#nameOf))
  }
}

function typeText(type: Merged, gate: Gate, nameOf: NameOf): string {
  return nameOf(content(type, gate, nameless)) ?? content(type, gate, nameOf)
}

function formText({ type, gate }: Alternative, whole: Gate, nameOf: NameOf): string {
  return `${typeText(type, gate, nameOf)}${gateText(gate, whole)}`
}

function entryText(entry: Entry, whole: Gate, nameOf: NameOf): string {
  const sign = entry.type.base === '' ? '' : entry.isOptional ? '?=' : '='
  return `${entry.name}${sign}${formText(entry, whole, nameOf)}`
}

function content(type: Merged, gate: Gate, nameOf: NameOf): string {
  const { base, facts, parts, rest, items, isClosed = false } = type
  const head = `${base}${facts}${isClosed ? '!' : ''}`
  if (items !== undefined) return `${head}[${several(items, nameOf)}]`
  if (parts === undefined && rest === undefined) return head
  const inside = (parts ?? []).map((each) => entryText(each, gate, nameOf))
  if (rest !== undefined) inside.push(`...=${several(rest, nameOf)}`)
  return `${head}{${inside.join(' ')}}`
}

function several(all: readonly Alternative[], nameOf: NameOf): string {
  const whole = union(all.map(({ gate, type }) => [gate, type]))
  return all.map((each) => formText(each, whole, nameOf)).join('|')
}
