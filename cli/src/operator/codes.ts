// SPDX-License-Identifier: Apache-2.0
/** Gives out one-time enrolment codes. */
import { randomBytes, randomUUIDv7 } from 'node:crypto'
import {
  CODE_SECRET_BYTES,
  makeEnrolmentCode,
  parseEnrolmentCode,
  rootFingerprintOf,
  seal,
  sealUnderSecret,
  signDocument,
  verifyPolicy,
} from '@sallyport/core/crypto'
import { documents, encodeBase64url, instantOf } from '@sallyport/core/protocol'
import { parseHubAddress } from '@sallyport/core/transport'
import { EXIT } from '../output/exit-codes.ts'
import { Problem } from '../output/problem.ts'
import { syncPolicy } from '../policy/current.ts'
import { forgetPending, isPinned, readAgents, unknownAgent, writeAgent } from './agents.ts'
import type { AgentRecord } from './agents.ts'
import { reviewAgents } from './descriptors.ts'
import { readKeptPolicy } from './kept-roots.ts'
import type { Operator } from './operator.ts'

/** A code and the agent it makes. */
export interface NewCode {
  readonly code: string
  /** Where the host will look for the hub. */
  readonly addresses: readonly string[]
  readonly record: AgentRecord
}

/** What is asked for. */
export interface CodeAsked {
  readonly name: string
  readonly lifetimeMs: number
  readonly isReplacing: boolean
  /** Name of the agent whose place it takes under its own: the host gets another name. */
  readonly insteadOf?: string | undefined
  /** Whoever redeems it waits until this operator lets them in. */
  readonly mustConfirm?: boolean | undefined
  /** Addresses of the hub as the host reaches it; else the one that this operator uses. */
  readonly addresses?: readonly string[] | undefined
}

/** Whose place one agent takes, on record; more are codes that were never used. */
const MAX_REPLACED = 64

/** Addresses that one code has room for. */
const MAX_ADDRESSES = 4

/**
 * Makes a code for an agent and tells the hub the hash of it.
 *
 * Trust: the hub gets the enrolment sealed under the code, and never the code; the record keeps the proof key sealed.
 * Throws: ERR_AGENT_NAME_TAKEN unless `isReplacing`.
 */
export async function makeCode(operator: Operator, asked: CodeAsked): Promise<NewCode> {
  const { identity, site, hub, home } = operator
  const addresses = addressesOf(hub.address, asked.addresses)
  const replaces = await replacedBy(operator, asked)
  const nowMs = operator.now()
  const [issuedAt, expiresAt] = [instantOf(nowMs), instantOf(nowMs + asked.lifetimeMs)]
  const [agentId, enrolmentId] = [randomUUIDv7(), randomUUIDv7()]
  const code = makeEnrolmentCode(
    randomBytes(CODE_SECRET_BYTES),
    rootFingerprintOf(site.root.envelope),
    addresses,
  )
  const { redeemHash, sealKey, proofKey } = parseEnrolmentCode(code)
  const enrolment = {
    enrolmentId,
    siteId: site.siteId,
    agentId,
    agentName: asked.name,
    trustRoot: encodeBase64url(site.root.envelope),
    policy: encodeBase64url(await policyOf(operator)),
    nameKey: encodeBase64url(site.root.nameKey),
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
    ...(asked.mustConfirm === true ? { mustConfirm: true as const } : {}),
    ...(replaces.length === 0 ? {} : { replaces: replaces.slice(-MAX_REPLACED) }),
  }
  const sealedEnrolment = await sealUnderSecret(signed, sealKey)
  const { mustConfirm = false } = asked
  await hub.addCode({
    agentId,
    redeemHash,
    sealedEnrolment,
    expiresAt,
    mustConfirm,
    replaces,
  })
  await forgetPending(home, asked.name)
  await writeAgent(home, record)
  return { code, addresses, record }
}

/** Throws: ERR_HUB_ADDRESS, ERR_USAGE when there are too many. */
function addressesOf(own: string, given: readonly string[] = []): string[] {
  if (given.length > MAX_ADDRESSES) {
    throw new Problem('ERR_USAGE', `a code has room for ${MAX_ADDRESSES} addresses`, {
      exit: EXIT.usage,
      unharmed: 'No code was made.',
      remedy: 'Give those that this host needs.',
    })
  }
  return given.length > 0 ? given.map((each) => parseHubAddress(each)) : [own]
}

/** Why under the newest root: the agent that enrols knows no other. */
async function policyOf(operator: Operator): Promise<Uint8Array> {
  const { root } = operator.site.root
  const kept = await readKeptPolicy(operator.home)
  if (kept !== undefined && verifyPolicy(root, kept).ok) return kept
  const policy = await syncPolicy(operator)
  if (policy !== undefined && verifyPolicy(root, policy.envelope).ok) return policy.envelope
  throw noPolicy(policy?.policy.version, root.version)
}

function noPolicy(version: number | undefined, rootVersion: number): Problem {
  const isOutlived = version !== undefined
  const what = isOutlived
    ? `policy ${version} is not signed under trust root ${rootVersion}`
    : 'there is no policy on this machine'
  return new Problem('ERR_NO_POLICY', what, {
    exit: EXIT.refused,
    unharmed: 'No code was made: an agent without a policy lets nobody do anything.',
    remedy: isOutlived ? 'Have holders of root keys sign it anew:' : 'Sign one:',
    commands: isOutlived
      ? ['sallyport policy publish', 'sallyport policy sign']
      : ['sallyport policy init --template solo', 'sallyport policy publish policy.cedar'],
  })
}

/**
 * Whose place the new agent takes: codes of its name that were given out before, and with `isReplacing` the agent.
 *
 * Throws: ERR_AGENT_NAME_TAKEN, ERR_AGENT_UNKNOWN.
 */
async function replacedBy(operator: Operator, asked: CodeAsked): Promise<string[]> {
  const { name, isReplacing, insteadOf } = asked
  const records = await readAgents(operator.home)
  const isThere = (record: AgentRecord) => record.revokedAt === undefined
  const others = records.filter((record) => isThere(record) && record.name === insteadOf)
  if (insteadOf !== undefined && others.length === 0) throw unknownAgent(insteadOf, records)
  const isNamed = (record: AgentRecord) => isThere(record) && record.name === name
  const before = records.filter(isNamed)
  // Who redeemed a code in the meantime has the name already.
  if (!isReplacing && before.length > 0) await reviewAgents(operator)
  const named = (await readAgents(operator.home)).filter(isNamed)
  if (isReplacing || !named.some(isPinned)) {
    return [...named, ...others].map(({ agentId }) => agentId)
  }
  throw new Problem('ERR_AGENT_NAME_TAKEN', `there is an agent called ${name}`, {
    exit: EXIT.refused,
    unharmed: 'It goes on as before.',
    remedy: 'Choose another name, or say that the new one takes its place once it has enrolled:',
    commands: [`sallyport agent code ${name} --replace`],
  })
}
