// SPDX-License-Identifier: Apache-2.0
/** What needs more signatures: left for colleagues, read back, signed, withdrawn, given to the agent; and what a hub could do. */
import { afterAll, beforeEach, describe, expect, it } from '@jest/globals'
import { checkSignatures } from '@sallyport/core/admission'
import { open, seal, signDocument, verifyEnvelope } from '@sallyport/core/crypto'
import {
  documents,
  encodeBase64url,
  encodeJson,
  parseDocument,
  parseEnvelope,
} from '@sallyport/core/protocol'
import type { Job, Threshold } from '@sallyport/core/protocol'
import { rmSync } from 'node:fs'
import { randomUUIDv7 } from 'node:crypto'
import { awaitingProposals, expectOpen, findProposal } from '../../src/operator/find-proposal.ts'
import { jobSignatures, sendJob } from '../../src/operator/jobs.ts'
import type { Operator } from '../../src/operator/operator.ts'
import {
  addOwnSignature,
  hasSigned,
  readProposals,
  withdraw,
} from '../../src/operator/proposals.ts'
import { submit } from '../../src/operator/submit.ts'
import { readAgents, writeAgent } from '../../src/operator/agents.ts'
import type { PinnedAgent } from '../../src/operator/agents.ts'
import { crewOf } from '../support/board.ts'
import type { Crew } from '../support/board.ts'
import { identityOf, pinned } from '../support/site.ts'

const need = (
  effect: Threshold['effect'],
  operators: number,
  customers = 0,
  jobTypes = '*',
): Threshold => ({ jobTypes, effect, operators, customers })
const TWO = [need('read', 1), need('change', 2), need('destroy', 2)]
const REQUEST = { jobType: 'p/thing.change', input: { vmid: 101 }, lifetimeMs: 60_000 }

let crew: Crew
const agentIdentity = identityOf('pve1')
const agent: PinnedAgent = pinned(agentIdentity)
const folders: string[] = []

function begin(thresholds: readonly Threshold[]): void {
  crew = crewOf(thresholds)
  folders.push(...Object.values(crew).flatMap((each) => ('home' in each ? [each.home.folder] : [])))
}

beforeEach(() => begin(TWO))
afterAll(() => folders.forEach((folder) => rmSync(folder, { recursive: true, force: true })))

/** Leaves a job of this person for the others. Returns its id. */
async function proposed(by: Operator = crew.ann): Promise<string> {
  const sent = await sendJob(by, agent, REQUEST)
  expect(sent.awaiting).toMatchObject({ isComplete: false })
  return sent.envelopeId
}

async function sign(by: Operator, id: string) {
  const { proposal } = await findProposal(by, id)
  return addOwnSignature(by, proposal)
}

/** The job as the agent gets it, and who signed it. */
async function atAgent(id: string) {
  const bytes = await open(crew.board.submitted.get(id)!.sealed, agentIdentity.sealing, 300_000)
  const verified = verifyEnvelope(parseEnvelope(bytes, 300_000), documents.job, crew.ann.trust)
  if (!verified.ok) throw new Error(verified.refusal.reason)
  const job = parseDocument(documents.job, verified.payload)
  return { job, signers: verified.signers }
}

describe('a job that one may sign alone', () => {
  it('is given to the agent at once', async () => {
    begin([need('read', 1), need('change', 1), need('destroy', 1)])
    const sent = await sendJob(crew.ann, agent, REQUEST)
    expect(sent.awaiting).toBeUndefined()
    expect(crew.board.submitted.has(sent.envelopeId)).toBe(true)
    expect(crew.board.postings).toEqual([])
  })
})

