// SPDX-License-Identifier: Apache-2.0
/** Who takes part in a chaos run, what is asked of them, and what is done to them. */

/** Whom something is done to: `hub-0`, `agent-3`, `operator`, `database`, `redis`. */
export type Who = string

/** Something that is done at a time, and undone `forMs` later. */
export interface Trouble {
  readonly atMs: number
  readonly kind: 'kill' | 'stop' | 'partition'
  readonly who: Who
  /** How long it is down, frozen, or cut off. */
  readonly forMs: number
}

/** A job that is submitted at a time. */
export interface Order {
  readonly atMs: number
  readonly number: number
  readonly agent: number
  readonly jobType: 'tally/add' | 'tally/add.in-steps' | 'tally/look'
  readonly beforeMs: number
  readonly afterMs: number
  /** How long the job may begin after it was submitted. */
  readonly lifeMs: number
}

/** What a run is drawn for. */
export interface Cast {
  readonly agentCount: number
  readonly hubCount: number
  /** Whether there is a database of its own, which can fall too. */
  readonly hasDatabase: boolean
  /** The same of a Redis. */
  readonly hasRedis: boolean
}
