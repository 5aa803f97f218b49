// SPDX-License-Identifier: GPL-3.0-or-later
/** The course of measured values: the times at which there is one, and a slow wave for what is not kept. */
import type { World } from './world.ts'

/** Seconds from one value to the next, by time frame. Source: pve-cluster, `status.c`, its round-robin archives. */
const STEP_SECONDS: Readonly<Record<string, number>> = {
  hour: 60,
  day: 1800,
  week: 10_800,
  month: 43_200,
  year: 604_800,
  decade: 604_800,
}
const COUNT = 70

/** The times of the values of a time frame, oldest first. Units: epoch seconds. */
export function timesOf(world: World, timeframe: string): number[] {
  const step = STEP_SECONDS[timeframe] ?? 60
  const last = Math.floor(world.now() / 1000 / step) * step
  return Array.from({ length: COUNT }, (_, index) => last - (COUNT - 1 - index) * step)
}

/** A factor around 1 for a time: the same for the same time. */
export function waveAt(time: number, phase: number): number {
  return 1 + 0.2 * Math.sin((time / 3600 + phase) * 2)
}
