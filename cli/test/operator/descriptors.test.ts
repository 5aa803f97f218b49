// SPDX-License-Identifier: Apache-2.0
/** Agents are pinned by the code that was given out, and their keys stay. */
import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { randomUUIDv7 } from 'node:crypto'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  codeProof,
  parseEnrolmentCode,
  publicIdentity,
  seal,
  signDocument,
} from '@sallyport/core/crypto'
import type { Identity } from '@sallyport/core/crypto'
import { documents } from '@sallyport/core/protocol'
import type { AgentDescriptor } from '@sallyport/core/protocol'
import type { AgentView } from '@sallyport/core/transport'
import { afterAll, beforeEach, describe, expect, it } from '@jest/globals'
import { readAgents } from '../../src/operator/agents.ts'
import { confirmWaiting, findWaiting, revokeNamed } from '../../src/operator/agent-lives.ts'
import { makeCode } from '../../src/operator/codes.ts'
import { revokedAgentIds } from '../../src/operator/revoked-agents.ts'
import { findAgent, reviewAgents } from '../../src/operator/descriptors.ts'
import { keepPolicy } from '../../src/operator/kept-roots.ts'
import { NOW, identityOf, operatorOf } from '../support/site.ts'

const folders: string[] = []
afterAll(() => Promise.all(folders.map((folder) => rm(folder, { recursive: true }))))

/** The hub's view of agents; a case puts in it what a hub could say. */
let views: AgentView[]
/** Codes that the hub was told of. */
let added: unknown[]
let operator: ReturnType<typeof operatorOf>
let code: string
let agentId: string

beforeEach(async () => {
  views = []
  added = []
  const folder = await mkdtemp(join(tmpdir(), 'sallyport-agents-'))
  folders.push(folder)
  operator = operatorOf(identityOf('ada'), folder, {
    listAgents: async () => ({ agents: views, nextCursor: null }),
    address: 'http://127.0.0.1:1',
    addCode: async (body) => void added.push(body),
    confirmAgent: async () => undefined,
    revokeAgent: async () => undefined,
    addPosting: async () => undefined,
    listPostings: async () => ({ postings: [], nextCursor: null }),
  })
  await mkdir(operator.home.operator.folder, { recursive: true })
  await keepPolicy(operator.home, operator.founded.policy)
  const made = await makeCode(operator, { name: 'pve1', lifetimeMs: 60_000, isReplacing: false })
  code = made.code
  agentId = made.record.agentId
})

/** What an honest agent with these keys says of itself. */
function descriptorOf(identity: Identity): AgentDescriptor {
  const own = publicIdentity(identity)
  const { proofKey } = parseEnrolmentCode(code)
  return {
    siteId: operator.site.siteId,
    agentId,
    enrolmentId: randomUUIDv7(),
    identity: own,
    codeProof: codeProof(proofKey, own.signingKey, own.sealingKey),
    hostname: 'host',
    agentVersion: '0.1.0',
    nodeVersion: 'v26.10.0',
    issuedAt: NOW,
    readers: [...operator.readers],
  }
}

async function viewOf(
  identity: Identity,
  descriptor: AgentDescriptor,
  signer: Identity = identity,
): Promise<AgentView> {
  const signed = signDocument(documents.agentDescriptor, descriptor, signer.signing)
  return {
    agentId,
    signingKey: publicIdentity(identity).signingKey,
    standing: 'active',
    descriptor: await seal(signed, operator.readers),
    enrolledAt: NOW,
    lastSeenAt: NOW,
  }
}

