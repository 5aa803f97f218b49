// SPDX-License-Identifier: Apache-2.0
/** Readings and reports of a fleet as lines of text. */
import type { Reading } from './gauge.ts'
import type { FleetReport } from './run-fleet.ts'

const COLUMNS = [
  ['s', 6],
  ['phase', 9],
  ['held', 7],
  ['failures', 10],
  ['hub CPU %', 11],
  ['hub MiB', 9],
  ['fds', 7],
] as const

/** The heads of the columns. */
export function headLine(): string {
  return row(COLUMNS.map(([head]) => head))
}

/** One reading. */
export function readingLine(reading: Reading): string {
  const { atSeconds, phase, heldCount, failureCount, cpuPercent, rssMib } = reading
  const cells = [atSeconds, phase, heldCount, failureCount, cpuPercent, rssMib]
  return row([...cells, reading.descriptorCount].map(cell))
}

/** A report, one figure a line. */
export function reportLines(report: FleetReport): string[] {
  const { agentCount, enrolledMs, connectedMs, idle, jobsMs, restart, soak, failures } = report
  const lines: [string, string][] = [
    ['agents', String(agentCount)],
    ['enrolled in', seconds(enrolledMs)],
    ['all polls held after', seconds(connectedMs)],
  ]
  if (idle !== undefined) {
    lines.push(['idle hub CPU', `${idle.cpuPercent.toFixed(1)} % of a core`])
    lines.push(['idle hub memory', `${idle.rssMib.toFixed(0)} MiB`])
  }
  if (jobsMs.length > 0) {
    lines.push(['job, submitted to verified, median', millis(at(jobsMs, 0.5))])
    lines.push(['the same, 95th of 100', millis(at(jobsMs, 0.95))])
  }
  if (restart !== undefined) {
    lines.push(['hub away', seconds(restart.awayMs)])
    lines.push(['half back after', seconds(restart.back50Ms)])
    lines.push(['95 per cent back after', seconds(restart.back95Ms)])
    lines.push(['all back after', seconds(restart.backAllMs)])
    lines.push(['first job at 95 per cent', millis(restart.firstJobMs)])
    lines.push(['hub CPU until all were back', `${restart.cpuSeconds?.toFixed(1) ?? '-'} s`])
    lines.push(['hub memory at its peak', `${restart.peakRssMib?.toFixed(0) ?? '-'} MiB`])
  }
  if (soak !== undefined) {
    lines.push(['soak: polls, jobs', `${soak.pollCount}, ${soak.jobCount}`])
    lines.push(['slowest job', `${(soak.slowestJobMs / 1_000).toFixed(1)} s`])
    const least = soak.leastRssMib.map((mib) => mib.toFixed(0)).join(', ')
    lines.push(['hub memory, least in each quarter', `${least} MiB`])
    lines.push(['hub descriptors, least and most', soak.descriptorCounts.join(', ')])
    lines.push(['hub database', `${soak.databaseMib.map((n) => n.toFixed(1)).join(' to ')} MiB`])
  }
  for (const [code, times] of Object.entries(failures)) lines.push([code, String(times)])
  return lines.map(([what, value]) => `${what.padEnd(36)} ${value}`)
}

function row(cells: readonly string[]): string {
  return cells.map((text, index) => text.padStart(COLUMNS[index]![1])).join('')
}

function cell(value: string | number | undefined): string {
  if (value === undefined) return '-'
  return typeof value === 'string' ? value : value.toFixed(0)
}

function seconds(ms: number | undefined): string {
  return ms === undefined ? 'never' : `${(ms / 1_000).toFixed(1)} s`
}

function millis(ms: number | undefined): string {
  return ms === undefined ? 'never' : `${ms.toFixed(0)} ms`
}

function at(sorted: readonly number[], share: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))]!
}
