// SPDX-License-Identifier: GPL-3.0-or-later
/** Everything a simulated cluster can do, by operation. */
import type { Behaviours } from '../contract.ts'
import { accessBehaviours } from './access.ts'
import { backupJobBehaviours } from './backup-jobs.ts'
import { clusterBehaviours } from './cluster.ts'
import { createRestoreBehaviours } from './create-restore.ts'
import { guestAgentBehaviours } from './guest-agent.ts'
import { guestCloneBehaviours } from './guest-clone.ts'
import { guestCloudinitBehaviours } from './guest-cloudinit.ts'
import { guestConfigBehaviours } from './guest-config.ts'
import { guestDeleteBehaviours } from './guest-delete.ts'
import { guestDiskBehaviours } from './guest-disks.ts'
import { guestFirewallBehaviours } from './guest-firewall.ts'
import { guestListBehaviours } from './guest-list.ts'
import { guestMigrateBehaviours } from './guest-migrate.ts'
import { guestPowerBehaviours } from './guest-power.ts'
import { guestRrdBehaviours } from './guest-rrd.ts'
import { guestSnapshotBehaviours } from './guest-snapshots.ts'
import { haBehaviours } from './ha.ts'
import { nodeDetailBehaviours } from './node-details.ts'
import { nodeLookBehaviours } from './node-looks.ts'
import { nodePowerBehaviours } from './node-power.ts'
import { nodeBehaviours } from './nodes.ts'
import { poolBehaviours } from './pools.ts'
import { storageConfigBehaviours } from './storage-config.ts'
import { storageContentBehaviours } from './storage-content.ts'
import { storagePruneBehaviours } from './storage-prune.ts'
import { storageStatusBehaviours } from './storage-status.ts'
import { taskBehaviours } from './tasks.ts'
import { updateBehaviours } from './updates.ts'
import { vzdumpBehaviours } from './vzdump.ts'

/** The behaviours of all nouns in one table. */
export const behaviours: Behaviours = {
  ...storagePruneBehaviours,
  ...nodeLookBehaviours,
  ...createRestoreBehaviours,
  ...vzdumpBehaviours,
  ...backupJobBehaviours,
  ...poolBehaviours,
  ...storageContentBehaviours,
  ...storageStatusBehaviours,
  ...storageConfigBehaviours,
  ...accessBehaviours,
  ...taskBehaviours,
  ...updateBehaviours,
  ...nodeDetailBehaviours,
  ...nodePowerBehaviours,
  ...nodeBehaviours,
  ...haBehaviours,
  ...clusterBehaviours,
  ...guestCloneBehaviours,
  ...guestConfigBehaviours,
  ...guestDeleteBehaviours,
  ...guestDiskBehaviours,
  ...guestSnapshotBehaviours,
  ...guestAgentBehaviours,
  ...guestCloudinitBehaviours,
  ...guestFirewallBehaviours,
  ...guestMigrateBehaviours,
  ...guestRrdBehaviours,
  ...guestListBehaviours,
  ...guestPowerBehaviours,
}
