// SPDX-License-Identifier: Apache-2.0
/** The first check and the third step: bytes have the exact form of an envelope, a payload that of its kind. */
import { CodedError } from '@sallyport/sdk'
import {
  documents,
  maxEnvelopeBytes,
  parseDocument,
  parseEnvelope,
  type DocumentKind,
  type Envelope,
  type RefusalReason,
} from '../protocol/index.ts'
import { pass, refuse, type Checked } from './checked.ts'

const REASON_OF: Readonly<Record<string, RefusalReason>> = {
  ERR_JSON_DUPLICATE_KEY: 'duplicate_key',
  ERR_JSON_SIZE: 'too_large',
}

/**
 * Parses the bytes of an envelope.
 *
 * Trust: the payload is not parsed and nothing in the envelope is believed.
 * Shape: at most the size of the largest job or approval, with its signatures.
 */
export function checkForm(bytes: Uint8Array): Checked<Envelope> {
  const maxBytes = maxEnvelopeBytes(Math.max(documents.job.maxBytes, documents.approval.maxBytes))
  return refusingForm(() => parseEnvelope(bytes, maxBytes))
}

/**
 * Parses a payload whose signature holds.
 *
 * Trust: call it with verified bytes only; the document is what runs, and nothing outside it does.
 */
export function checkDocument<T>(kind: DocumentKind<T>, payload: Uint8Array): Checked<T> {
  return refusingForm(() => parseDocument(kind, payload))
}

function refusingForm<T>(parse: () => T): Checked<T> {
  try {
    return pass(parse())
  } catch (error) {
    if (!(error instanceof CodedError)) throw error
    const { code, details } = error as CodedError
    return refuse(REASON_OF[code] ?? 'malformed', { code, ...details })
  }
}
