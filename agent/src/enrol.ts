// SPDX-License-Identifier: Apache-2.0
/** Enrolment on the host: a one-time code in, an identity and its trust out. */
import { hostname } from 'node:os'
import { setTimeout as sleep } from 'node:timers/promises'
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
import { hubRefusalOf, isPassing, openHubClient, type HubClient } from '@sallyport/core/transport'
import { CodedError, isCodedError } from '@sallyport/sdk'
import { hasAgentFile, writeAgentFile } from './agent-file.ts'
import { isForCode, writeCodeFile } from './code-file.ts'
import { setAside } from './set-aside.ts'
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
  /** Another agent that is in the folder is set aside. */
  readonly isAnew?: boolean | undefined
  /** Told once, with the id of the new key, when an operator has to let this agent in first. */
  readonly onWaiting?: ((keyId: string) => void) | undefined
  /** Ends the waiting for that. */
  readonly signal?: AbortSignal | undefined
}

/** How often is asked whether the agent was let in. */
const ASK_EVERY_MS = 2_000

/** What came of it. */
export interface EnrolledAgent {
  readonly agentId: string
  readonly agentName: string
  readonly siteId: string
  readonly keyId: string
  readonly stateDir: string
  readonly operators: readonly string[]
  /** Where an earlier identity of this folder is kept. */
  readonly setAside: string | undefined
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
  const kept = makeRoom(directory.path, code, request.isAnew === true)
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
    setAside: kept,
  }
}

/**
 * Sees to it that the keys in the folder are those of this code, or that there are none.
 *
 * Why: the hub has burned the code for the keys it was shown, so an enrolment that was cut off goes on with them. With
 * another code they are of no use: the hub makes no second agent of one key.
 */
function makeRoom(stateDir: string, code: EnrolmentCode, isAnew: boolean): string | undefined {
  if (hasAgentFile(stateDir) && !isAnew) {
    throw new CodedError('ERR_ALREADY_ENROLLED', `${stateDir} already holds an agent`, {
      details: {
        remedy: 'start it with `sallyport agent start`, choose another --state-dir, or add --anew',
      },
    })
  }
  if (!hasAgentFile(stateDir) && isForCode(stateDir, code.redeemHash)) return undefined
  const kept = setAside(stateDir)
  writeCodeFile(stateDir, code.redeemHash)
  return kept
}

/** Begins the journal and the audit log. Why: an enrolled agent without them has lost its memory and must not run. */
function beginRecord(path: string, identity: Identity, enrolled: Enrolled): void {
  const { enrolment, rootDigest, rootVersion, policy } = enrolled
  using record = openRecord(path, { agentId: enrolment.agentId, identity, mode: 'create' })
  // An enrolment that was cut off after this, and goes on.
  if (record.store.authority.policy() !== undefined) return
  const { enrolmentId, siteId } = enrolment
  const details = { enrolmentId, siteId, rootVersion, rootDigest, policyVersion: policy.version }
  record.note({ event: 'agent.enrolled', details }, (nowMs) => {
    const envelope = decodeBase64url(enrolment.policy)
    record.store.authority.addPolicy(policy.version, { envelope, rootVersion }, nowMs)
  })
}

/** Redeems the code at the first of its hubs that can be reached; the connection to that one is left open. */
async function redeemAtOne(
  request: EnrolRequest,
  { code, identity }: { code: EnrolmentCode; identity: Identity },
  scope: AsyncDisposableStack,
): Promise<{ hub: HubClient; bytes: Uint8Array }> {
  const { hub: given, clock } = request
  const urls = given === undefined ? code.hubs : [given]
  let fault: unknown = new CodedError('ERR_HUB_ADDRESS', 'the code names no hub: add --hub <url>')
  for (const url of urls) {
    try {
      const hub = scope.use(openHubClient({ url, key: identity.signing, clock }))
      return { hub, bytes: await redeemWhenLetIn(request, { code, identity, hub }) }
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

async function redeemWhenLetIn(
  { onWaiting, signal }: EnrolRequest,
  { code, identity, hub }: { code: EnrolmentCode; identity: Identity; hub: HubClient },
): Promise<Uint8Array> {
  for (let isWaiting = false; ;) {
    try {
      return await redeem(code, identity, hub)
    } catch (error) {
      const isHeld = hubRefusalOf(error)?.code === 'ERR_ENROLMENT_WAITING'
      const goesOn = isHeld || (isWaiting && isPassing(error))
      if (!goesOn || signal?.aborted === true) throw error
      if (!isWaiting) onWaiting?.(identity.signing.keyId)
      isWaiting = true
    }
    await sleep(ASK_EVERY_MS, undefined, signal === undefined ? {} : { signal }).catch(() => {})
  }
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
