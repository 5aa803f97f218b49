// SPDX-License-Identifier: Apache-2.0
/** A release from quarantine: signed for this agent, valid now, and issued for the quarantine that stands. */
import { documents, epochMs, instantOf, type QuarantineRelease } from '../protocol/index.ts'
import {
  checkOperatorDocument,
  type OperatorDocument,
  type SignedPorts,
} from './check-operator-document.ts'
import { checkWindow } from './check-window.ts'
import { ask, refuse, type Checked } from './checked.ts'
import { ADMISSION_LIMITS } from './limits.ts'
import type { QuarantineStore } from './ports.ts'

/**
 * Checks a release.
 *
 * Time: one that was issued before the quarantine began does not lift it, as far as two clocks can tell.
 * Why: a hub that held a release back could otherwise lift the next quarantine with it.
 */
export function verifyRelease(
  envelope: Uint8Array,
  ports: SignedPorts & { readonly quarantine: QuarantineStore },
): Checked<OperatorDocument<QuarantineRelease>> {
  const opened = checkOperatorDocument(documents.quarantineRelease, envelope, ports)
  if (!opened.ok) return opened
  const release = opened.value.document
  const window = { ...release, notBefore: release.issuedAt }
  const time = checkWindow(window, ADMISSION_LIMITS.maxReleaseLifetimeMs, ports.clock)
  if (!time.ok) return time
  const found = ask(() => ports.quarantine.find(release.plugin.digest))
  if (!found.ok) return found
  const sinceMs = found.value?.sinceMs ?? Number.NEGATIVE_INFINITY
  if (epochMs(release.issuedAt) + ADMISSION_LIMITS.maxSkewMs < sinceMs) {
    const why = 'it was issued before the quarantine began'
    return refuse('expired', { why, since: instantOf(sinceMs) })
  }
  return opened
}
