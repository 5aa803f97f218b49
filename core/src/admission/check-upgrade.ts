// SPDX-License-Identifier: Apache-2.0
/** A new approval neither changes the publisher nor lowers the version of a plugin, unless the operator said so. */
import { compareVersions, type Approval } from '../protocol/index.ts'
import { openApproval } from './check-approval.ts'
import type { SignedPorts } from './check-operator-document.ts'
import { ask, pass, refuse, type Checked } from './checked.ts'
import type { ApprovalStore } from './ports.ts'

/**
 * Holds an approval against the one that stands for the same plugin.
 *
 * Trust: the one that stands counts by its signed bytes. One that nobody signed says nothing.
 * Time: one that has expired or was revoked still counts; the operator knew the plugin by it.
 */
export function checkUpgrade(
  approval: Approval,
  ports: SignedPorts & { readonly approvals: ApprovalStore },
): Checked<true> {
  const { plugin, publisher, overrides } = approval
  const held = ask(() => ports.approvals.find(plugin.name))
  if (!held.ok) return held
  const opened = held.value && openApproval(held.value.approval, ports)
  if (opened?.ok !== true) return pass(true)
  const standing = opened.value.document
  if (publisher.key !== standing.publisher.key && !overrides.includes('other_publisher')) {
    return refuse('other_publisher', { plugin: plugin.name, standing: standing.publisher })
  }
  const isLower = compareVersions(plugin.version, standing.plugin.version) < 0
  if (isLower && !overrides.includes('lower_version')) {
    const { version } = standing.plugin
    return refuse('lower_version', {
      plugin: plugin.name,
      standing: version,
      given: plugin.version,
    })
  }
  return pass(true)
}
