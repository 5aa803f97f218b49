// SPDX-License-Identifier: GPL-3.0-or-later
/**
 * Reads schemas in the notation of the tables, for one version.
 *
 * Shape: a type is a letter and facts: `s` string, `i` integer, `n` number, `b` boolean, `a[…]` array, `o{…}` object
 * (`o!{…}` takes nothing else), `z` null, `x` anything; `:format`, `(one|of[0..9]|these)`, `~pattern~`, `#2..40` length,
 * `<1..64>` range, `!requires`. `s{…}` is a property string; in it `*` marks the default key, `a>b` an alias and `a>b^c` one
 * that also sets `c`. A property is `name=type` or `name?=type`; `@9.1,9.2` behind anything says in which versions it is so.
 * `$name` stands for a schema and `&name` for a group of properties that `shapes` defines.
 */
import type { PveVersion } from '../world.ts'
import type { Schema, SchemaType } from './types.ts'

const TYPES: Readonly<Record<string, SchemaType>> = {
  s: 'string',
  i: 'integer',
  n: 'number',
  b: 'boolean',
  a: 'array',
  o: 'object',
  z: 'null',
  x: 'any',
}

const NUMBER = '(-?\\d+(?:\\.\\d+)?)?'
const NAME = /(?:\.\.\.|[\w.[\]-]+)/y
const DEFINED = /[\w.-]+/y
const VERSIONS = /@([\d.,]+)/y
const FACTS = {
  isDefault: /\*/y,
  format: /:([\w-]+)/y,
  values: /\(([^)]*)\)/y,
  pattern: /~([^~]*)~/y,
  length: new RegExp(`#${NUMBER}\\.\\.${NUMBER}`, 'y'),
  range: new RegExp(`<${NUMBER}\\.\\.${NUMBER}>`, 'y'),
  requires: /!([\w-]+)/y,
  isClosed: /!/y,
}

type Parts = Record<string, Schema>

/** The shapes that other tables name, for one version. */
export class Shapes {
  readonly version: PveVersion
  readonly #texts: ReadonlyMap<string, string>
  readonly #types = new Map<string, Schema>()

  constructor(lines: readonly string[], version: PveVersion) {
    this.version = version
    this.#texts = new Map(
      lines.map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]),
    )
  }

  /** The schema of a name, `$vmid`. */
  type(name: string): Schema {
    const known = this.#types.get(name)
    if (known !== undefined) return known
    const schema = new Reader(this.#text(name), this).type()
    this.#types.set(name, schema)
    return schema
  }

  /** The properties of a group, `&qemu`. */
  group(name: string): Parts {
    return new Reader(this.#text(name), this).parts()
  }

  #text(name: string): string {
    const text = this.#texts.get(name)
    if (text === undefined) throw new Error(`the tables define no ${name}`)
    return text
  }
}

/** Reads one text from its start. */
export class Reader {
  readonly #text: string
  readonly #shapes: Shapes
  #at = 0

  constructor(text: string, shapes: Shapes) {
    this.#text = text
    this.#shapes = shapes
  }

