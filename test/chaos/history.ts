// SPDX-License-Identifier: Apache-2.0
/** What happened in a run, in the order in which it was seen. */
import type { Result } from '@sallyport/core/protocol'
import type { Order, Who } from './cast.ts'

/** What became of a submission, as far as its sender knows. */
export type Submitted = 'accepted' | 'refused' | 'unknown'

/** One thing that happened. */
export type Happening =
  | { readonly kind: 'done-to'; readonly who: Who; readonly what: string }
  | { readonly kind: 'wire'; readonly who: Who; readonly what: string }
  | { readonly kind: 'ordered'; readonly jobId: string; readonly order: Order }
  | {
      readonly kind: 'submitted'
      readonly jobId: string
      readonly outcome: Submitted
      readonly attemptCount: number
      readonly why: string | null
    }
  /**
   * Somebody looked at the hub: the state of the envelope, the digest of the sealed answer if there was one, and how often
   * it was delivered until then.
   */
  | {
      readonly kind: 'seen'
      readonly jobId: string
      readonly state: string
      readonly answer: string | null
      readonly deliveryCount: number
    }
  /** The answer, opened and verified. */
  | {
      readonly kind: 'answered'
      readonly jobId: string
      readonly state: Result['state']
      readonly reason: string | null
    }
  /** How many effects the ledger of the agent has, at the end. */
  | { readonly kind: 'counted'; readonly jobId: string; readonly effectCount: number }
  /** An agent did not even say what its ledger has. */
  | { readonly kind: 'silent'; readonly who: Who; readonly why: string }

/** Told of each thing, and of how long after the beginning it was seen. */
export type Listener = (happening: Happening, atMs: number) => void

/** The history of a run. */
export class History {
  readonly #startedAt = performance.now()
  readonly all: (Happening & { readonly atMs: number })[] = []
  readonly #listeners: Listener[] = []

  /** From now on, `listener` is told of what happens. */
  listen(listener: Listener): void {
    this.#listeners.push(listener)
  }

  note(happening: Happening): void {
    const atMs = Math.round(performance.now() - this.#startedAt)
    this.all.push({ atMs, ...happening })
    for (const tell of this.#listeners) tell(happening, atMs)
  }
}
