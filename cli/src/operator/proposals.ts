// SPDX-License-Identifier: Apache-2.0
/** Documents that wait for more signatures: left at the hub for colleagues, read back, signed, withdrawn. */
import { randomUUIDv7 } from 'node:crypto'
import { signedAs } from '@sallyport/core/admission'
import {
  addSignature,
  digestOf,
  mergeSignatures,
  signDocument,
  verifyEnvelope,
} from '@sallyport/core/crypto'
import type { TrustedKey } from '@sallyport/core/crypto'
import { documents, instantOf, parseDocument, parseEnvelope } from '@sallyport/core/protocol'
import type { DocumentKind, Job, Schedule, Withdrawal } from '@sallyport/core/protocol'
import { hubRefusalOf } from '@sallyport/core/transport'
import type { PostingView } from '@sallyport/core/transport'
import { isCodedError } from '@sallyport/sdk'
import type { Operator } from './operator.ts'
import { readersAmongPeople, selfOf } from './people.ts'
import { post, readPostings } from './postings.ts'
import type { OpenedPosting } from './postings.ts'
import { PROPOSABLE, readProposable } from './proposable.ts'
import type { ReadDocument } from './proposable.ts'
import { publishRoster } from './roster.ts'
import { readAgents } from './agents.ts'
import { jobUnder, openAttached } from './known-effect.ts'
import type { AttachedApproval } from './known-effect.ts'
import { signatureStanding, thingsOfJob } from './signatures.ts'
import type { SignatureStanding, ToSign } from './signatures.ts'

/** How long a proposal without an end of its own waits. */
const WAITS_MS = 7 * 86_400_000

/** A document that waits for signatures. */
export interface Proposal extends ReadDocument {
  /** SHA-256 of the payload: what everybody signs. */
  readonly digest: string
  /** The envelope with every signature that holds. */
  readonly merged: Uint8Array
  readonly signers: readonly TrustedKey[]
  /** Who left it. */
  readonly proposer: TrustedKey
  readonly toSign: ToSign
  readonly standing: SignatureStanding
  readonly approval: AttachedApproval | undefined
  readonly withdrawn: { readonly by: string; readonly why: string } | undefined
  /** Until when it waits. */
  readonly endsAt: string
}

/** A document to propose. */
export interface Proposing<T> {
  readonly kind: DocumentKind<T>
  readonly document: T & { readonly readers: readonly string[] }
  /** Its own id. */
  readonly id: string
  /** Undefined where it does not end by itself. */
  readonly expiresAt: string | undefined
  /** Signed approval under which a job would run, for those who do not hold it. */
  readonly approval?: Uint8Array | undefined
}

/** Signs a document and leaves it for colleagues. Returns the digest that everybody signs. */
export async function propose<T>(operator: Operator, proposing: Proposing<T>): Promise<string> {
  const { kind, document, id, expiresAt, approval } = proposing
  const envelope = signDocument(kind, document as T, operator.identity.signing)
  // Whoever is to sign must know the agent.
  await publishRoster(operator)
  await post(operator, {
    kind: 'proposal',
    about: id,
    envelope,
    approval,
    readers: peopleAmong(operator, document.readers),
    expiresAt: expiresAt ?? instantOf(operator.now() + WAITS_MS),
  })
  return digestOf(parseEnvelope(envelope, envelope.length).payload)
}

/** Everything that this person was asked to look at and that has not ended, newest first. */
export async function readProposals(operator: Operator): Promise<Proposal[]> {
  const [agents, proposed, signed, withdrawn] = await Promise.all([
    readAgents(operator.home),
    readPostings(operator, { kind: 'proposal' }),
    readPostings(operator, { kind: 'signature' }),
    readPostings(operator, { kind: 'withdrawal' }),
  ])
  const names = new Map(agents.map(({ agentId, name }) => [agentId, name]))
  const read = new Map<string, Proposal>()
  // The oldest posting of an id counts: nobody replaces a proposal.
  for (const posting of proposed.toReversed()) {
    const about = (each: OpenedPosting): boolean => each.view.about === posting.view.about
    const others = { signed: signed.filter(about), withdrawn: withdrawn.filter(about), names }
    const proposal = readProposal(operator, posting, others)
    if (proposal !== undefined && !read.has(proposal.id)) read.set(proposal.id, proposal)
  }
  return [...read.values()].reverse()
}

/** Adds one's own signature to a proposal and leaves it for the others. Returns the proposal with it. */
export async function addOwnSignature(operator: Operator, proposal: Proposal): Promise<Proposal> {
  const { kind, toSign, id, readers, endsAt } = proposal
  const standing = parseEnvelope(proposal.merged, proposal.merged.length)
  const envelope = addSignature({ ...standing, signatures: [] }, operator.identity.signing)
  await post(operator, {
    kind: 'signature',
    about: id,
    envelope,
    readers: peopleAmong(operator, readers),
    expiresAt: endsAt,
  })
  const { trust } = operator
  const own = parseEnvelope(envelope, envelope.length)
  const merged = mergeSignatures(standing, [own], { kind, trust })!
  const { signers } = merged
  const counted = signatureStanding(toSign, signers, trust)
  return { ...proposal, merged: merged.envelope, signers, standing: counted }
}

