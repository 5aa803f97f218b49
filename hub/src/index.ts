// SPDX-License-Identifier: Apache-2.0
/** The hub, for programs that start one themselves. */
export { backupHub, restoreHub } from './backup/backup-hub.ts'
export type { HubPlace } from './backup/backup-hub.ts'
export type { BackupSummary } from './backup/make-backup.ts'
export type { RestoredSite, RestoreSummary } from './backup/restore-backup.ts'
export { parseConfig } from './config.ts'
export type { HubConfig } from './config.ts'
export { HUB_LIMITS } from './limits.ts'
export type { HubLimits } from './limits.ts'
export { addSite } from './sites/add-site.ts'
export type { AddedSite } from './sites/add-site.ts'
export { startHub } from './start-hub.ts'
export type { RunningHub } from './start-hub.ts'
