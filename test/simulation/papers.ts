// SPDX-License-Identifier: Apache-2.0
/** Documents that people sign in a simulation, made once and used in many runs, each with what is true of it. */
import { digestOf, open, seal } from '@sallyport/core/crypto'
import {
  documents,
  encodeDocument,
  encodeEnvelope,
  epochMs,
  instantOf,
  pae,
  type DocumentKind,
  type Job,
} from '@sallyport/core/protocol'
import {
  AGENTS,
  PEOPLE,
  SITE_ID,
  START_MS,
  idOf,
  makeApproval,
  readersOf,
  type Signer,
} from './site.ts'

/** What may be wrong with a job besides its signers. */
type Flaw =
  | 'altered after signing'
  | 'for the other agent'
  | 'not a reader'
  | 'too long'
  | 'without a plan'

/** How a job is signed and what is wrong with it. `isRight` is the judgement of whoever wrote the table. */
export interface JobVariant {
  readonly name: string
  readonly job: 'look' | 'set' | 'pour' | 'move' | 'wipe' | 'none'
  readonly signers: readonly Signer[]
  readonly requestedBy?: Signer
  /** `plan` only looks. */
  readonly step?: 'plan'
  readonly flaw?: Flaw
  readonly isRight: boolean
}

export const RIGHT_JOBS: readonly JobVariant[] = [
  { name: 'look', job: 'look', signers: ['ann'], isRight: true },
  { name: 'set', job: 'set', signers: ['ann'], isRight: true },
  { name: 'set by two', job: 'set', signers: ['ben', 'ann'], isRight: true },
  { name: 'pour', job: 'pour', signers: ['ben'], isRight: true },
  { name: 'move', job: 'move', signers: ['ann', 'customer'], isRight: true },
  { name: 'wipe', job: 'wipe', signers: ['ann', 'ben'], isRight: true },
  { name: 'plan of a wipe', job: 'wipe', signers: ['ann'], step: 'plan', isRight: true },
]

export const WRONG_JOBS: readonly JobVariant[] = [
  { name: 'wipe by one', job: 'wipe', signers: ['ann'], isRight: false },
  { name: 'wipe by one with two keys', job: 'wipe', signers: ['ann', 'annAgain'], isRight: false },
  { name: 'wipe with the customer', job: 'wipe', signers: ['ann', 'customer'], isRight: false },
  { name: 'wipe and a stranger', job: 'wipe', signers: ['ann', 'stranger'], isRight: false },
  { name: 'move without the customer', job: 'move', signers: ['ann', 'ben'], isRight: false },
  { name: 'set by the customer alone', job: 'set', signers: ['customer'], isRight: false },
  { name: 'set in another name', job: 'set', signers: ['ann'], requestedBy: 'ben', isRight: false },
  { name: 'set by a stranger', job: 'set', signers: ['stranger'], isRight: false },
  { name: 'set by the publisher', job: 'set', signers: ['publisher'], isRight: false },
  {
    name: 'set, altered',
    job: 'set',
    signers: ['ann'],
    flaw: 'altered after signing',
    isRight: false,
  },
  {
    name: 'set elsewhere',
    job: 'set',
    signers: ['ann'],
    flaw: 'for the other agent',
    isRight: false,
  },
  { name: 'set, sealed anew', job: 'set', signers: ['ann'], flaw: 'not a reader', isRight: false },
  { name: 'set for too long', job: 'set', signers: ['ann'], flaw: 'too long', isRight: false },
  {
    name: 'wipe unplanned',
    job: 'wipe',
    signers: ['ann', 'ben'],
    flaw: 'without a plan',
    isRight: false,
  },
  { name: 'unknown job type', job: 'none', signers: ['ann'], isRight: false },
]

/** A document that is signed and sealed, with what is true of it. Units: milliseconds since the beginning of a run. */
export interface Paper {
  readonly id: string
  readonly name: string
  readonly agentId: string
  readonly sealed: string
  /** SHA-256 of the signed payload. */
  readonly digest: string
  readonly issuedMs: number
  readonly expiresMs: number
  /** Jobs only. */
  readonly job: { readonly document: Job; readonly isRight: boolean } | undefined
}

/** Which job, when, and for how long. */
export interface JobOrder {
  readonly variant: JobVariant
  readonly agent: number
  readonly issuedMs: number
  readonly lifeMs: number
  /** Tells equal ones apart. */
  readonly copy: number
}

const papers = new Map<string, Promise<Paper>>()

function once(key: string, make: () => Promise<Paper>): Promise<Paper> {
  const known = papers.get(key) ?? make()
  papers.set(key, known)
  return known
}

/** The job of an order. */
export function jobPaper(order: JobOrder): Promise<Paper> {
  const { variant, agent, issuedMs, lifeMs, copy } = order
  const name = `${variant.name}/${agent}/${issuedMs}/${lifeMs}/${copy}`
  return once(name, async () => {
    const { flaw, signers, isRight } = variant
    const document = jobOf(name, order)
    const isAltered = flaw === 'altered after signing'
    const { bytes, digest } = signBy(documents.job, document, signers, isAltered)
    const times = { issuedMs, expiresMs: epochMs(document.expiresAt) - START_MS }
    const job = { document, isRight }
    return { ...(await sealed(bytes, agent)), id: document.jobId, name, digest, ...times, job }
  })
}

