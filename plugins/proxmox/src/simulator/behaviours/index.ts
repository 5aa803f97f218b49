// SPDX-License-Identifier: GPL-3.0-or-later
/** Everything a simulated cluster can do, by operation. */
import type { Behaviours } from '../contract.ts'
import { guestListBehaviours } from './guest-list.ts'
import { guestPowerBehaviours } from './guest-power.ts'

/** The behaviours of all nouns in one table. */
export const behaviours: Behaviours = {
  ...guestListBehaviours,
  ...guestPowerBehaviours,
}
