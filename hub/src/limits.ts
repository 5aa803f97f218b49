// SPDX-License-Identifier: Apache-2.0
/** Every number that bounds the hub, in one table: what it is, its unit, its default in each profile, its range. */
import { WIRE } from '@sallyport/core/transport'

const SECOND_MS = 1_000
const MINUTE_MS = 60 * SECOND_MS
const HOUR_MS = 60 * MINUTE_MS
const DAY_MS = 24 * HOUR_MS
const KIB = 1_024
const MIB = 1_024 * KIB
const MOST = 1_000_000_000
const MOST_BYTES = 1_024 * 1_024 * MIB
/** The longest a timer of Node runs; longer ones would fire at once. */
const LONGEST_TIMER_MS = 2 ** 31 - 1
const LONGEST_MS = 10_000 * DAY_MS

/** What a knob counts. */
export type Unit = 'ms' | 'bytes' | 'count' | 'per minute'

/** One number of the hub that can be set. */
export interface Knob {
  readonly unit: Unit
  /** The default of each profile. */
  readonly homelab: number
  readonly msp: number
  readonly min: number
  readonly max: number
  /** One sentence for whoever runs the hub. */
  readonly doc: string
}

/** What may differ from the usual. */
type Change = Partial<Pick<Knob, 'msp' | 'min' | 'max'>>

function knob(unit: Unit, homelab: number, doc: string, change: Change = {}): Knob {
  const max = unit === 'ms' ? LONGEST_MS : MOST
  return { unit, homelab, msp: homelab, min: 1, max, doc, ...change }
}

const timer: Change = { max: LONGEST_TIMER_MS }

