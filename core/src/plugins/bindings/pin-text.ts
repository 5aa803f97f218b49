// SPDX-License-Identifier: Apache-2.0
/** How a pin is named in a lock, in a refusal and in the audit log. */
import { X509Certificate } from 'node:crypto'
import type { ServicePin } from './binding.ts'

/** The SHA-256 of the pinned certificate, `CA ` before that of an authority, else how the service is known. */
export function pinText(pin: ServicePin): string {
  if (pin.by === 'fingerprint') return pin.sha256.toLowerCase()
  if (pin.by !== 'ca') return pin.by
  return `CA ${new X509Certificate(pin.pem).fingerprint256.replaceAll(':', '').toLowerCase()}`
}
