// SPDX-License-Identifier: Apache-2.0
/** The site that is simulated: its people, its agents, its thresholds, and the one plugin they run. */
import type { AdmissionPorts } from '@sallyport/core/admission'
import {
  digestOf,
  makeBundle,
  makeIdentity,
  makeTrustStore,
  makeTrustedKey,
  sha256,
  signPublication,
  type Identity,
} from '@sallyport/core/crypto'
import { approvedJobsOf, encodeBase64url, instantOf, type Approval } from '@sallyport/core/protocol'
import type { JobManifest, PluginManifest } from '@sallyport/sdk'

/** When every run begins. Units: epoch milliseconds. */
export const START_MS = Date.parse('2026-11-22T08:00:00.000Z')
const DAY_MS = 86_400_000

/** An id that its name decides. */
export function idOf(name: string): string {
  const hex = Buffer.from(sha256(Buffer.from(name))).toString('hex')
  return `01890000-${hex.slice(0, 4)}-7${hex.slice(4, 7)}-8${hex.slice(7, 10)}-${hex.slice(10, 22)}`
}

export const SITE_ID = idOf('site')

/** Who can sign. `ann` has two keys; `stranger` is in nobody's trust store. */
export const PEOPLE = {
  ann: identityOf('ann'),
  annAgain: identityOf('ann-again'),
  ben: identityOf('ben'),
  customer: identityOf('customer'),
  publisher: identityOf('publisher'),
  stranger: identityOf('stranger'),
} as const
export type Signer = keyof typeof PEOPLE

/** An agent of the site. */
export interface AgentName {
  readonly name: string
  readonly agentId: string
  readonly identity: Identity
}

export const AGENTS: readonly AgentName[] = ['pve1', 'pve2'].map((name) => ({
  name,
  agentId: idOf(name),
  identity: identityOf(name),
}))

/** Whose word counts, and how many must say it: two operators where something is destroyed, the customer where it moves. */
export const TRUST: AdmissionPorts['trust'] = makeTrustStore(
  SITE_ID,
  [
    makeTrustedKey('operator', 'ann', PEOPLE.ann.signing.publicKey),
    makeTrustedKey('operator', 'ann', PEOPLE.annAgain.signing.publicKey),
    makeTrustedKey('operator', 'ben', PEOPLE.ben.signing.publicKey),
    makeTrustedKey('customer', 'customer', PEOPLE.customer.signing.publicKey, ['agent/pve1']),
    makeTrustedKey('publisher', 'publisher', PEOPLE.publisher.signing.publicKey),
  ],
  [
    { jobTypes: '*', effect: 'read', operators: 1, customers: 0 },
    { jobTypes: '*', effect: 'change', operators: 1, customers: 0 },
    { jobTypes: 'world/move', effect: 'change', operators: 1, customers: 1 },
    { jobTypes: '*', effect: 'destroy', operators: 2, customers: 0 },
  ],
)

export const MANIFEST: PluginManifest = {
  name: 'world',
  version: '1.0.0',
  summary: 'A piece of the world',
  jobs: {
    look: jobManifest({ effect: 'read' }),
    set: jobManifest({ effect: 'change' }),
    pour: jobManifest({ effect: 'change', hasResume: true }),
    move: jobManifest({ effect: 'change' }),
    wipe: jobManifest({ effect: 'destroy', hasPlan: true }),
  },
}

export const BUNDLE = makeBundle(MANIFEST, { 'plugin.mjs': 'export {}', 'licenses.txt': 'none' })

/** An approval of the plugin, issued so long after the start. */
export function makeApproval(name: string, issuedMs: number): Approval {
  return {
    approvalId: idOf(name),
    siteId: SITE_ID,
    agentIds: AGENTS.map(({ agentId }) => agentId),
    plugin: { name: 'world', version: '1.0.0', digest: digestOf(BUNDLE) },
    publisher: { name: 'publisher', key: encodeBase64url(PEOPLE.publisher.signing.publicKey) },
    publication: PUBLICATION,
    jobs: approvedJobsOf(MANIFEST),
    bindings: [],
    overrides: [],
    issuedAt: instantOf(START_MS + issuedMs),
    expiresAt: instantOf(START_MS + issuedMs + 30 * DAY_MS),
    readers: readersOf(PEOPLE.ann, ...AGENTS.map(({ identity }) => identity)),
  }
}

const PUBLICATION = encodeBase64url(
  signPublication(BUNDLE, {
    publisher: PEOPLE.publisher,
    publicationId: idOf('publication'),
    issuedAtMs: START_MS - DAY_MS,
    expiresAtMs: START_MS + 300 * DAY_MS,
  }),
)

/** The sealing keys of these parties. */
export function readersOf(...parties: readonly Identity[]): string[] {
  return parties.map(({ sealing }) => encodeBase64url(sealing.publicKey))
}

function identityOf(name: string): Identity {
  const halves = ['sign', 'open'].map((use) => sha256(Buffer.from(`${name} ${use}`)))
  return makeIdentity(name, new Uint8Array(Buffer.concat(halves)))
}

function jobManifest(changes: Partial<JobManifest>): JobManifest {
  return {
    summary: 'Does it',
    effect: 'read',
    input: {},
    output: {},
    resources: {},
    permissions: {},
    limits: { perMinute: 1_000, timeoutMs: 60_000, maxOutputBytes: 1_000 },
    hasPlan: false,
    hasResume: false,
    hasVerify: false,
    ...changes,
  } as JobManifest
}
