// SPDX-License-Identifier: Apache-2.0
/** What a fleet and its crowds tell each other, over the channel between their processes. */

/** One agent on its way to being enrolled. */
export interface NewAgent {
  /** Which of the fleet's seeds makes its keys. */
  readonly index: number
  readonly name: string
  readonly code: string
}

/** One agent that is enrolled, as a person needs to know it. */
export interface EnrolledAgent {
  readonly agentId: string
  readonly name: string
  readonly signingKey: string
  readonly sealingKey: string
}

/** What a crowd is told. */
export type ToCrowd =
  | { readonly kind: 'begin'; readonly url: string; readonly seed: string }
  | { readonly kind: 'enrol'; readonly batch: number; readonly agents: readonly NewAgent[] }
  /** Begins to poll, each agent at its own moment within `withinMs`. */
  | { readonly kind: 'poll'; readonly withinMs: number; readonly waitSeconds: number }
  /** Which agents have no poll held now. */
  | { readonly kind: 'absent'; readonly question: number }
  | { readonly kind: 'stop' }

/** What a crowd tells. */
export type FromCrowd =
  | { readonly kind: 'ready' }
  | { readonly kind: 'enrolled'; readonly batch: number; readonly agents: readonly EnrolledAgent[] }
  | { readonly kind: 'failed'; readonly batch: number; readonly why: string }
  | { readonly kind: 'absent'; readonly question: number; readonly agentIds: readonly string[] }
  | ({ readonly kind: 'count' } & CrowdCount)

/** Where a crowd stands. */
export interface CrowdCount {
  /** Agents whose poll the hub holds. */
  readonly heldCount: number
  /** Polls that came to an end without a fault. */
  readonly pollCount: number
  /** Jobs answered, and effects, which are never more than one for each job. */
  readonly answeredCount: number
  readonly effectCount: number
  /** Failed polls and failed receipts by code, since the start. */
  readonly failures: Readonly<Record<string, number>>
}
