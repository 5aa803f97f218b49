// SPDX-License-Identifier: Apache-2.0
/** Moves an agent to another address of its hub, or to the hub that took its place. */
import { openStateDirectory } from '@sallyport/core/stores'
import { openHubClient } from '@sallyport/core/transport'
import { enrolmentBytes, readAgentFile, writeAgentFile } from './agent-file.ts'
import { verifyEnrolment } from './trust.ts'
import { openVault } from './vault.ts'

/** Where an agent goes. */
export interface MoveRequest {
  readonly stateDir: string
  readonly passphraseFile?: string | undefined
  readonly hub: string
  readonly clock: { now(): number }
}

/** What came of it. */
export interface MovedAgent {
  readonly agentId: string
  readonly agentName: string
  readonly from: string
  readonly to: string
}

/**
 * Writes down another address, once a hub there has opened a session for this agent.
 *
 * Trust: a hub that does so knows the key of this agent and nothing else; all that it brings is verified as before.
 * Throws: ERR_STATE_LOCKED while the agent runs, ERR_NOT_ENROLLED, ERR_PASSPHRASE, and the hub client's codes.
 */
export async function moveAgent(request: MoveRequest): Promise<MovedAgent> {
  using directory = openStateDirectory(request.stateDir)
  const file = readAgentFile(directory.path)
  const { enrolment } = verifyEnrolment(enrolmentBytes(file), file.rootFingerprint)
  const { passphraseFile, clock } = request
  const identity = openVault({ stateDir: directory.path, passphraseFile })
  await using hub = openHubClient({ url: request.hub, key: identity.signing, clock })
  await hub.readOwnHead()
  writeAgentFile(directory.path, { ...file, hub: hub.address })
  const { agentId, agentName } = enrolment
  return { agentId, agentName, from: file.hub, to: hub.address }
}
