// SPDX-License-Identifier: Apache-2.0
/** The documents that may need more than one signature, and where each says its id and its end. */
import { documents, parseDocument } from '@sallyport/core/protocol'
import type { DocumentKind } from '@sallyport/core/protocol'

/** A document that was proposed, read. */
export interface ReadDocument {
  readonly kind: DocumentKind<unknown>
  readonly document: Readonly<Record<string, unknown>>
  readonly id: string
  readonly siteId: string
  readonly agentIds: readonly string[]
  readonly readers: readonly string[]
  readonly issuedAt: string
  /** Undefined where it does not end by itself. */
  readonly expiresAt: string | undefined
}

const ID_OF: Readonly<Record<string, string>> = {
  [documents.job.name]: 'jobId',
  [documents.approval.name]: 'approvalId',
  [documents.revocation.name]: 'revocationId',
  [documents.quarantineRelease.name]: 'releaseId',
  [documents.pin.name]: 'pinId',
  [documents.schedule.name]: 'scheduleId',
  [documents.scheduleOrder.name]: 'orderId',
  [documents.cancellation.name]: 'cancellationId',
  [documents.isolation.name]: 'isolationId',
  [documents.hubRestoration.name]: 'restorationId',
}

/** The kinds. */
export const PROPOSABLE: readonly DocumentKind<unknown>[] = Object.values(
  documents as Readonly<Record<string, DocumentKind<unknown>>>,
).filter(({ name }) => Object.hasOwn(ID_OF, name))

/**
 * Reads a payload of one of the kinds.
 *
 * Trust: the form is checked strictly, so what is shown of it is all there is.
 * Throws: ERR_DOCUMENT_FORM, ERR_JSON_….
 */
export function readProposable(kind: DocumentKind<unknown>, payload: Uint8Array): ReadDocument {
  const document = parseDocument(kind, payload) as Readonly<Record<string, unknown>>
  const text = (name: string): string => document[name] as string
  return {
    kind,
    document,
    id: text(ID_OF[kind.name]!),
    siteId: text('siteId'),
    agentIds: (document['agentIds'] as string[] | undefined) ?? [text('agentId')],
    readers: document['readers'] as string[],
    issuedAt: text('issuedAt'),
    expiresAt: document['expiresAt'] as string | undefined,
  }
}
