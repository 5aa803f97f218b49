// SPDX-License-Identifier: GPL-3.0-or-later
/** A simulated Proxmox VE cluster for tests and for trying things without one. */
export type {
  Exchange,
  FaultRule,
  LedgerEntry,
  ProxmoxSimulator,
  SimAnswer,
  SimRequest,
} from './simulator/contract.ts'
export { grantToken } from './simulator/grant.ts'
export type { TokenGrant } from './simulator/grant.ts'
export { openProxmoxSimulator } from './simulator/open.ts'
export type { SimulatorOptions } from './simulator/open.ts'
export { ROOT_PASSWORD } from './simulator/seed.ts'
export { startTask } from './simulator/tasks.ts'
export { PVE_VERSIONS } from './simulator/world.ts'
export type { PveVersion, World } from './simulator/world.ts'
