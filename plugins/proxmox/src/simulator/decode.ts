// SPDX-License-Identifier: GPL-3.0-or-later
/** Reads a request as pveproxy reads it: path, query and body become one operation path and raw parameters. */
import { Buffer } from 'node:buffer'
import type { SimRequest } from './contract.ts'
import type { RawParam, RawParams } from './schema/types.ts'

/** Ways in which an answer can be written. */
export type Format = 'json' | 'extjs'

/** Where a request goes. */
export interface Target {
  readonly format: Format
  /** Decoded, without `/api2/json`: `/nodes/pve1/status`. */
  readonly path: string
  /** Its parts. */
  readonly segments: readonly string[]
  readonly query: RawParams
}

/** A refusal by the HTTP layer itself: its text is the status line and the whole body. */
export class WireRefusal extends Error {
  readonly status: number

  constructor(status: number, message: string) {
    super(message)
    this.status = status
  }
}

/** The largest body. Source: pve-http-server, `AnyEvent.pm`. */
const MAX_BODY_BYTES = 512 * 1024
const MAX_HEADER_LINES = 64
const MAX_HEADER_BYTES = 8 * 1024

const METHODS = ['GET', 'POST', 'PUT', 'DELETE']
const FORM = 'application/x-www-form-urlencoded'
const JSON_TYPE = 'application/json'

/** Whether the head of a request is larger than pveproxy reads; it then closes the connection. */
export function isHeadTooLarge({ method, target, headers }: SimRequest): boolean {
  const lines = Object.entries(headers)
  const bytes = lines.reduce((sum, [name, value]) => sum + name.length + value.length + 4, 0)
  return (
    lines.length >= MAX_HEADER_LINES || bytes + method.length + target.length > MAX_HEADER_BYTES
  )
}

/**
 * Finds out where a request goes.
 *
 * Throws: WireRefusal for what the HTTP layer does not take.
 */
export function decodeTarget({ method, target, headers }: SimRequest): Target {
  if (!METHODS.includes(method)) throw new WireRefusal(501, `method '${method}' not available`)
  if (/chunked/i.test(headers['transfer-encoding'] ?? '')) {
    throw new WireRefusal(501, 'chunked transfer encoding not supported')
  }
  const [rawPath = '', ...queries] = target.split('?')
  const whole = fromPercent(rawPath)
  const found = /^\/api2\/(json|extjs)(\/.*)?$/s.exec(whole)
  if (found === null) throw new WireRefusal(501, `no such file '${whole}'`)
  const segments = (found[2] ?? '').replace(/^\/+|\/+$/g, '').split('/')
  return {
    format: found[1] as Format,
    path: `/${segments.join('/')}`,
    segments: segments.filter((segment, index) => segment !== '' || index > 0),
    query: fromForm(queries.join('?')),
  }
}

/**
 * Reads the body of a request and lays the query over it.
 *
 * Throws: WireRefusal for bodies that the method or the HTTP layer does not take.
 */
export function decodeParams(request: SimRequest, query: RawParams): RawParams {
  const { method, headers, body } = request
  const length = Math.max(body.length, Number(headers['content-length'] ?? 0) || 0)
  if (method === 'GET' || method === 'DELETE') {
    if (length > 0) throw new WireRefusal(501, `Unexpected content for method '${method}'`)
    return query
  }
  if (length > MAX_BODY_BYTES) throw new WireRefusal(501, 'for data too large')
  const given = headers['content-type'] ?? ''
  const type = given.split(';')[0]!.trim().toLowerCase()
  const text = Buffer.from(body).toString('utf8')
  if (type === JSON_TYPE) return { ...fromJson(text), ...query }
  if (type === '' || type === FORM) return { ...fromForm(text), ...query }
  throw new WireRefusal(506, `upload 'Content-Type '${given}' not implemented`)
}

/** `%2F` becomes `/`; what is no escape stays. */
export function fromPercent(text: string): string {
  const bytes = text.replace(/%([0-9a-fA-F]{2})|[^\0-\x7f]/g, (found, hex: string | undefined) =>
    hex === undefined
      ? Buffer.from(found, 'utf8').toString('latin1')
      : String.fromCharCode(Number.parseInt(hex, 16)),
  )
  return Buffer.from(bytes, 'latin1').toString('utf8')
}

/** A form: `&` and `;` separate, `+` is a space, and a name that comes again makes a list. */
function fromForm(text: string): RawParams {
  const params = new Map<string, string | string[]>()
  for (const pair of text.split(/[&;]/)) {
    const [rawName = '', rawValue] = pair.split('=')
    if (rawName === '' || rawValue === undefined) continue
    const name = fromPercent(rawName.replaceAll('+', ' '))
    const value = fromPercent(rawValue.replaceAll('+', ' '))
    const old = params.get(name)
    params.set(name, old === undefined ? value : [old, value].flat())
  }
  return Object.fromEntries(params)
}

/** An object within a parameter becomes text: no schema takes one. */
function fromJson(text: string): RawParams {
  try {
    const value: unknown = text === '' ? {} : JSON.parse(text)
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
      return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, rawOf(each)]))
    }
  } catch {
    // Refused below as everything else that is no object.
  }
  throw new WireRefusal(501, 'malformed JSON string, neither tag, array, object, number, string')
}

function rawOf(value: unknown): RawParam {
  if (Array.isArray(value)) return value.map((each) => rawOf(each)) as RawParam
  return typeof value === 'object' && value !== null ? JSON.stringify(value) : (value as RawParam)
}
