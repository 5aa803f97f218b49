// SPDX-License-Identifier: Apache-2.0
/** Plans: what a run would do, in lines that people read, and the state that was seen. */

/** One line of a plan. `note` and `warn` are about what comes with the change; the rest is the change. */
export interface PlannedChange {
  readonly op: 'add' | 'change' | 'remove' | 'note' | 'warn'
  /** What it is about: `guest 102 "photos" (lxc, stopped)`. */
  readonly what: string
  /** What is, where there is a before and an after. */
  readonly from?: string
  readonly to?: string
}

/**
 * What `plan` returns. The signature of a job covers all of it. Before the run the agent plans again; unless both come
 * out the same, the job is refused. So `state` holds what the change depends on and nothing that moves by itself, as
 * uptimes, loads and times do.
 */
export interface Plan<S = unknown> {
  readonly changes: readonly PlannedChange[]
  /** A JSON value. */
  readonly state: S
}

/** What a step gets as plan: nothing where the job type has none, which is a state of undefined. */
export type PlanOf<S> = 0 extends 1 & S ? S : [S] extends [undefined] ? undefined : Plan<S>
