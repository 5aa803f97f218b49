// SPDX-License-Identifier: Apache-2.0
/** Turns documents into the bytes that are signed, and signed bytes into documents. */
import { CodedError } from '@sallyport/sdk'
import type { z } from 'zod'
import { documents, type DocumentKind } from './documents.ts'
import { encodeJson, parseJson } from './json.ts'

const kindsByPayloadType: ReadonlyMap<string, DocumentKind<unknown>> = new Map(
  Object.values(documents).map((kind) => [kind.payloadType, kind]),
)

/**
 * Writes a document as canonical JSON, after checking that its reader would take it.
 *
 * Throws: ERR_DOCUMENT_FORM, ERR_JSON_VALUE, ERR_JSON_SIZE.
 */
export function encodeDocument<T>(kind: DocumentKind<T>, document: T): Uint8Array {
  const bytes = encodeJson(checkForm(kind, document))
  if (bytes.length > kind.maxBytes) {
    throw new CodedError('ERR_JSON_SIZE', `a ${kind.name} may have ${kind.maxBytes} bytes`, {
      details: { kind: kind.name, maxBytes: kind.maxBytes },
    })
  }
  return bytes
}

/**
 * Reads a document from bytes whose signature has been verified.
 *
 * Trust: unknown members, missing members and members of another shape are refused; nothing is coerced.
 * Throws: ERR_DOCUMENT_FORM, ERR_JSON_SIZE, ERR_JSON_FORM, ERR_JSON_DUPLICATE_KEY.
 */
export function parseDocument<T>(kind: DocumentKind<T>, bytes: Uint8Array): T {
  return checkForm(kind, parseJson(bytes, kind.maxBytes))
}

/** The kind of a payload type, if it is one of ours. */
export function documentKindOf(payloadType: string): DocumentKind<unknown> | undefined {
  return kindsByPayloadType.get(payloadType)
}

function checkForm<T>(kind: DocumentKind<T>, value: unknown): T {
  const checked = kind.schema.safeParse(value)
  if (checked.success) return checked.data
  const { path, why } = describeIssue(checked.error)
  throw new CodedError('ERR_DOCUMENT_FORM', `not a ${kind.name}: ${path || 'root'}: ${why}`, {
    details: { kind: kind.name, path, why },
  })
}

/** The first thing a schema minds: where, and why. Cut to a length that may be logged. */
export function describeIssue(error: z.ZodError): { path: string; why: string } {
  const issue = error.issues[0]!
  return { path: issue.path.join('.').slice(0, 256), why: issue.message.slice(0, 256) }
}
