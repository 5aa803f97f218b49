// SPDX-License-Identifier: Apache-2.0
/** What everybody in one run shares: time, chance, trouble, the record, and the judge. */
import type { Judge } from './judge.ts'
import { drawTroubles, type Troubles } from './luck.ts'
import type { Mailbox } from './mailbox.ts'
import type { Chance } from './random.ts'
import type { Life, Timeline } from './timeline.ts'
import type { Trace } from './trace.ts'
import type { Vault } from './vault.ts'
import type { Wire } from './wire.ts'

/** One run's world. */
export interface World {
  readonly chance: Chance
  readonly timeline: Timeline
  readonly trace: Trace
  readonly mailbox: Mailbox
  readonly wire: Wire
  readonly vault: Vault
  readonly judge: Judge
  /** Replaced by none when the world heals. */
  troubles: Troubles
}

export { note } from './note.ts'
export type { Life }
export { drawTroubles }
