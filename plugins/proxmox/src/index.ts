// SPDX-License-Identifier: GPL-3.0-or-later
/** Nodes, guests, storage and backups of one Proxmox VE cluster. The host binds endpoint "pve" to an address and an API token. */
import { definePlugin } from '@sallyport/sdk'
import { accessCheckOf } from './jobs/access.ts'
import { clusterReport, clusterResources, clusterStatus } from './jobs/cluster.ts'
import { guestBackup } from './jobs/guest-backup.ts'
import { guestClone } from './jobs/guest-clone.ts'
import { guestConfig } from './jobs/guest-config.ts'
import { guestDelete } from './jobs/guest-delete.ts'
import { guestIdentityReset } from './jobs/guest-identity.ts'
import { guestList } from './jobs/guest-list.ts'
import { guestMigrate } from './jobs/guest-migrate.ts'
import { guestResume, guestSuspend } from './jobs/guest-pause.ts'
import { guestShutdown, guestStart, guestStop } from './jobs/guest-power.ts'
import { guestProvision } from './jobs/guest-provision.ts'
import { guestReboot } from './jobs/guest-reboot.ts'
import { guestResize } from './jobs/guest-resize.ts'
import { guestRestore, guestRestoreLatest } from './jobs/guest-restore.ts'
import { guestShow } from './jobs/guest-show.ts'
import { snapshotDelete, snapshotRollback } from './jobs/guest-snapshot-undo.ts'
import { snapshotCreate, snapshotList } from './jobs/guest-snapshot.ts'
import { nodeReboot, nodeShutdown, nodeStatus, nodeWake } from './jobs/node.ts'
import { storageAttach, storageList, storageReconcile, storageStatus } from './jobs/storage.ts'
import { taskLog, taskStop, taskWait } from './jobs/task.ts'
import { updateStatus } from './jobs/update.ts'

/** Every job type but the one that looks at the rights of the others. */
const jobs = {
  'cluster.report': clusterReport,
  'cluster.resources': clusterResources,
  'cluster.status': clusterStatus,
  'guest.backup': guestBackup,
  'guest.clone': guestClone,
  'guest.config': guestConfig,
  'guest.delete': guestDelete,
  'guest.identity.reset': guestIdentityReset,
  'guest.list': guestList,
  'guest.migrate': guestMigrate,
  'guest.provision': guestProvision,
  'guest.reboot': guestReboot,
  'guest.resize': guestResize,
  'guest.restore': guestRestore,
  'guest.restore.latest': guestRestoreLatest,
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
  'storage.attach': storageAttach,
  'storage.list': storageList,
  'storage.reconcile': storageReconcile,
  'storage.status': storageStatus,
  'task.log': taskLog,
  'task.stop': taskStop,
  'task.wait': taskWait,
  'update.status': updateStatus,
}

/** The plugin. */
export const plugin = definePlugin({
  name: 'proxmox',
  summary: 'Nodes, guests, storage and backups of a Proxmox VE cluster',
  jobs: { 'access.check': accessCheckOf(jobs), ...jobs },
})
