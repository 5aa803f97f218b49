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
  /** Slope of the hub's memory, by least squares over the second half. Units: MiB an hour. */
  readonly mibPerHour: number
  /** At the beginning of the second half and at the end. */
  readonly rssMib: readonly number[]
  /** The least and the most in the second half. */
  readonly descriptorCounts: readonly number[]
  /** Before, at the beginning of the second half and at the end. */
  readonly databaseMib: readonly number[]
}

const LANES = 8
const LOOK_EVERY_MS = 1_000
const HOUR_MS = 3_600_000

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
  await lanes
  const half = looks.slice(looks.length >> 1)
  const databaseAfter = await fleet.databaseMib()
  const descriptorCounts = half.map((look) => look.descriptorCount)
  const after = fleet.count
  return {
    pollCount: after.pollCount - before.pollCount,
    jobCount: after.answeredCount - before.answeredCount,
    mibPerHour: slopeOf(half) * HOUR_MS,
    rssMib: [half.at(0)?.rssMib ?? 0, half.at(-1)?.rssMib ?? 0],
    descriptorCounts: [Math.min(...descriptorCounts), Math.max(...descriptorCounts)],
    databaseMib: [databaseBefore, databaseAtHalf ?? databaseAfter, databaseAfter],
  }
}

/** Each lane has agents of its own, so that lanes do not wait for each other. */
async function runLane(fleet: Fleet, lane: number, isOver: () => boolean): Promise<void> {
  for (let n = lane; !isOver(); n += LANES) {
    await fleet.job(fleet.agents[n % fleet.agents.length]!)
  }
}

/** Least squares. Units: MiB a millisecond. */
function slopeOf(looks: readonly Vitals[]): number {
  const meanAt = mean(looks.map(({ atMs }) => atMs))
  const meanMib = mean(looks.map(({ rssMib }) => rssMib))
  let [above, below] = [0, 0]
  for (const { atMs, rssMib } of looks) {
    above += (atMs - meanAt) * (rssMib - meanMib)
    below += (atMs - meanAt) ** 2
  }
  return below === 0 ? 0 : above / below
}

function mean(numbers: readonly number[]): number {
  return numbers.reduce((sum, one) => sum + one, 0) / numbers.length
}
