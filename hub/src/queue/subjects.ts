// SPDX-License-Identifier: Apache-2.0
/** What can be waited for. */

/** Something new in an agent's mailbox. */
export function mailboxSubject(siteId: string, agentId: string): string {
  return `mailbox ${siteId} ${agentId}`
}

/** A change of one envelope's state. */
export function envelopeSubject(siteId: string, envelopeId: string): string {
  return `envelope ${siteId} ${envelopeId}`
}
