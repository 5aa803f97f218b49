// SPDX-License-Identifier: Apache-2.0
/** Gives out one-time enrolment codes. */
import { randomBytes, randomUUIDv7 } from 'node:crypto'
import {
  CODE_SECRET_BYTES,
  makeEnrolmentCode,
  parseEnrolmentCode,
  seal,
  sealUnderSecret,
  signDocument,
} from '@sallyport/core/crypto'
import { documents, instantOf } from '@sallyport/core/protocol'
import { EXIT } from '../output/exit-codes.ts'
import { Problem } from '../output/problem.ts'
import { forgetPending, readAgents, writeAgent } from './agents.ts'
import type { AgentRecord } from './agents.ts'
import type { Operator } from './operator.ts'

/** A code and the agent it makes. */
export interface NewCode {
  readonly code: string
  readonly record: AgentRecord
}

/**
 * Makes a code for an agent and tells the hub the hash of it.
 *
 * Trust: the hub gets the enrolment sealed under the code, and never the code; the record keeps the proof key sealed.
 * Throws: ERR_AGENT_NAME_TAKEN unless `isReplacing`.
 */
export async function makeCode(
  operator: Operator,
  asked: { name: string; lifetimeMs: number; isReplacing: boolean },
): Promise<NewCode> {
  const { identity, site, hub, home } = operator
  if (!asked.isReplacing) await expectFree(operator, asked.name)
  const nowMs = operator.now()
  const [issuedAt, expiresAt] = [instantOf(nowMs), instantOf(nowMs + asked.lifetimeMs)]
  const [agentId, enrolmentId] = [randomUUIDv7(), randomUUIDv7()]
  const code = makeEnrolmentCode(randomBytes(CODE_SECRET_BYTES), identity.signing.publicKey)
  const { redeemHash, sealKey, proofKey } = parseEnrolmentCode(code)
  const enrolment = {
    enrolmentId,
    siteId: site.siteId,
    agentId,
    agentName: asked.name,
    operators: site.operators,
    issuedAt,
    expiresAt,
  }
  const signed = signDocument(documents.enrolment, enrolment, identity.signing)
  const record: AgentRecord = {
    format: 'sallyport-agent-record-1',
    agentId,
    name: asked.name,
    enrolmentId,
    codeMadeAt: issuedAt,
    codeExpiresAt: expiresAt,
    sealedProofKey: await seal(proofKey, [identity.sealing.publicKey]),
    identity: null,
    pinnedAt: null,
    hostname: null,
    agentVersion: null,
  }
  const sealedEnrolment = await sealUnderSecret(signed, sealKey)
  await hub.addCode({ agentId, redeemHash, sealedEnrolment, expiresAt })
  await forgetPending(home, asked.name)
  await writeAgent(home, record)
  return { code, record }
}

async function expectFree({ home }: Operator, name: string): Promise<void> {
  const taken = (await readAgents(home)).some((record) => record.name === name)
  if (!taken) return
  throw new Problem('ERR_AGENT_NAME_TAKEN', `there is an agent called ${name}`, {
    exit: EXIT.refused,
    unharmed: 'It goes on as before.',
    remedy: 'Choose another name, or say that the new one takes its place once it has enrolled:',
    commands: [`sallyport agent code ${name} --replace`],
  })
}
