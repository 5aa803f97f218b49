// SPDX-License-Identifier: Apache-2.0
/** Strict JSON: one text has one meaning for every reader, or it is refused. The only place that calls `JSON.parse`. */
import { CodedError } from '@sallyport/sdk'

/** Codes of strict JSON. */
export type JsonErrorCode =
  | 'ERR_JSON_SIZE'
  | 'ERR_JSON_FORM'
  | 'ERR_JSON_DUPLICATE_KEY'
  | 'ERR_JSON_VALUE'

/** Objects and arrays that may lie within one another. */
export const MAX_JSON_DEPTH = 32

/** Member names that reach an object's prototype in careless code. */
const FORBIDDEN_NAMES: ReadonlySet<string> = new Set(['__proto__', 'constructor', 'prototype'])

const LITERALS: ReadonlySet<string> = new Set(['true', 'false', 'null'])

const QUOTE = 0x22
const BACKSLASH = 0x5c
/** Comma and opening brackets: values are at most one more than there are of these. */
const BEFORE_VALUES: ReadonlySet<number> = new Set([0x2c, 0x5b, 0x7b])
const SPACE = /[\t\n\r ]*/y
const SCALAR = /[-+.0-9A-Za-z]+/y

/**
 * Parses one JSON value.
 *
 * Trust: nothing is believed about `bytes`; the cost is linear in `maxBytes`, depth and the number of values are bounded
 * before parsing.
 * Shape: UTF-8 without byte order mark, at most `maxBytes`, at most 32 levels, no more values than `maxValues` (a comma
 * or an opening bracket counts as one); no member twice, no `__proto__`,
 * `constructor` or `prototype`; numbers exactly as ECMAScript writes them (1e2, 100.0, -0 and 2^53+1 are refused);
 * no lone surrogates.
 * Throws: ERR_JSON_SIZE, ERR_JSON_FORM, ERR_JSON_DUPLICATE_KEY.
 * Source: RFC 8259, sections 2-8; ECMA-262, section 6.1.6.1.20 (Number::toString).
 */
export function parseJson(bytes: Uint8Array, maxBytes: number, maxValues = Infinity): unknown {
  if (bytes.length > maxBytes) {
    throw new CodedError('ERR_JSON_SIZE', `more than ${maxBytes} bytes of JSON`, {
      details: { maxBytes },
    })
  }
  const text = decodeUtf8(bytes)
  scan(text, maxValues)
  return parseGrammar(text, 0)
}

function decodeUtf8(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch {
    throw formError('not UTF-8', 0)
  }
}

/** The grammar itself is left to `JSON.parse`; its message may quote the text, so it is dropped. */
function parseGrammar(text: string, offset: number): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw formError('not JSON', offset)
  }
}

/** One pass over the tokens for everything that `JSON.parse` lets through. */
function scan(text: string, maxValues: number): void {
  const open: (Set<string> | undefined)[] = []
  let valueCount = 1
  let at = 0
  while (at < text.length) {
    const code = text.charCodeAt(at)
    if (BEFORE_VALUES.has(code)) valueCount += 1
    if (valueCount > maxValues) throw countError(maxValues)
    if (code === QUOTE) {
      at = scanString(text, at, open.at(-1))
    } else if (code === 0x7b || code === 0x5b) {
      open.push(code === 0x7b ? new Set() : undefined)
      if (open.length > MAX_JSON_DEPTH) throw formError('too deep', at)
      at += 1
    } else if (code === 0x7d || code === 0x5d) {
      open.pop()
      at += 1
    } else {
      at = scanOther(text, at)
    }
  }
}

