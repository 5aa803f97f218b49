// SPDX-License-Identifier: Apache-2.0
/** An approval's way: verify it, fetch the bundle it names, check the bytes, keep both. */
import {
  checkContent,
  checkLabel,
  checkRevoked,
  checkUpgrade,
  verifyApproval,
  type ApprovalPorts,
} from '../admission/index.ts'
import type { Refusal } from '../protocol/index.ts'
import type { Journal } from './ports.ts'
import type { Receipt, Recorder } from './recorder.ts'

/** Where bundles come from. Trust: the bytes are anyone's until their digest is checked. */
export interface BundleSource {
  /** The bytes, or undefined when the source does not have them. */
  fetch(digest: string): Promise<Uint8Array | undefined>
}

/** What taking an approval needs. */
export interface AcceptPorts {
  readonly admission: ApprovalPorts
  readonly journal: Journal
  readonly bundles: BundleSource
}

/**
 * Takes an approval and the bundle it names, or refuses it.
 *
 * Throws: the bundle source's errors; nothing is kept then and the hub will deliver again.
 */
export async function acceptApproval(
  envelope: Uint8Array,
  receipt: Receipt,
  recorder: Recorder,
  ports: AcceptPorts,
): Promise<void> {
  const refuse = (refusal: Refusal): void =>
    recorder.recordRefusal(
      receipt,
      { admitted: false, refusal, checksPassedCount: 0 },
      'approval.refused',
    )

  const verified = verifyApproval(envelope, ports.admission)
  if (!verified.ok) return refuse(verified.refusal)
  const { approval, digest } = verified.value
  const label = checkLabel(approval.approvalId, receipt.envelopeId)
  if (!label.ok) return refuse(label.refusal)
  const bundle = await ports.bundles.fetch(approval.plugin.digest)
  // Why after the fetch: what is held may have changed while it was under way, and nothing comes between this and the record.
  const revoked = checkRevoked(approval, ports.admission.revocations)
  if (!revoked.ok) return refuse(revoked.refusal)
  const upgrade = checkUpgrade(approval, ports.admission)
  if (!upgrade.ok) return refuse(upgrade.refusal)
  const plugin = checkContent(approval, bundle, ports.admission.clock)
  if (!plugin.ok) return refuse(plugin.refusal)
  recorder.recordApproval(receipt, { approval, digest, envelope, bundle: plugin.value.bundle })
}
