// SPDX-License-Identifier: Apache-2.0
/** The audit log of a state directory, opened for reading while the agent may be running. */
import { join } from 'node:path'
import type { AuditReader } from '@sallyport/core/audit'
import { readKeyFileIdentity } from '@sallyport/core/crypto'
import { decodeBase64url } from '@sallyport/core/protocol'
import { openSqliteAgentStore, readKeyFile } from '@sallyport/core/stores'
import { systemClock } from '@sallyport/core/wiring'
import { enrolmentBytes, readAgentFile } from './agent-file.ts'
import { DATABASE } from './record.ts'
import { verifyEnrolment } from './trust.ts'

/** An audit log to read. Dispose it to close the file. */
export interface AgentAudit extends Disposable {
  readonly agentId: string
  readonly agentName: string
  /** Ed25519 public key beside the log. Trust: whoever can write the log can write it too; a pinned key is better. */
  readonly publicKey: Uint8Array
  readonly reader: AuditReader
}

/** Opens the audit log. Throws: ERR_NOT_ENROLLED, ERR_AGENT_FILE, ERR_STORE_MISSING, ERR_STORE_CORRUPT, ERR_KEY_FILE_MODE. */
export function openAgentAudit(stateDir: string): AgentAudit {
  const file = readAgentFile(stateDir)
  const { enrolment } = verifyEnrolment(enrolmentBytes(file), file.rootFingerprint)
  const identity = readKeyFileIdentity(readKeyFile(join(stateDir, 'keys.json')))
  const path = join(stateDir, DATABASE)
  const store = openSqliteAgentStore(path, { clock: systemClock, mode: 'readOnly' })
  return {
    agentId: enrolment.agentId,
    agentName: enrolment.agentName,
    publicKey: decodeBase64url(identity.signingKey),
    reader: store.audit,
    [Symbol.dispose]: () => store[Symbol.dispose](),
  }
}