describe('an agent', () => {
  it('is pinned once its descriptor fits the code that was given out', async () => {
    const honest = identityOf('pve1')
    views = [await viewOf(honest, descriptorOf(honest))]
    const found = await findAgent(operator, 'pve1')
    expect(found.identity).toEqual(publicIdentity(honest))
    const [record] = await readAgents(operator.home)
    expect(record).toMatchObject({ sealedProofKey: null, hostname: 'host', pinnedAt: NOW })
  })

  it('keeps its pinned keys, whatever the hub shows later', async () => {
    const honest = identityOf('pve1')
    views = [await viewOf(honest, descriptorOf(honest))]
    await findAgent(operator, 'pve1')
    const swapped = identityOf('pve1')
    views = [await viewOf(swapped, descriptorOf(swapped))]
    expect((await findAgent(operator, 'pve1')).identity).toEqual(publicIdentity(honest))
    const [standing] = await reviewAgents(operator)
    expect(standing!.doubt).toContain('another key')
  })

  it('that has not redeemed its code is said to be so', async () => {
    await expect(findAgent(operator, 'pve1')).rejects.toMatchObject({
      code: 'ERR_AGENT_NOT_ENROLLED',
      exit: 4,
    })
  })

  it('of a name that nobody has is a usage error that names the others', async () => {
    await expect(findAgent(operator, 'pve9')).rejects.toMatchObject({
      code: 'ERR_AGENT_UNKNOWN',
      exit: 2,
      details: { known: 'pve1' },
    })
  })

  it('does not give its proof key to whoever reads the record', async () => {
    const [record] = await readAgents(operator.home)
    const proofKey = Buffer.from(parseEnrolmentCode(code).proofKey)
    expect(JSON.stringify(record)).not.toContain(proofKey.toString('base64url'))
    expect(record!.sealedProofKey).toContain('ciphertext')
  })

  type Swap = (honest: Identity, swapped: Identity) => Promise<AgentView>
  const SWAPS: readonly [what: string, swap: Swap, says: string][] = [
    [
      'whose keys the hub has swapped',
      (honest, swapped) =>
        viewOf(swapped, { ...descriptorOf(honest), identity: publicIdentity(swapped) }),
      'not those of whoever redeemed',
    ],
    [
      'whose sealing key the hub has swapped',
      (honest, swapped) =>
        viewOf(honest, {
          ...descriptorOf(honest),
          identity: { ...publicIdentity(honest), sealingKey: publicIdentity(swapped).sealingKey },
        }),
      'not those of whoever redeemed',
    ],
    [
      'whose descriptor another key has signed',
      (honest, swapped) => viewOf(honest, descriptorOf(honest), swapped),
      'not signed by its key',
    ],
    [
      'whose descriptor is shown under another key',
      async (honest, swapped) => ({
        ...(await viewOf(honest, descriptorOf(honest))),
        signingKey: publicIdentity(swapped).signingKey,
      }),
      'not signed by its key',
    ],
    [
      'that describes another key than its own',
      (honest, swapped) => viewOf(swapped, descriptorOf(honest)),
      'another key',
    ],
    [
      'described for another site',
      (honest) => viewOf(honest, { ...descriptorOf(honest), siteId: randomUUIDv7() }),
      'another agent',
    ],
    [
      'described under another id',
      (honest) => viewOf(honest, { ...descriptorOf(honest), agentId: randomUUIDv7() }),
      'another agent',
    ],
    [
      'whose descriptor was meant for another reader',
      (honest, swapped) =>
        viewOf(honest, { ...descriptorOf(honest), readers: [publicIdentity(swapped).sealingKey] }),
      'sealed anew',
    ],
  ]

  it.each(SWAPS)('%s is not pinned', async (_, swap, says) => {
    views = [await swap(identityOf('pve1'), identityOf('pve1'))]
    await expect(findAgent(operator, 'pve1')).rejects.toMatchObject({
      code: 'ERR_AGENT_DOUBTFUL',
      message: expect.stringContaining(says),
    })
    expect((await readAgents(operator.home))[0]!.identity).toBeNull()
  })
})

