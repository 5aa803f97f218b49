// SPDX-License-Identifier: Apache-2.0
/** An order about a schedule by itself: form, signature and role, address, enough signers, not from the future. */
import { documents, type ScheduleOrder } from '../protocol/index.ts'
import {
  checkOperatorDocument,
  type OperatorDocument,
  type SignedPorts,
} from './check-operator-document.ts'
import { checkBegun } from './check-window.ts'
import type { Checked } from './checked.ts'

/**
 * Checks an order.
 *
 * Time: it is never too old; of several, the one issued last counts, so an order that was held back undoes no later one.
 */
export function verifyScheduleOrder(
  envelope: Uint8Array,
  ports: SignedPorts,
): Checked<OperatorDocument<ScheduleOrder>> {
  const opened = checkOperatorDocument(documents.scheduleOrder, envelope, ports)
  if (!opened.ok) return opened
  const begun = checkBegun(opened.value.document.issuedAt, ports.clock)
  return begun.ok ? opened : begun
}
