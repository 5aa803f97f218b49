// SPDX-License-Identifier: Apache-2.0
/** Kills at the instants that are dangerous: a moment after a step of one order, of whoever has it in hands then. */
import type { Chance } from '../simulation/random.ts'
import type { Cast, Order, Trouble } from './cast.ts'

/** A step of an order: it is about to be sent, the hub said yes, an agent has it, the hub has its answer. */
export type Step = 'sent' | 'accepted' | 'delivered' | 'answered'

/** A kill that waits for a step of an order. */
export interface Ambush extends Omit<Trouble, 'atMs'> {
  /** The number of the order. */
  readonly order: number
  readonly step: Step
  /** From the step until the kill. Units: milliseconds. */
  readonly delayMs: number
}

/** Sealing, sending and committing take no longer, on a machine that is not busy. Units: milliseconds. */
const WRITING_MS = 60
/** The same for a run, besides what it waits itself. */
const RUNNING_MS = 500

/** Draws a kill for an order; the same number of draws whatever comes of them. */
export function drawAmbush(chance: Chance, order: Order, cast: Cast): Ambush {
  const what = chance.next()
  const step = chance.pick(['sent', 'accepted', 'delivered', 'answered'] as const)
  const hub = `hub-${chance.below(cast.hubCount)}`
  const part = chance.next()
  const forMs = chance.between(50, 1_500)
  const after = (ms: number): Pick<Ambush, 'order' | 'delayMs'> & { kind: 'kill' } => ({
    order: order.number,
    delayMs: Math.floor(part * ms),
    kind: 'kill',
  })
  if (cast.hasDatabase && what < 0.25) {
    return { ...after(WRITING_MS), step, who: 'database', forMs }
  }
  if (what < 0.55) return { ...after(WRITING_MS), step, who: hub, forMs }
  const runMs = order.beforeMs + order.afterMs + RUNNING_MS
  return { ...after(runMs), step: 'delivered', who: `agent-${order.agent}`, forMs }
}

/** Draws a kill of a hub for an order. */
export function drawHubKill(chance: Chance, order: Order, { hubCount }: Cast): Ambush {
  return {
    order: order.number,
    step: chance.pick(['sent', 'accepted', 'delivered', 'answered'] as const),
    delayMs: chance.below(WRITING_MS),
    kind: 'kill',
    who: `hub-${chance.below(hubCount)}`,
    forMs: 0,
  }
}
