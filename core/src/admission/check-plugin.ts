// SPDX-License-Identifier: Apache-2.0
/** The second list: everything that must hold of a plugin before it may load, from the bytes this agent holds. */
import type { Approval } from '../protocol/index.ts'
import { verifyApproval } from './check-approval.ts'
import { matchBundle } from './check-bundle.ts'
import type { SignedPorts } from './check-operator-document.ts'
import { checkPermissions } from './check-permissions.ts'
import { checkPublication } from './check-publication.ts'
import { checkQuarantine } from './check-quarantine.ts'
import { checkRevoked } from './check-revoked.ts'
import { ask, because, pass, refuse, type Checked } from './checked.ts'
import type {
  ApprovalStore,
  ApprovedPlugin,
  HeldPlugin,
  QuarantineStore,
  RevocationStore,
} from './ports.ts'

/** What the check of a plugin asks. */
export interface ApprovalPorts extends SignedPorts {
  readonly approvals: ApprovalStore
  readonly revocations: RevocationStore
  readonly quarantine: QuarantineStore
}

/** Finds the plugin of a job, approved and fit to load. */
export function checkPlugin(pluginName: string, ports: ApprovalPorts): Checked<ApprovedPlugin> {
  const held = ask(() => ports.approvals.find(pluginName))
  if (!held.ok) return held
  if (held.value === undefined) return refuse('not_approved', { plugin: pluginName })
  return checkHeld({ ...held.value, name: pluginName }, ports)
}

/**
 * Checks an approval and a bundle as they lie on disk: approval, revocations, bundle, publication, permissions, quarantine.
 *
 * Trust: both are bytes that anyone may have written; nothing in them is used before the check that vouches for it.
 * Why: the operator's word comes first, because every later check holds something against it.
 */
export function checkHeld(
  held: HeldPlugin & { readonly name: string },
  ports: Omit<ApprovalPorts, 'approvals'>,
): Checked<ApprovedPlugin> {
  const verified = verifyApproval(held.approval, ports)
  if (!verified.ok) return because('not_approved', verified.refusal, { plugin: held.name })
  const approval = verified.value.document
  if (approval.plugin.name !== held.name) return refuse('not_approved', { plugin: held.name })
  const revoked = checkRevoked(approval, ports.revocations)
  if (!revoked.ok) return revoked
  const plugin = checkContent(approval, held.bundle, ports)
  if (!plugin.ok) return plugin
  const quarantine = checkQuarantine(approval.plugin, ports.quarantine)
  return quarantine.ok ? plugin : quarantine
}

/** Checks a bundle against a verified approval: digest, publication, permissions. */
export function checkContent(
  approval: Approval,
  bytes: Uint8Array | undefined,
  ports: Pick<SignedPorts, 'clock' | 'trust'>,
): Checked<ApprovedPlugin> {
  const bundle = matchBundle(approval, bytes)
  if (!bundle.ok) return bundle
  const { manifest } = bundle.value
  const publication = checkPublication(approval, bundle.value, ports)
  if (!publication.ok) return publication
  const permissions = checkPermissions(approval, manifest)
  if (!permissions.ok) return permissions
  const { approvalId, plugin, publisher, jobs } = approval
  return pass({ approvalId, ...plugin, publisher, jobs, manifest, bundle: bundle.value.bytes })
}
