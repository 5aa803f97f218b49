// SPDX-License-Identifier: GPL-3.0-or-later
/** Nodes, guests, storage and backups of one Proxmox VE cluster. The host binds endpoint "pve" to an address and an API token. */
import { definePlugin } from '@sallyport/sdk'
import { clusterReport, clusterResources, clusterStatus } from './jobs/cluster.ts'
import { guestBackup } from './jobs/guest-backup.ts'
import { guestClone } from './jobs/guest-clone.ts'
import { guestConfig } from './jobs/guest-config.ts'
import { guestDelete } from './jobs/guest-delete.ts'
import { guestList } from './jobs/guest-list.ts'
import { guestMigrate } from './jobs/guest-migrate.ts'
import { guestResume, guestSuspend } from './jobs/guest-pause.ts'
import { guestShutdown, guestStart, guestStop } from './jobs/guest-power.ts'
import { guestReboot } from './jobs/guest-reboot.ts'
import { guestResize } from './jobs/guest-resize.ts'
import { guestShow } from './jobs/guest-show.ts'
import {
  snapshotCreate,
  snapshotDelete,
  snapshotList,
  snapshotRollback,
} from './jobs/guest-snapshot.ts'
import { nodeReboot, nodeShutdown, nodeStatus, nodeWake } from './jobs/node.ts'
import { taskLog, taskStop, taskWait } from './jobs/task.ts'

/** The plugin. */
export const plugin = definePlugin({
  name: 'proxmox',
  summary: 'Nodes, guests, storage and backups of a Proxmox VE cluster',
  jobs: {
    'cluster.report': clusterReport,
    'cluster.resources': clusterResources,
    'cluster.status': clusterStatus,
    'guest.backup': guestBackup,
    'guest.clone': guestClone,
    'guest.config': guestConfig,
    'guest.delete': guestDelete,
    'guest.list': guestList,
    'guest.migrate': guestMigrate,
    'guest.reboot': guestReboot,
    'guest.resize': guestResize,
    'guest.resume': guestResume,
    'guest.show': guestShow,
    'guest.shutdown': guestShutdown,
    'guest.snapshot.create': snapshotCreate,
    'guest.snapshot.delete': snapshotDelete,
    'guest.snapshot.list': snapshotList,
    'guest.snapshot.rollback': snapshotRollback,
    'guest.start': guestStart,
    'guest.stop': guestStop,
    'guest.suspend': guestSuspend,
    'node.reboot': nodeReboot,
    'node.shutdown': nodeShutdown,
    'node.status': nodeStatus,
    'node.wake': nodeWake,
    'task.log': taskLog,
    'task.stop': taskStop,
    'task.wait': taskWait,
  },
})
