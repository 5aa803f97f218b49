// SPDX-License-Identifier: Apache-2.0
/** Enrolment on the host: a one-time code in, an identity and its trust out. */
import { hostname } from 'node:os'
import {
  codeProof,
  openUnderSecret,
  parseEnrolmentCode,
  possessionMessage,
  publicIdentity,
  seal,
  signDocument,
  type EnrolmentCode,
  type Identity,
} from '@sallyport/core/crypto'
import { decodeBase64url, documents, encodeBase64url, instantOf } from '@sallyport/core/protocol'
import { openStateDirectory } from '@sallyport/core/stores'
import { isPassing, openHubClient, type HubClient } from '@sallyport/core/transport'
import { CodedError, isCodedError } from '@sallyport/sdk'
import { hasAgentFile, writeAgentFile } from './agent-file.ts'
import { verifyEnrolment, type Enrolled } from './trust.ts'
import { openOrCreateVault } from './vault.ts'
import { DATABASE, openRecord } from './record.ts'
import { AGENT_VERSION } from './version.ts'

/** What a person brings to enrol an agent. */
export interface EnrolRequest {
  readonly code: string
  /** Address of the hub; else those in the code. */
  readonly hub?: string | undefined
  readonly stateDir: string
  readonly passphraseFile?: string
  readonly clock: { now(): number }
}

/** What came of it. */
export interface EnrolledAgent {
  readonly agentId: string
  readonly agentName: string
  readonly siteId: string
  readonly keyId: string
  readonly stateDir: string
  readonly operators: readonly string[]
}

/**
 * Enrols this host: makes its keys, redeems the code, verifies what came back, writes it down, describes itself.
 *
 * Trust: the enrolment is sealed under the code and signed by an operator of the trust root whose fingerprint the code carries.
 * Throws: ERR_CODE_FORM, ERR_CODE_CHECKSUM, ERR_ALREADY_ENROLLED, ERR_ENROLMENT_UNTRUSTED, and the hub client's codes.
 */
export async function enrolAgent(request: EnrolRequest): Promise<EnrolledAgent> {
  const code = parseEnrolmentCode(request.code)
  using directory = openStateDirectory(request.stateDir)
  refuseSecondEnrolment(directory.path)
  const place = { stateDir: directory.path, passphraseFile: request.passphraseFile }
  const identity = openOrCreateVault('agent', place)
  await using opening = new AsyncDisposableStack()
  const { hub, bytes } = await redeemAtOne(request, { code, identity }, opening)
  const enrolled = verifyEnrolment(bytes, code.rootFingerprint)
  const { enrolment } = enrolled
  await hub.describeAgent(await describe({ code, identity, enrolled, nowMs: request.clock.now() }))
  beginRecord(directory.file(DATABASE), identity, enrolled)
  writeAgentFile(directory.path, {
    format: 'sallyport-agent-2',
    hub: hub.address,
    rootFingerprint: code.rootFingerprint,
    enrolment: encodeBase64url(bytes),
  })
  return {
    agentId: enrolment.agentId,
    agentName: enrolment.agentName,
    siteId: enrolment.siteId,
    keyId: identity.signing.keyId,
    stateDir: directory.path,
    operators: enrolled.operators,
  }
}

function refuseSecondEnrolment(stateDir: string): void {
  if (!hasAgentFile(stateDir)) return
  throw new CodedError('ERR_ALREADY_ENROLLED', `${stateDir} already holds an agent`, {
    details: { remedy: 'start it with `sallyport agent start`, or choose another --state-dir' },
  })
}

/** Begins the journal and the audit log. Why: an enrolled agent without them has lost its memory and must not run. */
function beginRecord(path: string, identity: Identity, enrolled: Enrolled): void {
  const { enrolment, rootDigest, rootVersion, policy } = enrolled
  using record = openRecord(path, { agentId: enrolment.agentId, identity, mode: 'create' })
  const { enrolmentId, siteId } = enrolment
  const details = { enrolmentId, siteId, rootVersion, rootDigest, policyVersion: policy.version }
  record.note({ event: 'agent.enrolled', details }, (nowMs) => {
    const envelope = decodeBase64url(enrolment.policy)
    record.store.authority.addPolicy(policy.version, { envelope, rootVersion }, nowMs)
  })
}

/** Redeems the code at the first of its hubs that can be reached; the connection to that one is left open. */
async function redeemAtOne(
  { hub: given, clock }: EnrolRequest,
  { code, identity }: { code: EnrolmentCode; identity: Identity },
  scope: AsyncDisposableStack,
): Promise<{ hub: HubClient; bytes: Uint8Array }> {
  const urls = given === undefined ? code.hubs : [given]
  let fault: unknown = new CodedError('ERR_HUB_ADDRESS', 'the code names no hub: add --hub <url>')
  for (const url of urls) {
    try {
      const hub = scope.use(openHubClient({ url, key: identity.signing, clock }))
      return { hub, bytes: await redeem(code, identity, hub) }
    } catch (error) {
      if (!isElsewhere(error)) throw error
      fault = error
    }
  }
  throw fault
}

/** Whether another address of the hub may do: it was not reached at this one. */
function isElsewhere(error: unknown): boolean {
  return isPassing(error) || (isCodedError(error) && error.code === 'ERR_HUB_ADDRESS')
}

/** Why: the redeem token shows that the code is known, the signature that the new key is held. */
async function redeem(
  code: EnrolmentCode,
  identity: Identity,
  hub: HubClient,
): Promise<Uint8Array> {
  const answer = await hub.redeemCode({
    redeemToken: code.redeemToken,
    signingKey: encodeBase64url(identity.signing.publicKey),
    possession: encodeBase64url(identity.signing.sign(possessionMessage(code.redeemToken))),
  })
  return openUnderSecret(answer.sealedEnrolment, code.sealKey)
}

async function describe(parts: {
  code: EnrolmentCode
  identity: Identity
  enrolled: Enrolled
  nowMs: number
}): Promise<string> {
  const { code, identity, enrolled, nowMs } = parts
  const { enrolment, operatorReaders } = enrolled
  const { publicKey: signingKey } = identity.signing
  const { publicKey: sealingKey } = identity.sealing
  const descriptor = {
    siteId: enrolment.siteId,
    agentId: enrolment.agentId,
    enrolmentId: enrolment.enrolmentId,
    identity: { ...publicIdentity(identity), name: enrolment.agentName },
    codeProof: codeProof(code.proofKey, signingKey, sealingKey),
    hostname: hostname(),
    agentVersion: AGENT_VERSION,
    nodeVersion: process.version,
    issuedAt: instantOf(nowMs),
    readers: [...operatorReaders],
  }
  const signed = signDocument(documents.agentDescriptor, descriptor, identity.signing)
  return seal(signed, operatorReaders)
}
