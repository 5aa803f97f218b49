// SPDX-License-Identifier: Apache-2.0
/** The file that says which agent this is: its hub, and the enrolment it was given, as signed bytes. */
import { readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { CodedError } from '@sallyport/sdk'
import { decodeBase64url, encodeJson, parseJson } from '@sallyport/core/protocol'
import { writeFileAtomically } from '@sallyport/core/stores'
import { z } from 'zod'

const MAX_BYTES = 131_072

/** Shape of `agent.json`. Trust: the enrolment in it is verified against the fingerprint at every start. */
const AgentFile = z.strictObject({
  format: z.literal('sallyport-agent-1'),
  hub: z.url().max(512),
  /** Base64url of the first bytes of SHA-256 of the operator's signing key, as the code carried it. */
  operatorFingerprint: z.base64url().max(64),
  /** DSSE envelope of the enrolment, base64url. */
  enrolment: z.base64url().max(MAX_BYTES),
})
export type AgentFile = z.infer<typeof AgentFile>

/** Reads the file. Throws: ERR_NOT_ENROLLED when there is none, ERR_AGENT_FILE when it is damaged. */
export async function readAgentFile(stateDir: string): Promise<AgentFile> {
  const bytes = await readFile(pathIn(stateDir)).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT') throw error
    throw new CodedError('ERR_NOT_ENROLLED', `no agent is enrolled in ${stateDir}`, {
      details: { remedy: 'sallyport agent enrol <code> --hub <address>' },
    })
  })
  const parsed = AgentFile.safeParse(parseJson(bytes, MAX_BYTES))
  if (parsed.success) return parsed.data
  throw new CodedError('ERR_AGENT_FILE', `${pathIn(stateDir)} is damaged`)
}

/** Whether an agent is enrolled in this state directory. */
export async function hasAgentFile(stateDir: string): Promise<boolean> {
  return stat(pathIn(stateDir)).then(
    () => true,
    (error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return false
      throw error
    },
  )
}

/** Writes the file, whole or not at all. */
export async function writeAgentFile(stateDir: string, file: AgentFile): Promise<void> {
  await writeFileAtomically(pathIn(stateDir), encodeJson(file))
}

/** The enrolment's envelope bytes. */
export function enrolmentBytes(file: AgentFile): Uint8Array {
  return decodeBase64url(file.enrolment)
}

function pathIn(stateDir: string): string {
  return join(stateDir, 'agent.json')
}
