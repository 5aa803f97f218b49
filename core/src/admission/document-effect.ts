// SPDX-License-Identifier: Apache-2.0
/** What a document that is no job counts as where signatures are counted. */
import { documents, type DocumentKind, type Isolation } from '../protocol/index.ts'
import type { Signed } from './check-signatures.ts'

/** Kinds that only forbid. */
const FORBIDDING: readonly string[] = [documents.revocation.name, documents.cancellation.name]

/**
 * The type and the effect of a document, for thresholds: `sallyport/<kind>` and `change`, or `read` where it only forbids.
 *
 * Why: whoever may look may also say stop, so that nobody waits for a second signature in an emergency.
 */
export function signedAs(
  kind: Pick<DocumentKind<unknown>, 'name'>,
  document: unknown,
): Pick<Signed, 'jobType' | 'effect'> {
  return {
    jobType: `sallyport/${kind.name}`,
    effect: isForbidding(kind.name, document) ? 'read' : 'change',
  }
}

function isForbidding(name: string, document: unknown): boolean {
  if (name === documents.isolation.name) return (document as Isolation).isIsolated
  return FORBIDDING.includes(name)
}
