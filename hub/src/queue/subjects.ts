// SPDX-License-Identifier: Apache-2.0
/** What can be waited for. */

/** Something new in an agent's mailbox. */
export function mailboxSubject(siteId: string, agentId: string): string {
  return `mailbox ${siteId} ${agentId}`
}

/** A new poll of an agent, which ends the one before. */
export function pollSubject(siteId: string, agentId: string): string {
  return `poll ${siteId} ${agentId}`
}

/** A change of one envelope's state. */
export function envelopeSubject(siteId: string, envelopeId: string): string {
  return `envelope ${siteId} ${envelopeId}`
}
