// SPDX-License-Identifier: Apache-2.0
/** Whether a head that an agent shows continues the one that was witnessed last. A decision, with nothing else in it. */
import { verifyConsistency } from '@sallyport/core/audit'

/** A head, as far as judging it needs. */
export interface JudgedHead {
  readonly epoch: number
  readonly size: number
  readonly root: Uint8Array
}

/** A head as an agent shows it, with what is to prove that it continues an earlier one. */
export interface ShownHead extends JudgedHead {
  readonly oldSize: number
  readonly consistency: readonly Uint8Array[]
}

/**
 * What a shown head is: the `same` again; `new`, the first one of a log or of a later epoch of it; one that `grows` from
 * the held one; `behind`, so that it says nothing about the held one; or a `fork`.
 */
export type HeadJudgement = 'same' | 'new' | 'grows' | 'behind' | 'fork'

/**
 * Judges a head that is signed by the agent.
 *
 * Why `behind` is no fork: a request that was lost, or an answer that was, leaves an honest agent behind. It asks for the
 * head that is held, and its own log tells it which of the two it is.
 */
export function judgeHead(held: JudgedHead | undefined, shown: ShownHead): HeadJudgement {
  if (held === undefined || shown.epoch > held.epoch) return shown.oldSize === 0 ? 'new' : 'behind'
  if (shown.epoch < held.epoch) return 'fork'
  if (shown.size === held.size) return isEqual(shown.root, held.root) ? 'same' : 'fork'
  if (shown.size < held.size || shown.oldSize !== held.size) return 'behind'
  const isGrowth = verifyConsistency({
    oldSize: held.size,
    oldRoot: held.root,
    newSize: shown.size,
    newRoot: shown.root,
    path: shown.consistency,
  })
  return isGrowth ? 'grows' : 'fork'
}

function isEqual(left: Uint8Array, right: Uint8Array): boolean {
  return Buffer.compare(left, right) === 0
}
