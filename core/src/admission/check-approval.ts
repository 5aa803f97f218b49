// SPDX-License-Identifier: Apache-2.0
/** An operator approved this plugin for this agent, and the bytes held are the approved ones. */
import type { PluginManifest } from '@sallyport/sdk'
import { digestOf, openBundle, verifyEnvelope, type TrustStore } from '../crypto/index.ts'
import { documents, type Approval } from '../protocol/index.ts'
import { checkAddress, type Address } from './check-address.ts'
import { checkDocument, checkForm } from './check-form.ts'
import { checkWindow } from './check-window.ts'
import { ask, pass, refuse, type Checked } from './checked.ts'
import { ADMISSION_LIMITS } from './limits.ts'
import type { ApprovalStore, ApprovedPlugin, HighWaterClock } from './ports.ts'

/** What the check of an approval asks. */
export interface ApprovalPorts {
  readonly self: Address
  readonly trust: TrustStore
  readonly clock: HighWaterClock
  readonly approvals: ApprovalStore
}

/**
 * Finds the approved plugin of a job.
 *
 * Trust: approval and bundle come from disk; signature, address, window and digest are checked here at every job.
 */
export function checkApproval(
  pluginName: string,
  nowMs: number,
  ports: ApprovalPorts,
): Checked<ApprovedPlugin> {
  const held = ask(() => ports.approvals.find(pluginName, nowMs))
  if (!held.ok) return held
  if (held.value === undefined) return refuse('not_approved', { plugin: pluginName })
  const verified = verifyApproval(held.value.approval, ports)
  if (!verified.ok)
    return refuse('not_approved', { plugin: pluginName, why: verified.refusal.reason })
  const { approval } = verified.value
  if (approval.plugin.name !== pluginName) return refuse('not_approved', { plugin: pluginName })
  return matchBundle(approval, held.value.bundle)
}

/** An approval whose signature, form, address and window hold. */
export interface VerifiedApproval {
  readonly approval: Approval
  /** SHA-256 of its signed payload. */
  readonly digest: string
  readonly signerKeyId: string
}

/** Checks an approval by itself: form, signature and role, address, window. */
export function verifyApproval(
  envelopeBytes: Uint8Array,
  ports: Omit<ApprovalPorts, 'approvals'>,
): Checked<VerifiedApproval> {
  const envelope = checkForm(envelopeBytes)
  if (!envelope.ok) return envelope
  const verified = verifyEnvelope(envelope.value, documents.approval, ports.trust)
  if (!verified.ok) return verified
  const approval = checkDocument(documents.approval, verified.payload)
  if (!approval.ok) return approval
  const address = checkAddress(approval.value, ports.self)
  if (!address.ok) return address
  const window = { ...approval.value, notBefore: approval.value.issuedAt }
  const time = checkWindow(window, ADMISSION_LIMITS.maxApprovalLifetimeMs, ports.clock)
  if (!time.ok) return time
  return pass({
    approval: approval.value,
    digest: verified.digest,
    signerKeyId: verified.signer.keyId,
  })
}

/** Checks that bytes are the bundle an approval names. */
export function matchBundle(
  approval: Approval,
  bundle: Uint8Array | undefined,
): Checked<ApprovedPlugin> {
  const { name, version, digest } = approval.plugin
  if (bundle === undefined) return refuse('digest_mismatch', { plugin: name, held: 'nothing' })
  const heldDigest = digestOf(bundle)
  if (heldDigest !== digest) return refuse('digest_mismatch', { plugin: name, heldDigest })
  const manifest = manifestIn(digest, bundle)
  if (manifest?.name !== name || manifest.version !== version) {
    return refuse('digest_mismatch', { plugin: name, why: 'the manifest names another plugin' })
  }
  return pass({ approvalId: approval.approvalId, name, version, digest, manifest, bundle })
}

const MAX_REMEMBERED = 32
const manifests = new Map<string, PluginManifest>()

/** The manifest of verified bytes. Why: parsing is a pure function of the digest, so it is remembered under it. */
function manifestIn(digest: string, bundle: Uint8Array): PluginManifest | undefined {
  const known = manifests.get(digest)
  if (known !== undefined) return known
  const parsed = ask(() => openBundle(bundle, digest).manifest)
  if (!parsed.ok) return undefined
  if (manifests.size >= MAX_REMEMBERED) manifests.clear()
  manifests.set(digest, parsed.value)
  return parsed.value
}
