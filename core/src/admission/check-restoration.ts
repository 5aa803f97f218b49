// SPDX-License-Identifier: Apache-2.0
/** An operator's word that the hub was restored: signed for this agent, and valid now. */
import { documents, type HubRestoration } from '../protocol/index.ts'
import {
  checkOperatorDocument,
  type OperatorDocument,
  type SignedPorts,
} from './check-operator-document.ts'
import { checkWindow } from './check-window.ts'
import type { Checked } from './checked.ts'
import { ADMISSION_LIMITS } from './limits.ts'

/** Checks it by itself, its window included. */
export function verifyRestoration(
  envelope: Uint8Array,
  ports: SignedPorts,
): Checked<OperatorDocument<HubRestoration>> {
  const opened = checkOperatorDocument(documents.hubRestoration, envelope, ports)
  if (!opened.ok) return opened
  const { document } = opened.value
  const window = { ...document, notBefore: document.issuedAt }
  const time = checkWindow(window, ADMISSION_LIMITS.maxRestorationLifetimeMs, ports.clock)
  return time.ok ? opened : time
}