describe('a job that needs two', () => {
  it('says so beforehand, and is left for the colleague instead of being sent', async () => {
    const { standing } = await jobSignatures(crew.ann, agent, REQUEST)
    expect(standing).toEqual({
      need: { operators: 2, customers: 0 },
      have: { operators: 1, customers: 0 },
      isComplete: false,
    })
    const id = await proposed()
    expect(crew.board.submitted.size).toBe(0)
    const { proposal, state } = await findProposal(crew.ben, id)
    expect(state).toBe('awaiting')
    expect(proposal).toMatchObject({
      id,
      proposer: { name: 'ann' },
      document: { input: { vmid: 101 } },
    })
  })

  it('is complete with the colleague’s signature over the same bytes, and the agent counts both', async () => {
    const id = await proposed()
    const { proposal: before } = await findProposal(crew.ben, id)
    const signed = await sign(crew.ben, id)
    expect(signed.standing.isComplete).toBe(true)
    expect(signed.digest).toBe(before.digest)
    expect(await submit(crew.ben, signed)).toBe(true)
    const { job, signers } = await atAgent(id)
    expect(signers.map(({ name }) => name)).toEqual(['ann', 'ben'])
    const asked = { ...job, effect: 'change' } as const
    expect(checkSignatures(asked, signers, crew.ann.trust).ok).toBe(true)
    expect((await findProposal(crew.ann, id)).state).toBe('submitted')
    expect(await submit(crew.ann, signed)).toBe(false)
  })

  it('is not complete by another key of whoever wanted it', async () => {
    const id = await proposed()
    const { proposal } = await findProposal(crew.annAgain, id)
    expect(hasSigned(crew.annAgain, proposal)).toBe(true)
    const signed = await addOwnSignature(crew.annAgain, proposal)
    expect(signed.standing).toMatchObject({ isComplete: false, have: { operators: 1 } })
  })

  it('is shown as waiting until it is given to the agent, then no more', async () => {
    const id = await proposed()
    expect((await awaitingProposals(crew.ben)).map(({ proposal }) => proposal.id)).toEqual([id])
    const signed = await sign(crew.ben, id)
    expect((await awaitingProposals(crew.ann))[0]?.state).toBe('complete')
    await submit(crew.ben, signed)
    expect(await awaitingProposals(crew.ann)).toEqual([])
  })

  it('is found by its short id, and by nothing that is no id', async () => {
    const id = await proposed()
    const short = `${id.slice(0, 8)}…${id.slice(-3)}`
    expect((await findProposal(crew.ben, short)).proposal.id).toBe(id)
    await expect(findProposal(crew.ben, 'x')).rejects.toMatchObject({ code: 'ERR_JOB_UNKNOWN' })
  })
})

describe('a job that needs a customer', () => {
  const OWNER = [need('read', 1), need('change', 1, 1), need('destroy', 1, 1)]

  it('is left for them too, and is complete with their signature alone beside the operator’s', async () => {
    begin(OWNER)
    const id = await proposed()
    expect((await sign(crew.ben, id)).standing.isComplete).toBe(false)
    const signed = await sign(crew.shop, id)
    expect(signed.standing).toMatchObject({
      isComplete: true,
      have: { operators: 2, customers: 1 },
    })
    await submit(crew.shop, signed)
    const { signers } = await atAgent(id)
    expect(signers.map(({ role }) => role)).toEqual(['operator', 'operator', 'customer'])
  })

  it('is not shown to them where they need not sign', async () => {
    await proposed()
    expect(await readProposals(crew.shop)).toEqual([])
  })
})

