// SPDX-License-Identifier: Apache-2.0
/** Segments of a route: plain text, one parameter, or both in turn; how each is written, read and held against a job. */
import { HANDLE_NAME } from './plugin.ts'
import type { Resources } from './resources.ts'

/** A part of a segment that takes a value. Without a grammar it is bound to the job's resource of its name. */
export interface RouteParameter {
  readonly name: string
  readonly grammar: SegmentGrammar | 'resource'
}

/** A part of a segment: text that must stand there, or a parameter. */
export type RoutePiece = { readonly literal: string } | RouteParameter

/** What one segment of a route takes. Between two parameters of one segment there is always text. */
export type RouteSegment = RoutePiece | { readonly pieces: readonly RoutePiece[] }

/** The name of a grammar. */
export type SegmentGrammar = 'account' | 'id' | 'number' | 'uuid' | 'hex' | 'text' | 'segment'

/** What a request brings for one parameter. */
export interface BroughtValue extends RouteParameter {
  readonly value: string
}

const MAX_TEXT_LENGTH = 256

/**
 * Grammars of parameters that are no resource. `text` may hold encoded slashes; `segment` is a text without them;
 * `account` is one of Proxmox, `root@pam` or `name@realm!token`.
 */
const GRAMMARS: Readonly<Record<SegmentGrammar, RegExp>> = {
  account: /^(?=.{3,192}$)[A-Za-z0-9_][A-Za-z0-9._@!-]*@[A-Za-z0-9][A-Za-z0-9._!-]*$/,
  id: /^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/,
  number: /^(?:0|[1-9][0-9]{0,17})$/,
  uuid: /^[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}$/,
  hex: /^[0-9A-Fa-f]{1,128}$/,
  text: /^[^]{1,256}$/u,
  segment: /^[^/]{1,256}$/u,
}

