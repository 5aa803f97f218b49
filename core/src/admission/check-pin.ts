// SPDX-License-Identifier: Apache-2.0
/** A pin: signed for this agent, valid now, and newer than what stands of the binding it names. */
import { documents, epochMs, instantOf, type Pin } from '../protocol/index.ts'
import {
  checkOperatorDocument,
  type OperatorDocument,
  type SignedPorts,
} from './check-operator-document.ts'
import { checkWindow } from './check-window.ts'
import { pass, refuse, type Checked } from './checked.ts'
import { ADMISSION_LIMITS } from './limits.ts'

/** What stands of a binding that is spoken to over TLS. Units: epoch milliseconds. */
export interface StandingPin {
  /** How the service is known now. */
  readonly pinned: string
  /** When it was bound or locked, whichever came later, by the clock of this host. */
  readonly sinceMs: number
  /** When the signed pin that stands was issued, by the clock of its operator. */
  readonly pinIssuedAtMs: number
  readonly isLocked: boolean
}

/** Checks a pin by itself, its window included. */
export function verifyPin(
  envelope: Uint8Array,
  ports: SignedPorts,
): Checked<OperatorDocument<Pin>> {
  const opened = checkOperatorDocument(documents.pin, envelope, ports)
  if (!opened.ok) return opened
  const pin = opened.value.document
  const window = { ...pin, notBefore: pin.issuedAt }
  const time = checkWindow(window, ADMISSION_LIMITS.maxPinLifetimeMs, ports.clock)
  return time.ok ? opened : time
}

/**
 * Holds a pin against what stands.
 *
 * Time: of two pins the later issued counts. One that was issued before the binding was bound or locked does not count
 * either, as far as two clocks can tell.
 * Why: a hub that held a pin back could otherwise undo a newer one, or lift a lock that its operator knew nothing of.
 * Why the same one passes again: a crash may have come between the change and its record.
 */
export function checkPin(pin: Pin, standing: StandingPin | undefined): Checked<StandingPin> {
  const { plugin, binding, sha256 } = pin
  if (standing === undefined) {
    const why = 'nothing is bound to it that is spoken to over TLS'
    return refuse('not_bound', { plugin, name: binding, why })
  }
  const issuedAtMs = epochMs(pin.issuedAt)
  const isSame = issuedAtMs === standing.pinIssuedAtMs && sha256 === standing.pinned
  if (issuedAtMs <= standing.pinIssuedAtMs && !isSame) {
    const why = 'a pin that was issued later stands'
    return refuse('expired', { why, since: instantOf(standing.pinIssuedAtMs) })
  }
  if (issuedAtMs + ADMISSION_LIMITS.maxSkewMs < standing.sinceMs) {
    const why = 'it was issued before the binding was bound or locked'
    return refuse('expired', { why, since: instantOf(standing.sinceMs) })
  }
  return pass(standing)
}