/** What a wipe says that it would do. */
export const PLAN = { changes: [{ op: 'remove' as const, what: 'everything' }], state: { n: 1 } }

function jobOf(name: string, { variant, agent, issuedMs, lifeMs, copy }: JobOrder): Job {
  const { flaw, job, signers, requestedBy, step = 'run' } = variant
  const here = AGENTS[agent]!
  const isPlanned = job === 'wipe' && step === 'run' && flaw !== 'without a plan'
  const expiresMs = issuedMs + (flaw === 'too long' ? 2 * 86_400_000 : lifeMs)
  return {
    jobId: idOf(name),
    siteId: SITE_ID,
    agentId: (flaw === 'for the other agent' ? AGENTS[1 - agent]! : here).agentId,
    jobType: `world/${job}`,
    input: { n: copy, variant: variant.name },
    requestedBy: PEOPLE[requestedBy ?? signers[0]!].signing.keyId,
    step,
    plan: isPlanned ? PLAN : null,
    issuedAt: instantOf(START_MS + issuedMs),
    notBefore: instantOf(START_MS + issuedMs),
    expiresAt: instantOf(START_MS + expiresMs),
    readers: readersOf(...(flaw === 'not a reader' ? [PEOPLE.ann] : [here.identity, PEOPLE.ann])),
  }
}

/** A word of an operator to one agent. */
export type Order =
  | { readonly kind: 'approval' | 'revocation' | 'isolation' | 'lift' }
  | { readonly kind: 'cancellation'; readonly jobId: string }

/** A document that is no job. */
export function orderPaper(order: Order, agent: number, issuedMs: number): Promise<Paper> {
  const about = 'jobId' in order ? order.jobId : ''
  const name = `${order.kind}/${agent}/${issuedMs}/${about}`
  return once(name, async () => {
    const { bytes, digest } = signOrder(order, { name, agent, issuedMs })
    const times = { issuedMs, expiresMs: issuedMs + 86_400_000 }
    return {
      ...(await sealed(bytes, agent)),
      id: idOf(name),
      name,
      digest,
      ...times,
      job: undefined,
    }
  })
}

function signOrder(
  order: Order,
  given: { name: string; agent: number; issuedMs: number },
): { bytes: Uint8Array; digest: string } {
  const { name, agent, issuedMs } = given
  const { agentId, identity } = AGENTS[agent]!
  const common = {
    siteId: SITE_ID,
    agentIds: [agentId],
    readers: readersOf(identity, PEOPLE.ann),
    issuedAt: instantOf(START_MS + issuedMs),
  }
  const id = idOf(name)
  const why = 'a case'
  if (order.kind === 'approval')
    return signBy(documents.approval, makeApproval(name, issuedMs), ['ann'])
  if (order.kind === 'revocation') {
    const subject = { plugin: 'world' }
    return signBy(documents.revocation, { ...common, revocationId: id, subject, why }, ['ann'])
  }
  if (order.kind === 'cancellation') {
    const { jobId } = order
    return signBy(documents.cancellation, { ...common, cancellationId: id, jobId, why }, ['ben'])
  }
  const isIsolated = order.kind === 'isolation'
  return signBy(documents.isolation, { ...common, isolationId: id, isIsolated, why }, ['ann'])
}

async function sealed(
  bytes: Uint8Array,
  agent: number,
): Promise<Pick<Paper, 'agentId' | 'sealed'>> {
  const { agentId, identity } = AGENTS[agent]!
  return { agentId, sealed: await seal(bytes, readersOf(identity, PEOPLE.ann)) }
}

/** Signs by each of them, as colleagues do one after the other. */
export function signBy<T>(
  kind: DocumentKind<T>,
  document: T,
  signers: readonly Signer[],
  isAltered = false,
): { bytes: Uint8Array; digest: string } {
  const payload = encodeDocument(kind, document)
  const message = pae(kind.payloadType, payload)
  const signatures = signers.map((who) => {
    const { keyId, sign } = PEOPLE[who].signing
    return { keyId, signature: sign(message) }
  })
  const sent = isAltered ? alter(payload) : payload
  const bytes = encodeEnvelope({ payloadType: kind.payloadType, payload: sent, signatures })
  return { bytes, digest: digestOf(sent) }
}

/** Another input, the same length. */
function alter(payload: Uint8Array): Uint8Array {
  return Buffer.from(
    Buffer.from(payload).toString().replace('"n":0', '"n":9').replace('"n":1', '"n":9'),
  )
}

const opened = new Map<string, Promise<Uint8Array>>()

/** `open` of the crypto row, which is a function of its arguments and costs a millisecond: remembered. */
export const openOnce: typeof open = (sealed, key, maxBytes) => {
  const name = `${key.keyId}${sealed}`
  const known = opened.get(name) ?? open(sealed, key, maxBytes)
  opened.set(name, known)
  known.catch(() => undefined)
  return known
}
