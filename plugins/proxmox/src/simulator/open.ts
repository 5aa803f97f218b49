// SPDX-License-Identifier: GPL-3.0-or-later
/** Opens a simulated cluster. */
import { builtInRoles } from './access-roles.ts'
import { behaviours } from './behaviours/index.ts'
import type { ProxmoxSimulator } from './contract.ts'
import { openFaults } from './faults.ts'
import { answerRequest } from './front.ts'
import { openLedger } from './ledger.ts'
import { checkParams, operationsOf } from './schema/index.ts'
import { makeWorld } from './seed.ts'
import type { PveVersion, World } from './world.ts'

/** What is simulated. */
export interface SimulatorOptions {
  readonly version: PveVersion
  readonly nodes: number
  readonly guests: number
  readonly seed: number
  /** Epoch milliseconds; the time of this machine unless given. */
  readonly clock?: () => number
  /** How long a second of a task takes; 1000 unless given. Units: milliseconds. */
  readonly secondMs?: number
  readonly clusterName?: string
  /** Nodes that are switched off. */
  readonly offline?: readonly string[]
  /** The node that is spoken to; the first unless given. */
  readonly entry?: string
  /** How long a refused login waits for its answer; 3000 unless given. Units: milliseconds. */
  readonly loginDelayMs?: number
  /** How many entries the ledger keeps. */
  readonly maxLedgerEntries?: number
}

/** Opens a simulated cluster that answers requests. */
export function openProxmoxSimulator(options: SimulatorOptions): ProxmoxSimulator {
  const world = makeWorld({
    ...options,
    clock: options.clock ?? Date.now,
    secondMs: options.secondMs ?? 1000,
  })
  addBuiltInRoles(world)
  const faults = openFaults()
  const ledger = openLedger(options.maxLedgerEntries)
  const front = {
    world,
    operations: operationsOf(world.version),
    checkParams,
    behaviours,
    faults,
    ledger,
    entry: options.entry ?? world.nodes.keys().next().value ?? '',
    loginDelayMs: options.loginDelayMs ?? 3000,
  }
  return {
    world,
    ledger: ledger.entries,
    handle: (request) => answerRequest(front, request),
    addFault: (rule) => faults.add(rule),
    clearFaults: () => faults.clear(),
    observe: (listener) => ledger.observe(listener),
  }
}

function addBuiltInRoles({ version, access }: World): void {
  for (const [role, privileges] of Object.entries(builtInRoles(version))) {
    access.roles.set(role, { privileges: new Set(privileges), isBuiltIn: true })
  }
}
