// SPDX-License-Identifier: GPL-3.0-or-later
/** Pressure stall information and load of a node, from the series that Proxmox keeps. PVE 9 has it, PVE 8 does not. */
import { z } from 'zod'
import { membersOf, numberOf, rowsOf } from './values.ts'

const percent = z.number().min(0).optional()

/** Share of time in which some task waited. */
export const Pressure = z.object({
  cpuPercent: percent,
  memoryPercent: percent,
  ioPercent: percent,
})
export type Pressure = z.infer<typeof Pressure>

/** What the series of a node adds to what the cluster lists. */
export interface NodeTrend {
  readonly pressure: Pressure | undefined
  readonly loadAverage: number | undefined
  readonly ioWaitPercent: number | undefined
}

/** The newest row that holds values: the one of the minute that runs is still empty. */
export function trendOf(answer: unknown): NodeTrend {
  const row = rowsOf(answer).findLast(({ cpu }) => numberOf(cpu) !== undefined) ?? {}
  const ioWait = numberOf(row['iowait'])
  return {
    pressure: pressureOf(row),
    loadAverage: rounded(numberOf(row['loadavg']), 100),
    ioWaitPercent: rounded(ioWait === undefined ? undefined : ioWait * 100, 10),
  }
}

/** The pressure in an answer about a node or a guest; undefined where the version gives none. */
export function pressureOf(answer: unknown): Pressure | undefined {
  const row = membersOf(answer)
  const cpu = numberOf(row['pressurecpusome'])
  const memory = numberOf(row['pressurememorysome'])
  const io = numberOf(row['pressureiosome'])
  if (cpu === undefined && memory === undefined && io === undefined) return undefined
  return {
    cpuPercent: rounded(cpu, 10),
    memoryPercent: rounded(memory, 10),
    ioPercent: rounded(io, 10),
  }
}

/** The worst of the three; null where nothing is known. */
export function worstOf(pressure: Pressure | undefined): number | null {
  const known = Object.values(pressure ?? {}).filter((value) => value !== undefined)
  return known.length === 0 ? null : Math.max(...known)
}

function rounded(value: number | undefined, parts: number): number | undefined {
  return value === undefined ? undefined : Math.round(Math.max(0, value) * parts) / parts
}
