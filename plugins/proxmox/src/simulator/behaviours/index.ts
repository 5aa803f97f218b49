// SPDX-License-Identifier: GPL-3.0-or-later
/** Everything a simulated cluster can do, by operation. */
import type { Behaviours } from '../contract.ts'
import { clusterBehaviours } from './cluster.ts'
import { accessBehaviours } from './access.ts'
import { guestListBehaviours } from './guest-list.ts'
import { guestPowerBehaviours } from './guest-power.ts'
import { haBehaviours } from './ha.ts'
import { nodeDetailBehaviours } from './node-details.ts'
import { nodePowerBehaviours } from './node-power.ts'
import { nodeBehaviours } from './nodes.ts'
import { taskBehaviours } from './tasks.ts'
import { updateBehaviours } from './updates.ts'

/** The behaviours of all nouns in one table. */
export const behaviours: Behaviours = {
  ...accessBehaviours,
  ...taskBehaviours,
  ...updateBehaviours,
  ...nodeDetailBehaviours,
  ...nodePowerBehaviours,
  ...nodeBehaviours,
  ...haBehaviours,
  ...clusterBehaviours,
  ...guestListBehaviours,
  ...guestPowerBehaviours,
}
