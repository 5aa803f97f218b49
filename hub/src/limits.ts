// SPDX-License-Identifier: Apache-2.0
/** Every number that bounds the hub, in one place. */
import { WIRE } from '@sallyport/core/transport'

const SECOND_MS = 1_000
const MINUTE_MS = 60 * SECOND_MS
const DAY_MS = 24 * 60 * MINUTE_MS
const MIB = 1_024 * 1_024

/** Bounds of the hub's own making; those of the wire are in the contract. */
export interface HubLimits {
  /** A challenge must be answered within this time. */
  readonly challengeMs: number
  /** Challenges that may be unanswered at once; more push out the oldest. */
  readonly challengeCount: number
  /** How long an access token lives. */
  readonly tokenMs: number
  /** How long an enrolment code may live. */
  readonly codeMs: number
  /** Unanswered envelopes. */
  readonly openPerAgent: number
  readonly openPerSite: number
  /** Bundles of one site. */
  readonly bundlesPerSite: number
  /** How long a posting may lie at the hub. */
  readonly postingMs: number
  /** Postings that lie at the hub at once, and the length of their sealed text; of a site, and of one key of it. */
  readonly postingsPerSite: number
  readonly postingBytesPerSite: number
  readonly postingsPerPoster: number
  readonly postingBytesPerPoster: number
  /** Entries of one agent's log in one epoch; their hashes stay, so that what is newer can be proven. */
  readonly entriesPerAgent: number
  /** Sealed text of one agent's entries; over it, that of the oldest segments goes. */
  readonly segmentBytesPerAgent: number
  /** Forks of one agent of which both notes are kept. */
  readonly forksPerAgent: number
  /** Time a delivery is reserved for its agent. */
  readonly leaseMs: number
  /** Requests of one person that may be held at once. */
  readonly heldPerPerson: number
  /** An agent's last sight is written at most this often. */
  readonly seenEveryMs: number
}

/** The bounds a hub has unless it is told otherwise. */
export const HUB_LIMITS: HubLimits = {
  challengeMs: MINUTE_MS,
  challengeCount: 20_000,
  tokenMs: 5 * MINUTE_MS,
  codeMs: 7 * DAY_MS,
  openPerAgent: 1_000,
  openPerSite: 10_000,
  bundlesPerSite: 64,
  postingMs: 400 * DAY_MS,
  postingsPerSite: 4_000,
  postingBytesPerSite: 256 * MIB,
  postingsPerPoster: 1_000,
  postingBytesPerPoster: 64 * MIB,
  entriesPerAgent: 10_000_000,
  segmentBytesPerAgent: 256 * MIB,
  forksPerAgent: 16,
  leaseMs: WIRE.leaseSeconds * SECOND_MS,
  heldPerPerson: 64,
  seenEveryMs: 15 * SECOND_MS,
}

/** Bounds of a connection. Units: milliseconds. */
export const SOCKET_LIMITS = {
  /** All headers must have come. */
  headersMs: 10 * SECOND_MS,
  /** The whole request must have come; 8 MiB over a slow line need this. */
  requestMs: 2 * MINUTE_MS,
  /** How often the two above are looked at. */
  checkMs: 2 * SECOND_MS,
  /** An unused connection is kept. */
  idleMs: 10 * SECOND_MS,
  /** Nothing at all moves on a connection: longer than a poll is held. */
  silenceMs: (WIRE.maxWaitSeconds + 25) * SECOND_MS,
  /** A request that does not wait must be answered. */
  handlerMs: 30 * SECOND_MS,
  maxHeaderBytes: 8_192,
  maxConnections: 20_000,
} as const

/** The hub is gone at most this long after it was told to go. Units: milliseconds. */
export const DRAIN_MS = 1_500
