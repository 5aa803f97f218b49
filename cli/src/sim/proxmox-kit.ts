// SPDX-License-Identifier: Apache-2.0
/**
 * Loads the simulator of Proxmox VE from the package of its plugin, when that is installed.
 *
 * Why: the package is GPL-3.0-or-later and no part of this program; only the process of `sallyport sim proxmox` loads it,
 * by a name that no import of ours mentions.
 */
import { EXIT } from '../output/exit-codes.ts'
import { Problem } from '../output/problem.ts'
import type { Handle } from './served.ts'

const PACKAGE = '@sallyport/plugin-proxmox'

/** What is simulated. */
export interface ProxmoxPlan {
  readonly version: string
  readonly nodes: number
  readonly guests: number
  readonly seed: number
  /** How long a second of a task takes. Units: milliseconds. */
  readonly secondMs: number
}

/** What is known of a request once it is answered. */
export interface SimulatedExchange {
  readonly atMs: number
  readonly method: string
  readonly path: string
  readonly user: string
  readonly status: number
  readonly hasEffect: boolean
}

/** The part of a simulator that this program uses. */
export interface ProxmoxSimulation {
  readonly world: object
  readonly ledger: readonly SimulatedExchange[]
  readonly handle: Handle
  addFault(rule: unknown): void
  clearFaults(): void
  observe(listener: (exchange: SimulatedExchange) => void): void
}

/** What the package exports for this. */
export interface ProxmoxKit {
  readonly ROOT_PASSWORD: string
  readonly PVE_VERSIONS: readonly string[]
  openProxmoxSimulator(plan: ProxmoxPlan): ProxmoxSimulation
  grantToken(world: object, grant: { readonly token: string }): string
}

/** Throws: ERR_NO_SIMULATOR. */
export async function loadProxmoxKit(): Promise<ProxmoxKit> {
  try {
    return (await import(`${PACKAGE}/testing`)) as ProxmoxKit
  } catch (cause) {
    throw new Problem('ERR_NO_SIMULATOR', `the package ${PACKAGE} is not installed here`, {
      exit: EXIT.failed,
      unharmed: 'Nothing was started.',
      remedy: 'Install it beside sallyport:',
      commands: [`npm install ${PACKAGE}`],
      cause,
    })
  }
}
