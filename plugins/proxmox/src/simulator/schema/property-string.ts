// SPDX-License-Identifier: GPL-3.0-or-later
/** Takes property strings apart, `virtio=BC:24:11:00:00:01,bridge=vmbr0`: short names, aliases and the default key. */
import type { Schema } from './types.ts'

/** The properties by their real names, or what is wrong. */
export type ParsedProperties =
  | { readonly values: Readonly<Record<string, string>> }
  | { readonly fault: string }

type Parts = Readonly<Record<string, Schema>>

const TRUE = /^(1|on|yes|true)$/i
const FALSE = /^(0|off|no|false)$/i

class Wrong extends Error {}

/** Reads a property string; its values are still unchecked. */
export function parsePropertyString(parts: Parts, text: string): ParsedProperties {
  const values = new Map<string, string>()
  try {
    for (const part of text.split(',')) {
      if (part.trim() !== '') readPart(parts, part, values)
    }
  } catch (error) {
    if (error instanceof Wrong) return { fault: error.message }
    throw error
  }
  return { values: Object.fromEntries(values) }
}

function readPart(parts: Parts, part: string, values: Map<string, string>): void {
  const named = /^([^=]+)=(.+)$/s.exec(part)
  if (named !== null) return readNamed(parts, named[1]!, named[2]!, values)
  if (part.includes('=')) throw new Wrong('missing key in comma-separated list property')
  const name = Object.keys(parts).find((each) => parts[each]?.isDefault === true)
  if (name === undefined) {
    throw new Wrong('value without key, but schema does not define a default key')
  }
  put(name, part, values)
}

function readNamed(parts: Parts, key: string, value: string, values: Map<string, string>): void {
  const own = Object.hasOwn(parts, key) ? parts[key] : undefined
  if (own?.keyAlias !== undefined) {
    if (values.has(own.keyAlias)) throw new Wrong(`key alias '${own.keyAlias}' is already defined`)
    values.set(own.keyAlias, key)
  }
  const name = own?.alias ?? key
  const schema = Object.hasOwn(parts, name) ? parts[name] : undefined
  if (schema === undefined) {
    throw new Wrong(`invalid key in comma-separated list property: ${name}`)
  }
  put(name, schema.type === 'boolean' ? truth(value) : value, values)
}

function put(name: string, value: string, values: Map<string, string>): void {
  if (values.has(name)) throw new Wrong(`duplicate key in comma-separated list property: ${name}`)
  values.set(name, value)
}

function truth(value: string): string {
  if (TRUE.test(value)) return '1'
  return FALSE.test(value) ? '0' : value
}