const LITERAL = /^[A-Za-z0-9._~:@!$&'()*+,;=-]+$/
const PARAMETER = /^\{([^{}:]*)(?::([^{}:]*))?\}$/

/** What some service takes for `.`, `..` or nothing: also with white space around it or parameters behind it. */
const MOVING = /^\s*\.{0,2}\s*(?:;.*)?$/u

/** Control, format, private and unassigned characters, lone surrogates, and what ends a line. */
const UNPRINTABLE = /[\p{C}\p{Zl}\p{Zp}]/u

/**
 * Reads one segment of a route.
 *
 * Throws: TypeError that says what is wrong, without the route's name.
 */
export function parseSegment(part: string): RouteSegment {
  if (MOVING.test(part)) throw new TypeError('it has an empty, . or .. segment')
  const pieces = part.split(/(\{[^{}]*\})/).filter((text) => text !== '')
  const read = pieces.map((piece) => parsePiece(piece, part))
  const isBeside = (piece: RoutePiece, at: number) =>
    'name' in piece && 'name' in (read[at + 1] ?? {})
  if (read.some(isBeside)) {
    throw new TypeError(`in ${JSON.stringify(part)} two parameters have no text between them`)
  }
  return read.length === 1 ? read[0]! : { pieces: read }
}

function parsePiece(piece: string, part: string): RoutePiece {
  const [, name, grammar = 'resource'] = PARAMETER.exec(piece) ?? []
  if (name === undefined) {
    if (LITERAL.test(piece)) return { literal: piece }
    throw new TypeError(`the segment ${JSON.stringify(part)} is not made of plain text and {name}`)
  }
  if (!HANDLE_NAME.test(name)) throw new TypeError(`{${name}} must match ${HANDLE_NAME}`)
  if (piece.endsWith(':resource}')) throw new TypeError('a resource says no grammar')
  if (grammar !== 'resource' && !Object.hasOwn(GRAMMARS, grammar)) {
    const known = Object.keys(GRAMMARS).join()
    throw new TypeError(`there is no grammar "${grammar}", only ${known}`)
  }
  return { name, grammar: grammar as SegmentGrammar | 'resource' }
}

/** The parts of a segment, in order. */
export function piecesOf(segment: RouteSegment): readonly RoutePiece[] {
  return 'pieces' in segment ? segment.pieces : [segment]
}

/**
 * What a decoded segment of a request brings for each parameter; undefined when its text is not the route's.
 *
 * Trust: there is one reading. A value ends where the text behind it first occurs, so it never holds that text; and
 * the reading stays the same for a service that folds compatibility forms or case before it looks for the text.
 * Source: Unicode Standard Annex 15, "Normalization Forms" (NFKC).
 */
export function readSegment(segment: RouteSegment, text: string): BroughtValue[] | undefined {
  const pieces = piecesOf(segment)
  const values = split(pieces, text)
  if (values === undefined || pieces.length === 1) return values
  const folded = split(
    pieces.map((piece) => ('literal' in piece ? { literal: fold(piece.literal) } : piece)),
    fold(text),
  )
  const isOneReading = values.every(({ value }, at) => folded?.[at]?.value === fold(value))
  return isOneReading ? values : undefined
}

/** Why one pass: the time is that of looking for each piece of text once, whatever stands in between. */
function split(pieces: readonly RoutePiece[], text: string): BroughtValue[] | undefined {
  const values: BroughtValue[] = []
  let at = 0
  for (const [index, piece] of pieces.entries()) {
    if ('literal' in piece) {
      if (!text.startsWith(piece.literal, at)) return undefined
      at += piece.literal.length
      continue
    }
    const next = pieces[index + 1]
    const end =
      next !== undefined && 'literal' in next ? text.indexOf(next.literal, at) : text.length
    if (end === -1) return undefined
    values.push({ ...piece, value: text.slice(at, end) })
    at = end
  }
  return at === text.length ? values : undefined
}

/** Why upper case: it is the same for a character wherever it stands, which lower case is not. */
function fold(text: string): string {
  return text.normalize('NFKC').toUpperCase()
}

/** A segment as it is sent: the route's own text, and the values encoded anew. */
export function writeSegment(segment: RouteSegment, values: readonly BroughtValue[]): string {
  let taken = 0
  return piecesOf(segment)
    .map((piece) => ('literal' in piece ? piece.literal : encodeText(values[taken++]!.value)))
    .join('')
}

/** Why a value may not stand where it does; undefined when it may. */
export function valueFault(
  { name, grammar, value }: BroughtValue,
  resources: Resources,
): string | undefined {
  if (grammar === 'resource') {
    const values = resources.get(name) ?? []
    if (!values.includes(value)) return `${JSON.stringify(value)} is no ${name} of this job`
  } else {
    const isSafe = grammar === 'text' || !value.normalize('NFKC').includes('/')
    if (!GRAMMARS[grammar].test(value) || !isSafe) {
      return `${JSON.stringify(value)} is no ${grammar} for {${name}}`
    }
  }
  const why = textFault(value)
  return why === undefined ? undefined : `${JSON.stringify(value)} for {${name}} ${why}`
}

/**
 * Why a value is in no path, whatever the route. Looked at as written and in compatibility form, because some services
 * fold characters before they look for separators.
 * Source: Unicode Standard Annex 15, "Normalization Forms" (NFKC).
 */
export function textFault(value: string): string | undefined {
  if (value.length > MAX_TEXT_LENGTH) return `is longer than ${MAX_TEXT_LENGTH}`
  if (UNPRINTABLE.test(value)) return 'holds an unprintable character'
  for (const text of [value, value.normalize('NFKC')]) {
    if (text.split('/').some((part) => MOVING.test(part))) return 'has an empty, . or .. part'
    if (text.includes('\\')) return 'holds a backslash'
    if (/%[0-9A-Fa-f]{2}/.test(text)) return 'is encoded twice'
  }
  return undefined
}

/** Why two characters stay: every service reads them alike, and names of tasks and snapshots stay readable. */
export function encodeText(value: string): string {
  return encodeURIComponent(value).replaceAll('%3A', ':').replaceAll('%40', '@')
}
