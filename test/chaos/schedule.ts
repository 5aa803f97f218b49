// SPDX-License-Identifier: Apache-2.0
/** Everything that a chaos run will do to its programs and ask of them, drawn from its seed before it begins. */
import { Chance } from '../simulation/random.ts'

/** Whom something is done to: `hub-0`, `agent-3`, `operator`, `database`. */
export type Who = string

/** Something that is done at a time, and undone `forMs` later. */
export interface Trouble {
  readonly atMs: number
  readonly kind: 'kill' | 'stop' | 'partition'
  readonly who: Who
  /** How long it is down, frozen, or cut off. */
  readonly forMs: number
}

/** A job that is submitted at a time. */
export interface Order {
  readonly atMs: number
  readonly number: number
  readonly agent: number
  readonly jobType: 'tally/add' | 'tally/add.in-steps' | 'tally/look'
  readonly beforeMs: number
  readonly afterMs: number
  /** How long the job may begin after it was submitted. */
  readonly lifeMs: number
}

/** What a run is drawn for. */
export interface Cast {
  readonly agentCount: number
  readonly hubCount: number
  /** Whether there is a database of its own, which can fall too. */
  readonly hasDatabase: boolean
}

/** A whole run. */
export interface Schedule {
  readonly troubles: readonly Trouble[]
  readonly orders: readonly Order[]
}

/** Mean times between two of a kind. Units: milliseconds. */
const TROUBLE_EVERY_MS = 2_500
const ORDER_EVERY_MS = 400
/** A short life ends in a partition now and then; most jobs may wait until everything is mended. */
const SHORT_LIFE_MS = 2_500
/** The longest that a run takes before its effect, and after it. */
const LONGEST_RUN_MS = 3_000
const LONG_LIFE_MS = 30 * 60_000

/** Draws a run of so long. The same seed, length and cast give the same run. */
export function drawSchedule(seed: number, lengthMs: number, cast: Cast): Schedule {
  const chance = new Chance(seed)
  const troubles = times(chance, TROUBLE_EVERY_MS, lengthMs).map((atMs) =>
    drawTrouble(chance, atMs, cast),
  )
  const orders = times(chance, ORDER_EVERY_MS, lengthMs).map((atMs, number) =>
    drawOrder(chance, { atMs, number }, cast),
  )
  return { troubles: troubles.filter(withoutOverlap()), orders }
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
  const beforeMs = chance.happens(0.3) ? chance.between(1, LONGEST_RUN_MS) : 0
  const afterMs = chance.happens(0.3) ? chance.between(1, LONGEST_RUN_MS) : 0
  const lifeMs = chance.happens(0.25) ? SHORT_LIFE_MS : LONG_LIFE_MS
  return { ...when, agent, jobType, beforeMs, afterMs, lifeMs }
}
