// SPDX-License-Identifier: Apache-2.0
/** Cursors: where a page ended. Opaque to clients; a text that we would not have written is refused. */
import {
  Id,
  decodeBase64url,
  encodeBase64url,
  encodeJson,
  parseJson,
} from '@sallyport/core/protocol'
import { CodedError } from '@sallyport/sdk'
import { z } from 'zod'

/** The last row of a page: its time, then its id. */
export interface Position {
  readonly atMs: number
  readonly id: string
}

/** Last instant that RFC 3339 can write. Units: epoch milliseconds. */
const LAST_INSTANT_MS = Date.UTC(9999, 11, 31, 23, 59, 59, 999)
const MAX_CURSOR_BYTES = 128

const Form = z.tuple([z.int().min(0).max(LAST_INSTANT_MS), Id])

/** Writes a cursor. */
export function encodeCursor({ atMs, id }: Position): string {
  return encodeBase64url(encodeJson([atMs, id]))
}

/** Reads a cursor. Throws: ERR_CURSOR. */
export function decodeCursor(cursor: string): Position {
  const form = Form.safeParse(readJson(cursor))
  if (!form.success) throw refuse()
  const position = { atMs: form.data[0], id: form.data[1] }
  if (encodeCursor(position) !== cursor) throw refuse()
  return position
}

function readJson(cursor: string): unknown {
  try {
    return parseJson(decodeBase64url(cursor), MAX_CURSOR_BYTES)
  } catch (cause) {
    throw refuse(cause)
  }
}

function refuse(cause?: unknown): CodedError<'ERR_CURSOR'> {
  return new CodedError('ERR_CURSOR', 'this cursor is not one of ours', { cause })
}
