// SPDX-License-Identifier: Apache-2.0
/** An agent as whoever judges a simulation sees it. */
import type { Disk } from './disk.ts'
import type { AgentName } from './site.ts'

/** What the judge sees of an agent. */
export interface WatchedAgent extends AgentName {
  readonly disk: Disk
  /** By the agent's own clock. Units: epoch milliseconds. */
  now(): number
  /** How often its disk was set back to an older copy. */
  readonly setBackCount: number
}