/** Passes one string; when a colon follows it is a member name of the innermost object. */
function scanString(text: string, from: number, names: Set<string> | undefined): number {
  const end = endOfString(text, from)
  const raw = text.slice(from, end)
  const value = raw.includes('\\') ? String(parseGrammar(raw, from)) : raw.slice(1, -1)
  if (!value.isWellFormed()) throw formError('lone surrogate', from)
  const next = endOf(SPACE, text, end)
  if (names === undefined || text[next] !== ':') return next
  if (FORBIDDEN_NAMES.has(value)) throw formError('forbidden member name', from)
  if (names.has(value)) {
    throw new CodedError('ERR_JSON_DUPLICATE_KEY', 'a member is named twice', {
      details: { name: value.slice(0, 64), offset: from },
    })
  }
  names.add(value)
  return next
}

function endOfString(text: string, from: number): number {
  for (let at = from + 1; at < text.length; at += 1) {
    const code = text.charCodeAt(at)
    if (code === BACKSLASH) at += 1
    else if (code === QUOTE) return at + 1
  }
  throw formError('unfinished string', from)
}

/** Passes white space, punctuation, a literal or a number. */
function scanOther(text: string, from: number): number {
  const end = endOf(SCALAR, text, from)
  if (end === from) return from + 1
  const token = text.slice(from, end)
  if (!LITERALS.has(token) && String(Number(token)) !== token) {
    throw formError('a number must be written as ECMAScript writes it', from)
  }
  return end
}

function endOf(pattern: RegExp, text: string, from: number): number {
  pattern.lastIndex = from
  return pattern.test(text) ? pattern.lastIndex : from
}

function countError(maxValues: number): CodedError<JsonErrorCode> {
  return new CodedError('ERR_JSON_SIZE', `more than ${maxValues} values of JSON`, {
    details: { maxValues },
  })
}

function formError(why: string, offset: number): CodedError<JsonErrorCode> {
  return new CodedError('ERR_JSON_FORM', `unacceptable JSON: ${why}`, { details: { why, offset } })
}

/**
 * Writes a value as canonical JSON: members sorted by UTF-16 code unit, no white space, numbers as ECMAScript does.
 * What it writes, `parseJson` takes. Members that are undefined are dropped; negative zero becomes 0.
 *
 * Throws: ERR_JSON_VALUE for anything that is not plain JSON data (class instances, `toJSON`, NaN, lone surrogates,
 * forbidden member names, more than 32 levels, cycles).
 * Source: RFC 8785, section 3.2.
 */
export function encodeJson(value: unknown): Uint8Array {
  return new TextEncoder().encode(write(value, 0))
}

function write(value: unknown, depth: number): string {
  if (value === null || typeof value === 'boolean') return String(value)
  if (typeof value === 'string') return writeString(value)
  if (typeof value === 'number') return writeNumber(value)
  if (typeof value !== 'object') throw valueError(`a ${typeof value} is not JSON`)
  if (depth === MAX_JSON_DEPTH) throw valueError('too deep')
  return Array.isArray(value) ? writeArray(value, depth + 1) : writeObject(value, depth + 1)
}

function writeString(value: string): string {
  if (!value.isWellFormed()) throw valueError('lone surrogate')
  return JSON.stringify(value)
}

function writeNumber(value: number): string {
  if (!Number.isFinite(value)) throw valueError('not a finite number')
  return String(value)
}

function writeArray(value: readonly unknown[], depth: number): string {
  // Array.from visits holes, which map() would skip.
  return `[${Array.from(value, (item) => write(item, depth)).join(',')}]`
}

function writeObject(value: object, depth: number): string {
  if (!isPlain(value)) throw valueError('not a plain object')
  const members: string[] = []
  for (const name of Object.keys(value).sort()) {
    const member: unknown = (value as Record<string, unknown>)[name]
    if (member === undefined) continue
    if (FORBIDDEN_NAMES.has(name)) throw valueError('forbidden member name')
    members.push(`${writeString(name)}:${write(member, depth)}`)
  }
  return `{${members.join(',')}}`
}

/** Plain objects of any realm: their prototype is none, or itself has none. */
function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === null || Object.getPrototypeOf(prototype) === null
}

function valueError(why: string): CodedError<JsonErrorCode> {
  return new CodedError('ERR_JSON_VALUE', `cannot be written as JSON: ${why}`, { details: { why } })
}