describe('whoever reads proposals', () => {
  /** Leaves a posting with any envelope, sealed to ben. */
  async function leave(
    envelope: Uint8Array,
    about: string,
    kind: 'proposal' | 'signature' | 'withdrawal',
  ) {
    const sealed = await seal(encodeJson({ envelope: encodeBase64url(envelope), approval: null }), [
      crew.ben.identity.sealing.publicKey,
    ])
    await crew.board.hub.addPosting!({
      postingId: randomUUIDv7(),
      kind,
      about,
      sealed,
      expiresAt: '2026-11-23T08:00:00.000Z',
    })
  }
  const jobIn = async (by: Operator, id: string): Promise<Job> =>
    (await findProposal(by, id)).proposal.document as unknown as Job

  it('believes no stranger, and no one who names somebody else as wanting it', async () => {
    const job = await jobIn(crew.ben, await proposed())
    const foreign = { ...job, jobId: randomUUIDv7() }
    await leave(
      signDocument(documents.job, foreign, crew.eve.identity.signing),
      foreign.jobId,
      'proposal',
    )
    const named = { ...job, jobId: randomUUIDv7() }
    await leave(
      signDocument(documents.job, named, crew.ben.identity.signing),
      named.jobId,
      'proposal',
    )
    expect(await readProposals(crew.ben)).toHaveLength(1)
  })

  it('believes no document under the id of another, of another site, or sealed anew for them', async () => {
    const job = await jobIn(crew.ben, await proposed())
    const by = crew.ann.identity.signing
    const own = { ...job, jobId: randomUUIDv7() }
    await leave(signDocument(documents.job, own, by), randomUUIDv7(), 'proposal')
    const elsewhere = { ...job, jobId: randomUUIDv7(), siteId: randomUUIDv7() }
    await leave(signDocument(documents.job, elsewhere, by), elsewhere.jobId, 'proposal')
    const unread = { ...job, jobId: randomUUIDv7(), readers: [job.readers[0]!] }
    await leave(signDocument(documents.job, unread, by), unread.jobId, 'proposal')
    expect(await readProposals(crew.ben)).toHaveLength(1)
  })

  it('goes by what was left first, so that nobody puts another document in its place', async () => {
    const id = await proposed()
    const job = await jobIn(crew.ben, id)
    const other = { ...job, input: { vmid: 666 } }
    await leave(signDocument(documents.job, other, crew.ann.identity.signing), id, 'proposal')
    expect(await jobIn(crew.ben, id)).toMatchObject({ input: { vmid: 101 } })
  })

  it('counts no signature over other bytes', async () => {
    const id = await proposed()
    const other = { ...(await jobIn(crew.ben, id)), input: { vmid: 666 } }
    await leave(signDocument(documents.job, other, crew.ben.identity.signing), id, 'signature')
    const { proposal } = await findProposal(crew.ben, id)
    expect(proposal.standing.have).toEqual({ operators: 1, customers: 0 })
  })

  it('is not stopped by rubbish', async () => {
    const id = await proposed()
    await leave(new TextEncoder().encode('{}'), id, 'proposal')
    crew.board.postings.unshift({ ...crew.board.postings[0]!, sealed: '{}' })
    expect((await findProposal(crew.ben, id)).state).toBe('awaiting')
  })

  it('believes a withdrawal by whoever proposed it, and by nobody else', async () => {
    const id = await proposed()
    const { proposal } = await findProposal(crew.ben, id)
    await withdraw(crew.ben, proposal, 'not mine')
    expect((await findProposal(crew.ben, id)).state).toBe('awaiting')
    await withdraw(crew.ann, proposal, 'wrong guest')
    const found = await findProposal(crew.ben, id)
    expect(found).toMatchObject({
      state: 'withdrawn',
      proposal: { withdrawn: { why: 'wrong guest' } },
    })
    expect(() => expectOpen(found)).toThrowCode('ERR_WITHDRAWN')
  })

  it('sees that it has expired', async () => {
    const id = await proposed()
    const late = { ...crew.ben, now: () => crew.ben.now() + 60_000 }
    const found = await findProposal(late, id)
    expect(found.state).toBe('expired')
    expect(() => expectOpen(found)).toThrowCode('ERR_EXPIRED')
  })
})

describe('the agents of a colleague', () => {
  it('come with what they propose, by the colleague’s signed roster', async () => {
    await writeAgent(crew.ann.home, agent)
    const id = await proposed()
    await findProposal(crew.ben, id)
    expect(await readAgents(crew.ben.home)).toEqual([
      expect.objectContaining({
        agentId: agent.agentId,
        name: 'pve1',
        identity: agent.identity,
        learntFrom: 'ann',
      }),
    ])
  })

  it('do not take the place of those that are known', async () => {
    await writeAgent(crew.ben.home, agent)
    await writeAgent(crew.ann.home, { ...agent, identity: pinned(identityOf('pve1')).identity })
    await findProposal(crew.ben, await proposed())
    expect((await readAgents(crew.ben.home))[0]).toMatchObject({ identity: agent.identity })
  })

  it('are not believed from a customer', async () => {
    await writeAgent(crew.shop.home, agent)
    const { publishRoster } = await import('../../src/operator/roster.ts')
    expect(await publishRoster(crew.shop)).toBe(false)
  })

  it('are posted once, and again when there is another', async () => {
    const { publishRoster } = await import('../../src/operator/roster.ts')
    await writeAgent(crew.ann.home, agent)
    expect(await publishRoster(crew.ann)).toBe(true)
    expect(await publishRoster(crew.ann)).toBe(false)
    await writeAgent(crew.ann.home, pinned(identityOf('pve2')))
    expect(await publishRoster(crew.ann)).toBe(true)
  })
})