describe('a code', () => {
  const asked = { name: 'pve1', lifetimeMs: 60_000 }

  it('made again takes the place of the unused one before it', async () => {
    const { record } = await makeCode(operator, { ...asked, isReplacing: false })
    expect((await readAgents(operator.home)).map((each) => each.agentId)).toEqual([record.agentId])
    expect(added.at(-1)).toMatchObject({ agentId: record.agentId, replaces: [agentId] })
  })

  it('for a name that is taken needs the word to replace', async () => {
    const honest = identityOf('pve1')
    views = [await viewOf(honest, descriptorOf(honest))]
    await expect(makeCode(operator, { ...asked, isReplacing: false })).rejects.toThrowCode(
      'ERR_AGENT_NAME_TAKEN',
    )
    await makeCode(operator, { ...asked, isReplacing: true })
    expect(added.at(-1)).toMatchObject({ replaces: [agentId] })
  })

  it('may take the place of an agent of another name, which must be there', async () => {
    await makeCode(operator, { ...asked, name: 'nas', isReplacing: false, insteadOf: 'pve1' })
    expect(added.at(-1)).toMatchObject({ replaces: [agentId] })
    const call = makeCode(operator, { ...asked, name: 'x', isReplacing: false, insteadOf: 'none' })
    await expect(call).rejects.toThrowCode('ERR_AGENT_UNKNOWN')
  })

  it('of an agent of another name sends that away on record once it is there, and its name is free', async () => {
    const honest = identityOf('pve1')
    views = [await viewOf(honest, descriptorOf(honest))]
    await findAgent(operator, 'pve1')
    const made = await makeCode(operator, {
      ...{ name: 'nas', lifetimeMs: 60_000, isReplacing: false, insteadOf: 'pve1' },
    })
    const before = views
    expect((await findAgent(operator, 'pve1')).agentId).toBe(agentId)
    const renamed = identityOf('nas')
    const own = publicIdentity(renamed)
    const { proofKey } = parseEnrolmentCode(made.code)
    const proof = codeProof(proofKey, own.signingKey, own.sealingKey)
    const descriptor = { ...descriptorOf(renamed), agentId: made.record.agentId, codeProof: proof }
    const view = await viewOf(renamed, descriptor)
    views = [...before, { ...view, agentId: made.record.agentId }]
    expect((await findAgent(operator, 'nas')).agentId).toBe(made.record.agentId)
    await expect(findAgent(operator, 'pve1')).rejects.toThrowCode('ERR_AGENT_UNKNOWN')
    expect(await revokedAgentIds(operator.home)).toEqual([agentId])
    await makeCode(operator, { ...asked, isReplacing: false })
    expect(added.at(-1)).toMatchObject({ replaces: [] })
  })

  it('for a name whose agent was sent away is one like any other', async () => {
    const honest = identityOf('pve1')
    views = [await viewOf(honest, descriptorOf(honest))]
    await revokeNamed(operator, 'pve1')
    await expect(findAgent(operator, 'pve1')).rejects.toThrowCode('ERR_AGENT_UNKNOWN')
    await makeCode(operator, { ...asked, isReplacing: false })
    expect(added.at(-1)).toMatchObject({ replaces: [] })
    expect(await revokedAgentIds(operator.home)).toEqual([agentId])
  })

  it('that must be confirmed pins the key that was, and no other', async () => {
    const { code: held, record } = await makeCode(operator, {
      name: 'pve2',
      lifetimeMs: 60_000,
      isReplacing: false,
      mustConfirm: true,
    })
    const honest = identityOf('pve2')
    const descriptor = { ...descriptorOf(honest), agentId: record.agentId }
    const { proofKey } = parseEnrolmentCode(held)
    const own = publicIdentity(honest)
    const proof = codeProof(proofKey, own.signingKey, own.sealingKey)
    const view = await viewOf(honest, { ...descriptor, codeProof: proof })
    const shown = { ...view, agentId: record.agentId }
    views = [shown]
    const doubtOf = async () =>
      (await reviewAgents(operator)).find((each) => each.record.name === 'pve2')
    expect(await doubtOf()).toMatchObject({ doubt: 'it was let in, and not by you' })
    views = [{ ...shown, standing: 'waiting' }]
    const waiting = await findWaiting(operator, 'pve2')
    await confirmWaiting(operator, waiting)
    views = [{ ...shown, signingKey: publicIdentity(identityOf('x')).signingKey }]
    expect((await doubtOf())?.doubt).toMatch('another key')
    views = [shown]
    expect((await doubtOf())?.record.pinnedAt).not.toBeNull()
  })

  it('leaves the agent that has the name in work until the new one is there', async () => {
    const honest = identityOf('pve1')
    views = [await viewOf(honest, descriptorOf(honest))]
    await findAgent(operator, 'pve1')
    await makeCode(operator, { name: 'pve1', lifetimeMs: 60_000, isReplacing: true })
    expect((await findAgent(operator, 'pve1')).agentId).toBe(agentId)
  })
})
