// SPDX-License-Identifier: Apache-2.0
/** The hub, for programs that start one themselves. */
export { parseConfig } from './config.ts'
export type { HubConfig } from './config.ts'
export { HUB_LIMITS } from './limits.ts'
export type { HubLimits } from './limits.ts'
export { startHub } from './start-hub.ts'
export type { RunningHub } from './start-hub.ts'
