// SPDX-License-Identifier: Apache-2.0
/** No operator has revoked the plugin, the bundle or the publisher since the approval was issued. */
import { epochMs, instantOf, type Approval } from '../protocol/index.ts'
import { ask, pass, refuse, type Checked } from './checked.ts'
import type { RevocationStore } from './ports.ts'

/**
 * Checks that an approval is not void.
 *
 * Time: what was issued at the very instant of the revocation is void too.
 * Why by the issue of the approval and not by its arrival: a hub may hold it back until after the revocation.
 */
export function checkRevoked(
  approval: Pick<Approval, 'plugin' | 'publisher' | 'issuedAt'>,
  store: RevocationStore,
): Checked<true> {
  const { name, digest } = approval.plugin
  const newest = ask(() =>
    store.newest({ plugin: name, digest, publisherKey: approval.publisher.key }),
  )
  if (!newest.ok) return newest
  const revocation = newest.value
  if (revocation === undefined || epochMs(approval.issuedAt) > revocation.issuedAtMs) {
    return pass(true)
  }
  const { revocationId, subject, why } = revocation
  const revokedAt = instantOf(revocation.issuedAtMs)
  return refuse('revoked', { plugin: name, revocationId, subject, why, revokedAt })
}
