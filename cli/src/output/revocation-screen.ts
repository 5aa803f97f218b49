// SPDX-License-Identifier: Apache-2.0
/** The screen before a revocation: what it is about, which approvals count no more, and what it means. */
import type { ApprovalRecord } from '../operator/approvals.ts'
import type { RevokedSubject } from '../operator/revocations.ts'
import type { AudienceAgents } from '../operator/site-agents.ts'
import { keyText } from '../operator/upgrade.ts'
import { publisherKeyId } from '../publisher/identity.ts'
import type { Paint } from './paint.ts'
import { safeText } from './safe-text.ts'
import { pairs } from './table.ts'
import { fingerprint, relative, shortDigest } from './words.ts'

/** What is shown. */
export interface RevocationShown {
  readonly subject: RevokedSubject
  readonly meant: AudienceAgents
  /** Approvals on record that count no more afterwards. */
  readonly voided: readonly ApprovalRecord[]
  readonly why: string
}

/** The whole screen. */
export function revocationScreen(shown: RevocationShown, nowMs: number, paint: Paint): string {
  const { subject, meant, voided, why } = shown
  const names = new Map(meant.agents.map(({ agentId, name }) => [agentId, name]))
  const rows = voided.map(({ agentId, plugin, publisher, issuedAt }): [string, string] => [
    names.get(agentId)!,
    `${plugin.name} ${plugin.version} by ${keyText(publisher)}, approved ${relative(Date.parse(issuedAt), nowMs)}`,
  ])
  return [
    `${paint.bad('revokes')} ${subjectText(subject)}`,
    ...(rows.length === 0
      ? [paint.warn('None of your own approvals is concerned; those of other operators may be.')]
      : ['These approvals count no more:', pairs(rows)]),
    'What runs of it is stopped within 5 s, new jobs are refused. It stays so until a bundle is approved anew.',
    ...(why === '' ? [] : [`why: ${safeText(why)}`]),
    ...(meant.left.length === 0
      ? []
      : [`Left out, because not enrolled or not believed: ${meant.left.join(', ')}.`]),
  ].join('\n')
}

/** The subject in words: `every version of sensors`. */
export function subjectText(subject: RevokedSubject): string {
  if ('plugin' in subject) return `every version of ${subject.plugin}`
  if ('digest' in subject) return `the bundle ${shortDigest(subject.digest)}`
  const keyId = publisherKeyId({ name: '', key: subject.publisherKey })
  return `everything published by the key ${fingerprint(keyId)}`
}