  /** Properties up to `}` or the end; those of other versions are left out. */
  parts(): Parts {
    const parts: Parts = {}
    while (this.#at < this.#text.length && !this.#takes('}')) {
      if (this.#takes(' ')) continue
      if (this.#takes('&')) Object.assign(parts, this.#shapes.group(`&${this.#need(DEFINED)[0]}`))
      else this.#part(parts)
    }
    return parts
  }

  #part(parts: Parts): void {
    const [name] = this.#need(NAME)
    const isAlias = this.#takes('>')
    const isOptional = this.#takes('?')
    if (!isAlias && !this.#takes('=')) this.#fail()
    const schema = isAlias ? this.#alias() : name === '...' ? this.#forms() : this.type()
    if (!this.#holds() || schema === undefined) return
    parts[name] = isOptional ? { ...schema, isOptional } : schema
  }

  #alias(): Schema {
    const [alias] = this.#need(NAME)
    const keyAlias = this.#takes('^') ? this.#need(NAME)[0] : undefined
    return { type: 'any', isOptional: true, alias, ...(keyAlias !== undefined && { keyAlias }) }
  }

  /** A whole form with its versions, `a[s]@9.2`; nothing when it is for others. */
  form(): Schema | undefined {
    return this.#forms()
  }

  /** One of several forms, `s@8.4|i@9.1,9.2`: the one of this version. */
  #forms(): Schema | undefined {
    let found: Schema | undefined
    do {
      const schema = this.type()
      if (this.#holds()) found ??= schema
    } while (this.#takes('|'))
    return found
  }

  /** A type with everything that is in it. */
  type(): Schema {
    if (this.#takes('$')) return this.#shapes.type(`$${this.#need(DEFINED)[0]}`)
    const type = TYPES[this.#text[this.#at++] ?? '']
    if (type === undefined) return this.#fail()
    const schema = { type, ...this.#facts(), ...this.#isClosed() }
    if (this.#takes('[')) return { ...schema, ...this.#items() }
    if (!this.#takes('{')) return schema
    const { '...': rest, ...parts } = this.parts()
    if (rest === undefined) return { ...schema, parts }
    return Object.keys(parts).length === 0 ? { ...schema, rest } : { ...schema, parts, rest }
  }

  #items(): Pick<Schema, 'items'> {
    const items = this.#forms()
    if (!this.#takes(']')) this.#fail()
    return items === undefined ? {} : { items }
  }

  #isClosed(): Pick<Schema, 'isClosed'> {
    return this.#match(FACTS.isClosed) === undefined ? {} : { isClosed: true }
  }

  #facts(): Omit<Schema, 'type'> {
    const [isDefault, format, values, pattern, length, range, requires] = [
      this.#match(FACTS.isDefault),
      this.#match(FACTS.format)?.[1],
      this.#match(FACTS.values)?.[1],
      this.#match(FACTS.pattern)?.[1],
      this.#match(FACTS.length),
      this.#match(FACTS.range),
      this.#match(FACTS.requires)?.[1],
    ]
    return {
      ...(isDefault !== undefined && { isDefault: true }),
      ...(format !== undefined && { format }),
      ...(values !== undefined && { values: values.split('|').flatMap(expand) }),
      ...(pattern !== undefined && { pattern }),
      ...(length?.[1] !== undefined && { minLength: Number(length[1]) }),
      ...(length?.[2] !== undefined && { maxLength: Number(length[2]) }),
      ...(range?.[1] !== undefined && { minimum: Number(range[1]) }),
      ...(range?.[2] !== undefined && { maximum: Number(range[2]) }),
      ...(requires !== undefined && { requires }),
    }
  }

  /** Whether what was just read is so in this version. */
  #holds(): boolean {
    const versions = this.#match(VERSIONS)?.[1]
    return versions === undefined || versions.split(',').includes(this.#shapes.version)
  }

  #takes(sign: string): boolean {
    if (this.#text[this.#at] !== sign) return false
    this.#at++
    return true
  }

  #match(pattern: RegExp): RegExpExecArray | undefined {
    pattern.lastIndex = this.#at
    const found = pattern.exec(this.#text)
    if (found === null) return undefined
    this.#at = pattern.lastIndex
    return found
  }

  #need(pattern: RegExp): RegExpExecArray {
    return this.#match(pattern) ?? this.#fail()
  }

  #fail(): never {
    const rest = this.#text.slice(this.#at, this.#at + 40)
    throw new Error(`the tables cannot be read at “${rest}”`)
  }
}

/** `ide[0..3]` is four values. */
function expand(value: string): string[] {
  const [, stem = '', from = '', to = ''] = /^(.*)\[(\d+)\.\.(\d+)\]$/.exec(value) ?? []
  if (to === '') return [value]
  return Array.from({ length: Number(to) - Number(from) + 1 }, (_, at) => {
    return `${stem}${Number(from) + at}`
  })
}
