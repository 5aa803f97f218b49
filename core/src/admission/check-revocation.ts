// SPDX-License-Identifier: Apache-2.0
/** A revocation by itself: form, signature and role, address, and that it is not from the future. */
import { documents, type Revocation } from '../protocol/index.ts'
import {
  checkOperatorDocument,
  type OperatorDocument,
  type SignedPorts,
} from './check-operator-document.ts'
import { checkBegun } from './check-window.ts'
import type { Checked } from './checked.ts'

/**
 * Checks a revocation.
 *
 * Time: it is never too old, so that a hub gains nothing by holding it back.
 */
export function verifyRevocation(
  envelope: Uint8Array,
  ports: SignedPorts,
): Checked<OperatorDocument<Revocation>> {
  const opened = checkOperatorDocument(documents.revocation, envelope, ports)
  if (!opened.ok) return opened
  const begun = checkBegun(opened.value.document.issuedAt, ports.clock)
  return begun.ok ? opened : begun
}
