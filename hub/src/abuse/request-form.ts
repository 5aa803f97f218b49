// SPDX-License-Identifier: Apache-2.0
/** The one form in which the hub takes a request line and headers, so that nothing before it can read them otherwise. */
import { CodedError } from '@sallyport/sdk'
import type { IncomingMessage } from 'node:http'

/** Headers of which two would leave open which one counts. */
const ONCE: readonly string[] = [
  'authorization',
  'content-encoding',
  'content-length',
  'content-type',
  'dpop',
  'expect',
  'host',
  'transfer-encoding',
]

const HOST = /^[A-Za-z0-9._-]+(:[0-9]{1,5})?$|^\[[0-9A-Fa-f:.]+\](:[0-9]{1,5})?$/
const TARGET = /^\/[!-~]*$/
const ESCAPE = /%(.{0,2})/g
const HEX = /^[0-9A-Fa-f]{2}$/
/** What needs no escape in a path, and what would make another path of it. */
const NEVER_ESCAPED = /^[A-Za-z0-9._~/\\-]$|^[\0-\x1f\x7f-\xff]$/
const DOT_SEGMENT = /(^|\/)\.{1,2}(\/|$)/

/**
 * Expects a request in its one form: a path without detours, one host, one length.
 *
 * Trust: nothing of the request is believed. Whatever proxies, rules and logs before the hub make of a second spelling, the
 * hub has none.
 * Throws: ERR_HTTP for the headers, ERR_REQUEST_FORM for the path.
 * Source: RFC 9112, sections 3.2, 5.1 and 6.1; RFC 3986, section 6.2.
 */
export function expectForm(request: IncomingMessage): void {
  expectHeaders(request)
  const target = request.url ?? ''
  if (!TARGET.test(target)) throw new CodedError('ERR_HTTP', 'the target is not a path')
  const path = target.split('?', 1)[0] ?? ''
  if (DOT_SEGMENT.test(path)) throw pathForm()
  for (const [, digits = ''] of path.matchAll(ESCAPE)) {
    if (!HEX.test(digits)) throw new CodedError('ERR_HTTP', 'the path is not a path')
    if (NEVER_ESCAPED.test(String.fromCharCode(Number.parseInt(digits, 16)))) throw pathForm()
  }
}

function expectHeaders({ headers, rawHeaders }: IncomingMessage): void {
  const { host, 'transfer-encoding': encoding } = headers
  if (host === undefined) throw new CodedError('ERR_HTTP', 'the request names no host')
  if (!HOST.test(host)) throw new CodedError('ERR_HTTP', 'the host is not the name of one')
  const names = rawHeaders.filter((_, index) => index % 2 === 0).map((name) => name.toLowerCase())
  for (const name of ONCE) {
    if (names.indexOf(name) !== names.lastIndexOf(name)) {
      throw new CodedError('ERR_HTTP', `${name} is there twice`)
    }
  }
  if (encoding !== undefined && encoding.toLowerCase() !== 'chunked') {
    throw new CodedError('ERR_HTTP', 'the transfer encoding is not taken here')
  }
}

function pathForm(): CodedError {
  return new CodedError('ERR_REQUEST_FORM', 'path: it has another spelling than its own')
}
