// SPDX-License-Identifier: Apache-2.0
/** What a document that is no job counts as where signatures are counted. */
import { documents, type DocumentKind, type Isolation } from '../protocol/index.ts'
import type { Signed } from './check-signatures.ts'

/** Kinds that only forbid, and one that no job hangs on. */
const HARMLESS: readonly string[] = [
  documents.revocation.name,
  documents.cancellation.name,
  documents.hubRestoration.name,
]

/**
 * The type and the effect of a document, for thresholds: `sallyport/<kind>` and `change`, or `read` where it can do no harm.
 *
 * Why: whoever may look may also say stop, so that nobody waits for a second signature in an emergency.
 */
export function signedAs(
  kind: Pick<DocumentKind<unknown>, 'name'>,
  document: unknown,
): Pick<Signed, 'jobType' | 'effect'> {
  return {
    jobType: `sallyport/${kind.name}`,
    effect: isHarmless(kind.name, document) ? 'read' : 'change',
  }
}

function isHarmless(name: string, document: unknown): boolean {
  if (name === documents.isolation.name) return (document as Isolation).isIsolated
  return HARMLESS.includes(name)
}
