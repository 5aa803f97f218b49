// SPDX-License-Identifier: Apache-2.0
/** An order to isolate an agent or to lift that: signed for this agent, not from the future, and newer than what stands. */
import { documents, epochMs, instantOf, type Isolation } from '../protocol/index.ts'
import {
  checkOperatorDocument,
  type OperatorDocument,
  type SignedPorts,
} from './check-operator-document.ts'
import { checkBegun } from './check-window.ts'
import { pass, refuse, type Checked } from './checked.ts'
import type { IsolationWord } from './ports.ts'

/** Checks an order by itself. */
export function verifyIsolation(
  envelope: Uint8Array,
  ports: SignedPorts,
): Checked<OperatorDocument<Isolation>> {
  const opened = checkOperatorDocument(documents.isolation, envelope, ports)
  if (!opened.ok) return opened
  const begun = checkBegun(opened.value.document.issuedAt, ports.clock)
  return begun.ok ? opened : begun
}

/**
 * Holds an order against what was said last.
 *
 * Time: of two orders the one issued later counts, and of two at the same instant the one that isolates.
 * Why: a hub that held a lift back could otherwise undo the next isolation with it.
 */
export function checkIsolation(
  order: Pick<Isolation, 'isIsolated' | 'issuedAt'>,
  last: IsolationWord | undefined,
): Checked<true> {
  if (last === undefined) return pass(true)
  const laterMs = epochMs(order.issuedAt) - last.issuedAtMs
  if (laterMs > 0 || (laterMs === 0 && order.isIsolated)) return pass(true)
  const why = 'an order that was issued later stands'
  return refuse('expired', { why, issuedAt: instantOf(last.issuedAtMs) })
}
