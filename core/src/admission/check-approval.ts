// SPDX-License-Identifier: Apache-2.0
/** An approval by itself: form, signature and role, address, window. */
import { documents, type Approval } from '../protocol/index.ts'
import {
  checkOperatorDocument,
  type OperatorDocument,
  type SignedPorts,
} from './check-operator-document.ts'
import { checkWindow } from './check-window.ts'
import type { Checked } from './checked.ts'
import { ADMISSION_LIMITS } from './limits.ts'

/** An approval whose signature, form and address hold. */
export type VerifiedApproval = OperatorDocument<Approval>

/** Checks an approval by itself, its window included. */
export function verifyApproval(
  envelope: Uint8Array,
  ports: SignedPorts,
): Checked<VerifiedApproval> {
  const opened = openApproval(envelope, ports)
  if (!opened.ok) return opened
  const approval = opened.value.document
  const window = { ...approval, notBefore: approval.issuedAt }
  const time = checkWindow(window, ADMISSION_LIMITS.maxApprovalLifetimeMs, ports.clock)
  return time.ok ? opened : time
}

/** The same whatever the time: what an approval that has ended once said. */
export function openApproval(
  envelope: Uint8Array,
  ports: Omit<SignedPorts, 'clock'>,
): Checked<VerifiedApproval> {
  return checkOperatorDocument(documents.approval, envelope, ports)
}
