// SPDX-License-Identifier: Apache-2.0
/** Everything that a chaos run will do to its programs and ask of them, drawn from its seed before it begins. */
import { Chance } from '../simulation/random.ts'
import { drawAmbush, drawHubKill, type Ambush } from './ambush.ts'
import type { Cast, Order, Trouble, Who } from './cast.ts'

/** A whole run. */
export interface Schedule {
  readonly troubles: readonly Trouble[]
  readonly orders: readonly Order[]
  readonly ambushes: readonly Ambush[]
}

/** Orders that go out together, and the kill of a hub that waits for the first of them. */
export interface Strike {
  readonly orders: readonly Order[]
  readonly ambush: Ambush
}

/** Mean times between two of a kind. Units: milliseconds. */
const TROUBLE_EVERY_MS = 2_500
const ORDER_EVERY_MS = 400
/** Short lives end in a partition or in a long run now and then; most jobs may wait until everything is mended. */
const SHORT_LIVES_MS = [1_500, 9_000] as const
/** The longest that a run takes before its effect, and after it. */
const LONGEST_RUN_MS = 3_000
const LONG_LIFE_MS = 30 * 60_000
/** One order in so many is lain in wait for. */
const ORDERS_PER_AMBUSH = 6
const ORDERS_PER_STRIKE = 3
/** When the agent is parted, and how long orders go on after it is back. */
const PARTED_FROM_MS = 5_000
const PARTED_TO_END_MS = 15_000

/** Draws a run of so long. The same seed, length and cast give the same run. */
export function drawSchedule(seed: number, lengthMs: number, cast: Cast): Schedule {
  const chance = new Chance(seed)
  const troubles = times(chance, TROUBLE_EVERY_MS, lengthMs).map((atMs) =>
    drawTrouble(chance, atMs, cast),
  )
  const orders = drawOrders(chance, lengthMs, cast)
  const ambushes = orders
    .map((order) => ({
      is: chance.happens(1 / ORDERS_PER_AMBUSH),
      of: drawAmbush(chance, order, cast),
    }))
    .flatMap(({ is, of }) => (is ? [of] : []))
  return { troubles: troubles.filter(withoutOverlap()), orders, ambushes }
}

/** Draws a run in which one agent is cut off for so long, and nothing else happens. Units: milliseconds. */
export function drawPartition(
  seed: number,
  forMs: number,
  cast: Cast,
): { schedule: Schedule; lengthMs: number } {
  const lengthMs = PARTED_FROM_MS + forMs + PARTED_TO_END_MS
  const orders = drawOrders(new Chance(seed), lengthMs, cast)
  const parted = { atMs: PARTED_FROM_MS, kind: 'partition', who: 'agent-0', forMs } as const
  return { schedule: { troubles: [parted], orders, ambushes: [] }, lengthMs }
}

/** Draws so many kills of hubs. */
export function drawStrikes(seed: number, killCount: number, cast: Cast): Strike[] {
  const chance = new Chance(seed)
  return Array.from({ length: killCount }, (_, strike) => {
    const orders = Array.from({ length: ORDERS_PER_STRIKE }, (_, n) =>
      drawOrder(chance, { atMs: 0, number: strike * ORDERS_PER_STRIKE + n }, cast),
    )
    return { orders, ambush: drawHubKill(chance, orders[0]!, cast) }
  })
}

function drawOrders(chance: Chance, lengthMs: number, cast: Cast): Order[] {
  return times(chance, ORDER_EVERY_MS, lengthMs).map((atMs, number) =>
    drawOrder(chance, { atMs, number }, cast),
  )
}

function times(chance: Chance, everyMs: number, lengthMs: number): number[] {
  const drawn: number[] = []
  for (let atMs = 0; ; drawn.push(atMs)) {
    atMs += Math.round(-Math.log(1 - chance.next()) * everyMs)
    if (atMs >= lengthMs) return drawn
  }
}

function drawTrouble(chance: Chance, atMs: number, cast: Cast): Trouble {
  const what = chance.next()
  const agent = `agent-${chance.below(cast.agentCount)}`
  const hub = `hub-${chance.below(cast.hubCount)}`
  const short = chance.between(100, 3_000)
  const long = chance.between(2_000, 15_000)
  if (cast.hasDatabase && what < 0.08) return { atMs, kind: 'kill', who: 'database', forMs: short }
  if (cast.hasRedis && what < 0.16) return { atMs, kind: 'kill', who: 'redis', forMs: short }
  if (what < 0.3) return { atMs, kind: 'kill', who: hub, forMs: short }
  if (what < 0.4) return { atMs, kind: 'stop', who: hub, forMs: long }
  if (what < 0.65) return { atMs, kind: 'kill', who: agent, forMs: short }
  if (what < 0.8) return { atMs, kind: 'stop', who: agent, forMs: long }
  if (what < 0.95) return { atMs, kind: 'partition', who: agent, forMs: long }
  return { atMs, kind: 'partition', who: 'operator', forMs: long }
}

/** One thing at a time to each: what is down cannot be killed, and what is frozen stays so until it is thawed. */
function withoutOverlap(): (trouble: Trouble) => boolean {
  const until = new Map<Who, number>()
  return ({ who, atMs, forMs }) => {
    if (atMs < (until.get(who) ?? 0)) return false
    until.set(who, atMs + forMs)
    return true
  }
}

function drawOrder(
  chance: Chance,
  when: { atMs: number; number: number },
  { agentCount }: Cast,
): Order {
  const agent = chance.below(agentCount)
  const jobType = chance.pick([
    'tally/add',
    'tally/add',
    'tally/add',
    'tally/add.in-steps',
    'tally/look',
  ] as const)
  const isShort = chance.happens(0.25)
  const waitMs = (): number => {
    const isLong = chance.happens(isShort ? 0.6 : 0.3)
    return (isLong ? 1 : 0) * chance.between(1, LONGEST_RUN_MS)
  }
  const shortMs = chance.between(...SHORT_LIVES_MS)
  const lifeMs = isShort ? shortMs : LONG_LIFE_MS
  return { ...when, agent, jobType, beforeMs: waitMs(), afterMs: waitMs(), lifeMs }
}
