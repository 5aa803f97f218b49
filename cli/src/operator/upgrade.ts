// SPDX-License-Identifier: Apache-2.0
/** What an approval would take the place of, and what of that must be said to be meant. */
import { compareVersions } from '@sallyport/core/protocol'
import type { Approval } from '@sallyport/core/protocol'
import { EXIT } from '../output/exit-codes.ts'
import { Problem } from '../output/problem.ts'
import { fingerprint } from '../output/words.ts'
import { publisherKeyId } from '../publisher/identity.ts'
import type { PinnedAgent } from './agents.ts'
import type { ApprovalRecord } from './approvals.ts'

/** What an agent is known to hold of a plugin, and what of the change an operator must mean. */
export interface Upgrade {
  readonly agent: PinnedAgent
  /** The newest approval that the agent accepted from this operator. */
  readonly before: ApprovalRecord | undefined
  readonly needs: Approval['overrides']
}

/** What is about to be approved. */
export type Candidate = Pick<Approval, 'plugin' | 'publisher'>

/**
 * Holds a bundle against what an agent accepted last.
 *
 * Time: an approval that has expired or was revoked still counts; the operator knew the plugin by it. The agent decides
 * by the same rule.
 */
export function upgradeOf(
  agent: PinnedAgent,
  before: ApprovalRecord | undefined,
  { plugin, publisher }: Candidate,
): Upgrade {
  if (before === undefined) return { agent, before, needs: [] }
  const isOther = before.publisher.key !== publisher.key
  const isLower = compareVersions(plugin.version, before.plugin.version) < 0
  const needs: Approval['overrides'] = []
  if (isOther) needs.push('other_publisher')
  if (isLower) needs.push('lower_version')
  return { agent, before, needs }
}

/** Throws: `other_publisher` or `lower_version` when an upgrade needs a flag that was not given. */
export function expectMeant(
  upgrades: readonly Upgrade[],
  { plugin, publisher }: Candidate,
  given: Approval['overrides'],
): void {
  const other = wanting(upgrades, 'other_publisher', given)
  if (other.length > 0) {
    throw new Problem('other_publisher', `${plugin.name} is by another publisher than before`, {
      exit: EXIT.refused,
      details: {
        before: list(other, (before) => keyText(before.publisher)),
        'this one': keyText(publisher),
      },
      unharmed: 'Nothing was signed or sent.',
      remedy:
        'Ask both publishers over another channel; if the change is meant, say so: --allow-publisher.',
    })
  }
  const lower = wanting(upgrades, 'lower_version', given)
  if (lower.length === 0) return
  throw new Problem('lower_version', `${plugin.name} ${plugin.version} is lower than what stands`, {
    exit: EXIT.refused,
    details: { stands: list(lower, (before) => before.plugin.version) },
    unharmed: 'Nothing was signed or sent.',
    remedy: 'A lower version brings back its faults; if it is meant, say so: --allow-downgrade.',
  })
}

/** A publisher by name and key: `ada SHA256:q3Fh7Kb2`. */
export function keyText(publisher: Candidate['publisher']): string {
  return `${publisher.name} ${fingerprint(publisherKeyId(publisher))}`
}

function wanting(
  upgrades: readonly Upgrade[],
  override: Approval['overrides'][number],
  given: Approval['overrides'],
): readonly Upgrade[] {
  return given.includes(override) ? [] : upgrades.filter(({ needs }) => needs.includes(override))
}

function list(upgrades: readonly Upgrade[], text: (before: ApprovalRecord) => string): string {
  return upgrades.map(({ agent, before }) => `${text(before!)} (${agent.name})`).join(', ')
}