/** Every knob by its name; names are those of the file that `--limits` names. */
export const KNOBS = {
  challengeMs: knob('ms', MINUTE_MS, 'A challenge must be answered within this time.', timer),
  nonceMs: knob('ms', 3 * MINUTE_MS, 'A nonce for the proofs of requests is taken for this time.', {
    min: MINUTE_MS,
    max: 10 * MINUTE_MS,
  }),
  sessionKeyMs: knob(
    'ms',
    6 * HOUR_MS,
    'How long one key signs access tokens and nonces before the next one does.',
    { min: 15 * MINUTE_MS },
  ),
  tokenMs: knob('ms', 5 * MINUTE_MS, 'How long an access token lives.', {
    min: 5 * MINUTE_MS,
    max: 10 * MINUTE_MS,
  }),
  codeMs: knob('ms', 7 * DAY_MS, 'How long an enrolment code may live.', { max: 7 * DAY_MS }),

  openPerAgent: knob('count', 1_000, 'Unanswered envelopes of one agent.'),
  openPerSite: knob('count', 10_000, 'Unanswered envelopes of one site.', { msp: 100_000 }),
  leaseMs: knob(
    'ms',
    WIRE.leaseSeconds * SECOND_MS,
    'Time a delivery is reserved for its agent.',
    timer,
  ),
  heldPerPerson: knob('count', 64, 'Requests of one person that may be held at once.'),
  seenEveryMs: knob('ms', 15 * SECOND_MS, "An agent's last sight is written at most this often."),

  doneMs: knob(
    'ms',
    90 * DAY_MS,
    'An answered or expired envelope stays this long, with its answer.',
  ),
  unansweredMs: knob(
    'ms',
    90 * DAY_MS,
    'An envelope that an agent took and never answered stays this long after its end.',
  ),
  donePerSite: knob(
    'count',
    20_000,
    'Answered and expired envelopes of one site; over it, the oldest go.',
    { msp: 500_000 },
  ),
  doneBytesPerSite: knob('bytes', 512 * MIB, 'Sealed text of these and of their answers.', {
    msp: 8_192 * MIB,
    max: MOST_BYTES,
  }),
  siteLogMs: knob('ms', 400 * DAY_MS, "Entries of the hub's own log of a site stay this long."),
  siteLogEntries: knob('count', 500_000, 'Entries of that log; over it, the oldest go.', {
    msp: 10_000_000,
  }),
  sweepMs: knob('ms', 10 * MINUTE_MS, 'How often what is over these bounds is looked for.', timer),

  bundlesPerSite: knob('count', 64, 'Plugin bundles of one site.'),
  postingMs: knob('ms', 400 * DAY_MS, 'How long a posting may lie at the hub.'),
  postingsPerSite: knob('count', 4_000, 'Postings of one site that lie at the hub at once.', {
    msp: 40_000,
  }),
  postingBytesPerSite: knob('bytes', 256 * MIB, 'Sealed text of the postings of one site.'),
  postingsPerPoster: knob('count', 1_000, 'Postings of one key that lie at the hub at once.'),
  postingBytesPerPoster: knob('bytes', 64 * MIB, 'Sealed text of the postings of one key.'),
  entriesPerAgent: knob(
    'count',
    10_000_000,
    "Entries of one agent's log in one epoch; their hashes stay, so that what is newer can be proven.",
  ),
  segmentBytesPerAgent: knob(
    'bytes',
    256 * MIB,
    "Sealed text of one agent's entries; over it, that of the oldest segments goes.",
  ),
  forksPerAgent: knob('count', 16, 'Forks of one agent of which both notes are kept.', { max: 16 }),

  healthPerSource: knob(
    'per minute',
    6_000,
    'Questions after the health of the hub, of one source address.',
  ),
  requestsPerSource: knob(
    'per minute',
    600,
    'Requests of one source address that no session stands behind. One that turns out to have a session is given back.',
    { msp: 30_000 },
  ),
  sessionsPerSource: knob(
    'per minute',
    600,
    'Challenges and proofs of one source address; those of a session that opens are given back.',
    { msp: 30_000 },
  ),
  enrolmentsPerSource: knob('per minute', 30, 'Codes that one source address tries to redeem.', {
    msp: 300,
  }),
  pollsPerAgent: knob('per minute', 1_200, 'Polls of one agent.'),
  readsPerAgent: knob('per minute', 1_200, 'Other reading requests of one agent.'),
  writesPerAgent: knob('per minute', 6_000, 'Answers, heads, segments and postings of one agent.'),
  pollsPerPerson: knob('per minute', 3_000, 'Waiting requests of one person.'),
  readsPerPerson: knob('per minute', 6_000, 'Other reading requests of one person.'),
  writesPerPerson: knob(
    'per minute',
    6_000,
    'Envelopes, codes, bundles and postings of one person.',
  ),

  attemptsMs: knob(
    'ms',
    HOUR_MS,
    'Invalid attempts of one source address or key are forgotten this long after the first.',
    timer,
  ),
  attemptsPerPair: knob(
    'count',
    3,
    'Failed proofs of one key from one address that count against the address; further ones count against the two together.',
  ),
  backOffAfter: knob(
    'count',
    10,
    'Invalid attempts after which the next is refused for a time that doubles.',
  ),
  backOffFirstMs: knob('ms', SECOND_MS, 'The first of these times.', timer),
  backOffMaxMs: knob('ms', MINUTE_MS, 'The longest of them.', timer),
  penaltyAfter: knob('count', 15, 'Invalid attempts after which each answer to one is held back.'),
  penaltyMs: knob('ms', 2 * SECOND_MS, 'How long it is held back.', timer),
  penaltiesAtOnce: knob(
    'count',
    256,
    'Answers that may be held back at once; others go out at once.',
  ),
  lockOutAfter: knob(
    'count',
    25,
    'Invalid attempts after which a source address or key is locked out.',
    {
      msp: 50,
    },
  ),
  lockOutMs: knob('ms', 15 * MINUTE_MS, 'How long it is locked out.', timer),
  lockOutsMs: knob(
    'ms',
    DAY_MS,
    'Lock-outs of a key are forgotten this long after the first.',
    timer,
  ),
  quarantineAfter: knob(
    'count',
    3,
    'Lock-outs after which the key of an agent or customer is out until an operator lifts it.',
  ),
  trialsPerSource: knob(
    'per minute',
    120,
    'Tokens and proofs of known keys that are still looked at from an address that is locked out.',
    { msp: 6_000 },
  ),
  trackedSubjects: knob(
    'count',
    50_000,
    'Addresses and keys of which something is counted in memory; more push out the oldest.',
    { msp: 200_000 },
  ),
  stepsPerHour: knob(
    'count',
    60,
    "Steps that are written to a site's log within an hour; more are counted.",
  ),
  stepsShown: knob('count', 100, 'Steps of the last time that `hub status` shows.', { max: 1_000 }),

  headersMs: knob('ms', 10 * SECOND_MS, 'All headers of a request must have come.', timer),
  strangerBodyMs: knob(
    'ms',
    10 * SECOND_MS,
    'The body of a request must have come where no session is asked for.',
    timer,
  ),
  requestMs: knob(
    'ms',
    2 * MINUTE_MS,
    'A whole request must have come; a bundle over a slow line needs this.',
    timer,
  ),
  checkMs: knob('ms', 2 * SECOND_MS, 'How often the times above are looked at.', timer),
  stallMs: knob(
    'ms',
    10 * SECOND_MS,
    'Nothing of a body that has begun, or of an answer, moves.',
    timer,
  ),
  idleMs: knob('ms', 10 * SECOND_MS, 'An unused connection is kept.', timer),
  silenceMs: knob(
    'ms',
    (WIRE.maxWaitSeconds + 25) * SECOND_MS,
    'Nothing at all moves on a connection: longer than a poll is held.',
    { ...timer, min: (WIRE.maxWaitSeconds + 5) * SECOND_MS },
  ),
  handlerMs: knob('ms', 30 * SECOND_MS, 'A request that does not wait must be answered.', timer),
  drainMs: knob(
    'ms',
    10 * SECOND_MS,
    'Requests that were begun when the hub is told to go get to their end.',
    timer,
  ),
  maxHeaderBytes: knob('bytes', 8 * KIB, 'All headers of a request together.', {
    min: 4 * KIB,
    max: 64 * KIB,
  }),
  maxConnections: knob('count', 20_000, 'Open connections.'),
  pipelined: knob('count', 8, 'Requests of one connection that may be unanswered at once.'),
  strangers: knob(
    'count',
    2_000,
    'Open connections on which no session has been shown yet; more push out the oldest that waits.',
    { msp: 8_000 },
  ),
  strangersPerSource: knob('count', 500, 'The same of one source address.', { msp: 6_000 }),
  bodyBytes: knob('bytes', 256 * MIB, 'Bodies on their way in, all together.'),
  bodyBytesPerSource: knob('bytes', 4 * MIB, 'Bodies of one source address without a session.', {
    msp: 64 * MIB,
  }),
  bodyBytesPerKey: knob('bytes', 64 * MIB, 'Bodies of one agent or person.'),
  answerBytes: knob('bytes', 512 * MIB, 'Answers on their way out, all together.'),
  answerBytesPerKey: knob('bytes', 64 * MIB, 'Answers on their way to one agent or person.'),
} as const satisfies Readonly<Record<string, Knob>>

/** Name of a knob. */
export type KnobName = keyof typeof KNOBS

/** Bounds of the hub's own making; those of the wire are in the contract. Units: see `KNOBS`. */
export type HubLimits = { readonly [Name in KnobName]: number }

/** The two sets of defaults. */
export const PROFILES = ['homelab', 'msp'] as const
/** One of them. */
export type Profile = (typeof PROFILES)[number]

/** The defaults of a profile. */
export function limitsOf(profile: Profile): HubLimits {
  const entries = Object.entries(KNOBS).map(([name, of]) => [name, of[profile]])
  return Object.fromEntries(entries) as HubLimits
}

/** The bounds a hub has unless it is told otherwise. */
export const HUB_LIMITS: HubLimits = limitsOf('homelab')
