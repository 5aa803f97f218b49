// SPDX-License-Identifier: Apache-2.0
/** What a process takes, as the kernel counts it. Source: proc(5), `/proc/pid/stat` and `/proc/pid/status`. */
import { readFile, readdir } from 'node:fs/promises'

/** What a process has taken so far. */
export interface Vitals {
  readonly atMs: number
  /** User and system time since its start. Units: milliseconds. */
  readonly cpuMs: number
  readonly rssMib: number
  readonly descriptorCount: number
}

/** Linux counts in hundredths of a second on every architecture. Source: time(7), "The software clock". */
const TICK_MS = 10

/** Reads them. Throws: ENOENT when the process is gone. */
export async function readVitals(pid: number): Promise<Vitals> {
  const [stat, status, descriptors] = await Promise.all([
    readFile(`/proc/${pid}/stat`, 'utf8'),
    readFile(`/proc/${pid}/status`, 'utf8'),
    readdir(`/proc/${pid}/fd`),
  ])
  // The name in parentheses may hold anything, so fields are counted after it.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  const ticks = Number(fields[11]) + Number(fields[12])
  const rssKib = Number(/^VmRSS:\s+([0-9]+) kB$/m.exec(status)?.[1] ?? 0)
  return {
    atMs: performance.now(),
    cpuMs: ticks * TICK_MS,
    rssMib: rssKib / 1_024,
    descriptorCount: descriptors.length,
  }
}

/** Share of one core that was used between two readings, in per cent. */
export function cpuBetween(from: Vitals, to: Vitals): number {
  return (100 * (to.cpuMs - from.cpuMs)) / Math.max(to.atMs - from.atMs, 1)
}
