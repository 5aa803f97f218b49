// SPDX-License-Identifier: Apache-2.0
/** A long time in a short one: jobs one after the other in a few lanes while all agents poll, and what grows meanwhile. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { Fleet } from './fleet.ts'
import type { Gauge } from './gauge.ts'
import type { Vitals } from './vitals.ts'

/** What a soak found. */
export interface SoakReport {
  readonly pollCount: number
  readonly jobCount: number
  /** Submitted to verified. Units: milliseconds. */
  readonly slowestJobMs: number
  /** The least in each quarter of the time. Why the least: between two collections memory says nothing of what is held. */
  readonly leastRssMib: readonly number[]
  /** The least and the most in the second half. */
  readonly descriptorCounts: readonly number[]
  /** Before, at the beginning of the second half and at the end. */
  readonly databaseMib: readonly number[]
}

const LANES = 8
const LOOK_EVERY_MS = 1_000
const QUARTERS = [0, 1, 2, 3]

/** Soaks a fleet for so long. */
export async function measureSoak(fleet: Fleet, gauge: Gauge, soakMs: number): Promise<SoakReport> {
  const databaseBefore = await fleet.databaseMib()
  const before = fleet.count
  const endsAt = performance.now() + soakMs
  const isOver = (): boolean => performance.now() >= endsAt
  const lanes = Promise.all(
    Array.from({ length: LANES }, (_, lane) => runLane(fleet, lane, isOver)),
  )
  const looks: Vitals[] = []
  const halfAt = endsAt - soakMs / 2
  let databaseAtHalf: number | undefined
  while (!isOver()) {
    // A lane that fails ends the soak at once.
    await Promise.race([sleep(LOOK_EVERY_MS), lanes])
    const vitals = await gauge.read()
    if (vitals !== undefined) looks.push(vitals)
    if (performance.now() >= halfAt) databaseAtHalf ??= await fleet.databaseMib()
  }
  const slowestJobMs = Math.max(...(await lanes))
  const half = looks.slice(looks.length >> 1)
  const databaseAfter = await fleet.databaseMib()
  const descriptorCounts = half.map((look) => look.descriptorCount)
  const after = fleet.count
  return {
    pollCount: after.pollCount - before.pollCount,
    jobCount: after.answeredCount - before.answeredCount,
    slowestJobMs,
    leastRssMib: QUARTERS.map((quarter) => leastRssIn(looks, quarter)),
    descriptorCounts: [Math.min(...descriptorCounts), Math.max(...descriptorCounts)],
    databaseMib: [databaseBefore, databaseAtHalf ?? databaseAfter, databaseAfter],
  }
}

/** Each lane has agents of its own, so that lanes do not wait for each other. Returns how long its slowest job took. */
async function runLane(fleet: Fleet, lane: number, isOver: () => boolean): Promise<number> {
  let slowestMs = 0
  for (let n = lane; !isOver(); n += LANES) {
    slowestMs = Math.max(slowestMs, await fleet.job(fleet.agents[n % fleet.agents.length]!))
  }
  return slowestMs
}

function leastRssIn(looks: readonly Vitals[], quarter: number): number {
  const within = looks.slice((quarter * looks.length) / 4, ((quarter + 1) * looks.length) / 4)
  return Math.min(...within.map(({ rssMib }) => rssMib))
}
