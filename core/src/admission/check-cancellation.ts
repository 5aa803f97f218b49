// SPDX-License-Identifier: Apache-2.0
/** A cancellation by itself: form, signature and role, address, enough signers, and that it is not from the future. */
import { documents, type Cancellation } from '../protocol/index.ts'
import {
  checkOperatorDocument,
  type OperatorDocument,
  type SignedPorts,
} from './check-operator-document.ts'
import { checkBegun } from './check-window.ts'
import type { Checked } from './checked.ts'

/**
 * Checks a cancellation.
 *
 * Time: it is never too old; a job id has one effect at most, so nothing is gained by holding it back.
 */
export function verifyCancellation(
  envelope: Uint8Array,
  ports: SignedPorts,
): Checked<OperatorDocument<Cancellation>> {
  const opened = checkOperatorDocument(documents.cancellation, envelope, ports)
  if (!opened.ok) return opened
  const begun = checkBegun(opened.value.document.issuedAt, ports.clock)
  return begun.ok ? opened : begun
}
