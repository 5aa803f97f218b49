// SPDX-License-Identifier: Apache-2.0
/** The file that says which agent this is: its hub, and the enrolment it was given, as signed bytes. */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { CodedError } from '@sallyport/sdk'
import { decodeBase64url, encodeJson, parseJson } from '@sallyport/core/protocol'
import { readKeyFile, writeKeyFile } from '@sallyport/core/stores'
import { z } from 'zod'

const MAX_BYTES = 393_216

/** Shape of `agent.json`. Trust: the enrolment in it is verified against the fingerprint at every start. */
const AgentFile = z.strictObject({
  format: z.literal('sallyport-agent-2'),
  hub: z.url().max(512),
  /** Base64url of the first bytes of SHA-256 of the trust root, as the code carried it. */
  rootFingerprint: z.base64url().max(64),
  /** DSSE envelope of the enrolment, base64url. */
  enrolment: z.base64url().max(MAX_BYTES),
})
export type AgentFile = z.infer<typeof AgentFile>

/** Reads the file. Throws: ERR_NOT_ENROLLED when there is none, ERR_AGENT_FILE when it is damaged, ERR_KEY_FILE_MODE. */
export function readAgentFile(stateDir: string): AgentFile {
  if (!hasAgentFile(stateDir)) {
    throw new CodedError('ERR_NOT_ENROLLED', `no agent is enrolled in ${stateDir}`, {
      details: { remedy: 'sallyport agent enrol <code>' },
    })
  }
  const parsed = AgentFile.safeParse(parseJson(readKeyFile(pathIn(stateDir)), MAX_BYTES))
  if (parsed.success) return parsed.data
  throw new CodedError('ERR_AGENT_FILE', `${pathIn(stateDir)} is damaged`)
}

/** Whether an agent is enrolled in this state directory. */
export function hasAgentFile(stateDir: string): boolean {
  return existsSync(pathIn(stateDir))
}

/** Writes the file, whole or not at all. */
export function writeAgentFile(stateDir: string, file: AgentFile): void {
  writeKeyFile(pathIn(stateDir), encodeJson(file))
}

/** The enrolment's envelope bytes. */
export function enrolmentBytes(file: AgentFile): Uint8Array {
  return decodeBase64url(file.enrolment)
}

function pathIn(stateDir: string): string {
  return join(stateDir, 'agent.json')
}
