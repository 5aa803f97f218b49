// SPDX-License-Identifier: Apache-2.0
/** What goes wrong in one run. Each seed draws the kinds of trouble it has, and how often, so that some have much of few. */
import type { DiskFault } from './disk.ts'
import type { Chance } from './random.ts'

/** Probabilities, each per occasion; 0 where a seed does without. */
export interface Troubles {
  /** An agent's process ends before something happens to it. */
  readonly kill: number
  readonly diskFull: number
  readonly commitFails: number
  readonly powerLost: number
  readonly cannotRead: number
  readonly messageLost: number
  readonly messageTwice: number
  readonly messageSlow: number
  /** A delivery is relabelled, edited, taken from elsewhere, or comes again. */
  readonly hubLies: number
  /** A run of the plugin ends badly. */
  readonly runFails: number
  /** Counts of events spread over the run. */
  readonly hubRestarts: number
  readonly hubSetBack: number
  readonly clockJumps: number
  readonly stops: number
  readonly diskSetBack: number
}

/** Draws the troubles of a seed. */
export function drawTroubles(chance: Chance): Troubles {
  const rate = (probability: number, ...rates: number[]): number => {
    const isThere = chance.happens(probability)
    const drawn = chance.pick(rates)
    return isThere ? drawn : 0
  }
  return {
    kill: rate(0.6, 0.005, 0.02, 0.06),
    diskFull: rate(0.3, 0.02, 0.1),
    commitFails: rate(0.3, 0.02, 0.1),
    powerLost: rate(0.4, 0.02, 0.08),
    cannotRead: rate(0.15, 0.01, 0.05),
    messageLost: rate(0.5, 0.05, 0.3),
    messageTwice: rate(0.4, 0.1, 0.4),
    messageSlow: rate(0.4, 0.1, 0.5),
    hubLies: rate(0.35, 0.2, 0.6),
    runFails: rate(0.3, 0.3),
    hubRestarts: rate(0.4, 1, 3),
    hubSetBack: rate(0.3, 1, 2),
    clockJumps: rate(0.35, 1, 3),
    stops: rate(0.25, 1, 2),
    diskSetBack: rate(0.12, 1),
  }
}

/** No trouble at all. */
export const NO_TROUBLES: Troubles = {
  kill: 0,
  diskFull: 0,
  commitFails: 0,
  powerLost: 0,
  cannotRead: 0,
  messageLost: 0,
  messageTwice: 0,
  messageSlow: 0,
  hubLies: 0,
  runFails: 0,
  hubRestarts: 0,
  hubSetBack: 0,
  clockJumps: 0,
  stops: 0,
  diskSetBack: 0,
}

/** What goes wrong with one transaction. */
export function drawDiskFault(chance: Chance, troubles: Troubles): DiskFault {
  const roll = chance.next()
  const { diskFull, commitFails, powerLost } = troubles
  if (roll < diskFull) return 'full'
  if (roll < diskFull + commitFails) return 'broken'
  if (roll < diskFull + commitFails + powerLost) {
    return chance.happens(0.5) ? 'power lost before' : 'power lost after'
  }
  return 'none'
}