/** Takes a proposal back. */
export async function withdraw(operator: Operator, proposal: Proposal, why: string): Promise<void> {
  const readers = readersAmongPeople(operator, { customers: true })
  const withdrawal: Withdrawal = {
    withdrawalId: randomUUIDv7(),
    siteId: operator.site.siteId,
    about: proposal.id,
    why,
    issuedAt: instantOf(operator.now()),
    readers,
  }
  const envelope = signDocument(documents.withdrawal, withdrawal, operator.identity.signing)
  const { id: about, endsAt: expiresAt } = proposal
  await post(operator, { kind: 'withdrawal', about, envelope, readers, expiresAt })
}

/** Whether the agent's mailbox has had the document already. */
export async function isSubmitted({ hub }: Operator, { id }: Proposal): Promise<boolean> {
  try {
    await hub.showEnvelope(id)
    return true
  } catch (error) {
    if (hubRefusalOf(error)?.status === 404) return false
    throw error
  }
}

/**
 * Reads one proposal; undefined when it is none that this person could sign.
 *
 * Trust: the hub and whoever posts relay it. It counts if someone of the site signed it in a right role, whoever wants it
 * among them, for this site, naming this reader, under its own id.
 */
function readProposal(
  operator: Operator,
  posting: OpenedPosting,
  others: {
    signed: readonly OpenedPosting[]
    withdrawn: readonly OpenedPosting[]
    /** Names of agents by their ids. */
    names: ReadonlyMap<string, string>
  },
): Proposal | undefined {
  const verified = verifyEnvelope(posting.envelope, PROPOSABLE, operator.trust)
  if (!verified.ok) return undefined
  const { kind, payload, digest, signer: proposer } = verified
  const read = readOrNothing(() => readProposable(kind, payload))
  if (read === undefined || !isForMe(operator, read, posting.view)) return undefined
  const signatures = others.signed.map(({ envelope }) => envelope)
  const by = { kind: read.kind, trust: operator.trust }
  const merged = mergeSignatures(posting.envelope, signatures, by)
  if (merged === undefined) return undefined
  const approval = openAttached(operator, posting.approval, read)
  const toSign = toSignOf(read, approval, others.names)
  if (toSign.requestedBy !== undefined && !isSigner(merged.signers, toSign.requestedBy)) {
    return undefined
  }
  return {
    ...read,
    digest,
    merged: merged.envelope,
    signers: merged.signers,
    proposer,
    toSign,
    standing: signatureStanding(toSign, merged.signers, operator.trust),
    approval,
    withdrawn: withdrawalOf(operator, { read, proposer }, others.withdrawn),
    endsAt: read.expiresAt ?? posting.view.expiresAt,
  }
}

function isForMe(operator: Operator, read: ReadDocument, { about }: PostingView): boolean {
  const own = Buffer.from(operator.identity.sealing.publicKey).toString('base64url')
  return read.siteId === operator.site.siteId && read.id === about && read.readers.includes(own)
}

/** What is to be signed: a job or a schedule by its type, effect and what it is about, everything else by its kind. */
function toSignOf(
  read: ReadDocument,
  approval: AttachedApproval | undefined,
  names: ReadonlyMap<string, string>,
): ToSign {
  const { kind, document, agentIds } = read
  if (kind.name !== documents.job.name && kind.name !== documents.schedule.name) {
    return signedAs(kind, document)
  }
  const { jobType, input, requestedBy, step } = document as unknown as Schedule & Partial<Job>
  const job = jobUnder(approval, jobType)
  const effect = step === 'plan' ? 'read' : job?.effect
  const agent = { name: names.get(agentIds[0]!) ?? '' }
  return { jobType, effect, requestedBy, about: thingsOfJob(agent, input, job) }
}

function withdrawalOf(
  operator: Operator,
  { read, proposer }: { read: ReadDocument; proposer: TrustedKey },
  postings: readonly OpenedPosting[],
): Proposal['withdrawn'] {
  for (const { envelope } of postings) {
    const verified = verifyEnvelope(envelope, documents.withdrawal, operator.trust)
    if (!verified.ok) continue
    const { name, role } = verified.signer
    if (name !== proposer.name || role !== proposer.role) continue
    const said = readOrNothing(() => parseDocument(documents.withdrawal, verified.payload))
    if (said?.about === read.id && said.siteId === read.siteId) return { by: name, why: said.why }
  }
  return undefined
}

function isSigner(signers: readonly TrustedKey[], keyId: string): boolean {
  return signers.some((signer) => signer.keyId === keyId)
}

/** The people among the readers of a document: whoever it names, without the agent. */
function peopleAmong(operator: Operator, readers: readonly string[]): string[] {
  const people = new Set(readersAmongPeople(operator, { customers: true }))
  return readers.filter((reader) => people.has(reader))
}

function readOrNothing<T>(read: () => T): T | undefined {
  try {
    return read()
  } catch (error) {
    if (isCodedError(error)) return undefined
    throw error
  }
}

/** Whether this person has signed a proposal, with whichever of their keys. */
export function hasSigned(operator: Operator, { signers }: Proposal): boolean {
  const { name, role } = selfOf(operator)
  return signers.some((signer) => signer.name === name && signer.role === role)
}
