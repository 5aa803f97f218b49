// SPDX-License-Identifier: Apache-2.0
/** Who may say what at a site: the trust root, the policy, and what people of a site tell each other. */
import { z } from 'zod'
import { Readers } from './for-agents.ts'
import { Bytes32, Id, Instant, Name } from './primitives.ts'

/** What a customer is shown: everything on one agent, or about one guest. */
export const Concern = z
  .string()
  .max(80)
  .regex(/^(agent\/[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?|guest\/[1-9][0-9]{2,8})$/, 'not a concern')

/** A pattern over job types: `*`, `plugin/*`, `plugin/noun.*` or a job type. */
export const JobTypePattern = z
  .string()
  .max(160)
  .regex(
    /^(\*|[a-z][a-z0-9-]{0,31}\/(\*|[a-z][a-z0-9-]{0,31}(\.[a-z][a-z0-9-]{0,31}){0,2}(\.\*|(\.[a-z][a-z0-9-]{0,31})?)))$/,
    'not a pattern of job types',
  )

/** Roles that a trust root gives to keys. Agents get theirs by enrolment. */
export const ROOT_ROLES = ['root', 'operator', 'publisher', 'customer', 'hub'] as const

const keyMembers = {
  role: z.enum(ROOT_ROLES),
  signingKey: Bytes32,
  /** X25519; null where the holder reads nothing that is sealed. */
  sealingKey: Bytes32.nullable(),
  /** The key counts until then. */
  notAfter: Instant,
}

/** One key of a trust root. */
export const RootKey = z.strictObject({
  /** Whose key it is. Two keys of one holder count once. */
  holder: Name,
  ...keyMembers,
  /** What concerns a customer; empty for every other role. */
  concerns: z.array(Concern).max(256),
})
export type RootKey = z.infer<typeof RootKey>

/** A name as it is to whoever does not have the name key of the site: 16 bytes of an HMAC, in hexadecimal. */
export const Pseudonym = z.string().regex(/^[0-9a-f]{32}$/, 'not a pseudonym')

/** One key of a trust root as it is signed. */
export const BlindRootKey = z.strictObject({
  holder: Pseudonym,
  ...keyMembers,
  concerns: z.array(Pseudonym).max(256),
})
export type BlindRootKey = z.infer<typeof BlindRootKey>

/** The names behind the pseudonyms of a root, for its people. Not a word in it counts that is not behind a pseudonym. */
export const SealedNames = z.strictObject({
  /** The names, under the name key: JWE, compact. */
  list: z.string().max(24_576),
  /** The name key, sealed to the people of the root: JWE, General JSON. Null where nobody of it reads. */
  key: z.string().max(24_576).nullable(),
})
export type SealedNames = z.infer<typeof SealedNames>

/** How many distinct holders must sign. One signature is always needed, whatever this says. */
export const Threshold = z.strictObject({
  jobTypes: JobTypePattern,
  effect: z.enum(['read', 'change', 'destroy']),
  operators: z.int().min(0).max(8),
  customers: z.int().min(0).max(4),
})
export type Threshold = z.infer<typeof Threshold>

/** Thresholds that sites begin with. */
export const THRESHOLD_PROFILES: Readonly<Record<'homelab' | 'msp', readonly Threshold[]>> = {
  homelab: thresholdsOf({ read: 1, change: 1, destroy: 1 }),
  msp: thresholdsOf({ read: 1, change: 1, destroy: 2 }),
}

const rootMembers = {
  siteId: Id,
  version: z.int().min(1).max(1_000_000),
  /** Holders of root keys that must sign the next version, and policies. */
  rootThreshold: z.int().min(1).max(8),
  /** Of those that match, the one with the most specific pattern counts. */
  thresholds: z.array(Threshold).min(3).max(64),
  issuedAt: Instant,
  expiresAt: Instant,
}

/** The keys of a site, their roles, and how many of them an effect needs, with all names. It leaves no machine like this. */
export const TrustRoot = z
  .strictObject({ ...rootMembers, siteName: Name, keys: z.array(RootKey).min(1).max(64) })
  .superRefine(refuseUnusable)
/** A root with its names. Why without `names`: signed bytes, which have it, cannot be taken for one. */
export type TrustRoot = z.infer<typeof TrustRoot> & { readonly names?: never }

/** The same as it is signed, by root keys of the version before: without a name that a hub could read. */
export const BlindRoot = z
  .strictObject({
    ...rootMembers,
    siteName: Pseudonym,
    keys: z.array(BlindRootKey).min(1).max(64),
    names: SealedNames,
  })
  .superRefine(refuseUnusable)
export type BlindRoot = z.infer<typeof BlindRoot>

/** Which principal may run what where, in Cedar. Signed by root keys. */
export const Policy = z.strictObject({
  siteId: Id,
  version: z.int().min(1).max(1_000_000),
  text: z.string().max(32_768),
  issuedAt: Instant,
})
export type Policy = z.infer<typeof Policy>

/** An agent's public keys as an operator of the site verified them. */
export const RosterEntry = z.strictObject({
  agentId: Id,
  name: Name,
  signingKey: Bytes32,
  sealingKey: Bytes32,
})

/** The agents of a site, for the other people of it. Signed by an operator. */
export const Roster = z.strictObject({
  rosterId: Id,
  siteId: Id,
  agents: z.array(RosterEntry).max(256),
  /** Agents that this operator sent away. */
  revoked: z.array(Id).max(256).optional(),
  issuedAt: Instant,
  readers: Readers,
})
export type Roster = z.infer<typeof Roster>

/** Which entries of one segment of an agent's log a reader is given. Signed by the agent, so that none can be kept back. */
export const SegmentIndex = z.strictObject({
  /** Of the head that the segment belongs to. */
  origin: z.string().max(128),
  from: z.int().min(0),
  to: z.int().min(1),
  /** X25519 key of the reader. */
  reader: Bytes32,
  indices: z.array(z.int().min(0)).max(256),
})
export type SegmentIndex = z.infer<typeof SegmentIndex>

/** A proposer's word that what they proposed shall not be signed any more. */
export const Withdrawal = z.strictObject({
  withdrawalId: Id,
  siteId: Id,
  /** Id of the proposed document. */
  about: Id,
  why: z.string().max(512),
  issuedAt: Instant,
  readers: Readers,
})
export type Withdrawal = z.infer<typeof Withdrawal>

/** Why: a root that nobody can follow up, or in which one key has two roles, must not come to be. */
function refuseUnusable(root: RootShape, context: z.RefinementCtx): void {
  const say = (path: string, message: string): void =>
    context.addIssue({ code: 'custom', path: [path], message })
  const rootHolders = new Set(
    root.keys.filter(({ role }) => role === 'root').map(({ holder }) => holder),
  )
  if (rootHolders.size < root.rootThreshold) say('rootThreshold', 'fewer holders of root keys')
  if (hasTwins(root.keys.map(({ signingKey }) => signingKey))) say('keys', 'a key stands twice')
  if (root.keys.some(({ role, concerns }) => role !== 'customer' && concerns.length > 0))
    say('keys', 'concerns of a key that is no customer')
  if (hasTwins(root.thresholds.map(({ jobTypes, effect }) => `${effect} ${jobTypes}`)))
    say('thresholds', 'a pattern stands twice for one effect')
  for (const effect of ['read', 'change', 'destroy'] as const) {
    const isThere = root.thresholds.some((each) => each.effect === effect && each.jobTypes === '*')
    if (!isThere) say('thresholds', `nothing is said of * for ${effect}`)
  }
  if (root.issuedAt >= root.expiresAt) say('expiresAt', 'before issuedAt')
}

interface RootShape {
  readonly keys: readonly RootKey[]
  readonly thresholds: readonly Threshold[]
  readonly rootThreshold: number
  readonly issuedAt: string
  readonly expiresAt: string
}

function thresholdsOf(operators: Record<Threshold['effect'], number>): Threshold[] {
  const effects = ['read', 'change', 'destroy'] as const
  return effects.map((effect) => ({
    jobTypes: '*',
    effect,
    operators: operators[effect],
    customers: 0,
  }))
}

function hasTwins(values: readonly string[]): boolean {
  return new Set(values).size !== values.length
}
