// SPDX-License-Identifier: Apache-2.0
/** The texts under /proc, parsed. Source: Linux Documentation/filesystems/proc.rst and accounting/psi.rst. */

/** Tasks that ran or waited, on average. */
export interface Load {
  readonly oneMinute: number
  readonly fiveMinutes: number
  readonly fifteenMinutes: number
}

/** Throws when a text does not have the form the kernel documents. */
function expected(what: string): never {
  throw new TypeError(`${what} has an unexpected form`)
}

/** /proc/loadavg */
export function parseLoad(text: string): Load {
  const [, one, five, fifteen] = /^(\d+\.\d+) (\d+\.\d+) (\d+\.\d+) /.exec(text) ?? expected('load')
  return {
    oneMinute: Number(one),
    fiveMinutes: Number(five),
    fifteenMinutes: Number(fifteen),
  }
}

/** /proc/uptime */
export function parseUptimeSeconds(text: string): number {
  return Number((/^(\d+(?:\.\d+)?) /.exec(text) ?? expected('uptime'))[1])
}

/** Main memory and swap in bytes; `availableBytes` is missing on kernels that do not estimate it. */
export interface Memory {
  readonly memory: {
    readonly totalBytes: number
    readonly freeBytes: number
    readonly availableBytes?: number
    readonly usedBytes?: number
  }
  readonly swap: {
    readonly totalBytes: number
    readonly freeBytes: number
    readonly usedBytes: number
  }
}

/** /proc/meminfo, whose "kB" are 1024 bytes. */
export function parseMemory(text: string): Memory {
  const lines = text.matchAll(/^(\w+): +(\d+) kB$/gm)
  const sizes = new Map([...lines].map(([, name, kib]) => [name!, Number(kib) * 1_024]))
  const size = (name: string): number => sizes.get(name) ?? expected(`meminfo without ${name}`)
  const totalBytes = size('MemTotal')
  const availableBytes = sizes.get('MemAvailable')
  const available =
    availableBytes === undefined
      ? {}
      : { availableBytes, usedBytes: Math.max(0, totalBytes - availableBytes) }
  const swap = { totalBytes: size('SwapTotal'), freeBytes: size('SwapFree') }
  return {
    memory: { totalBytes, freeBytes: size('MemFree'), ...available },
    swap: { ...swap, usedBytes: Math.max(0, swap.totalBytes - swap.freeBytes) },
  }
}

/** Time a core has spent since the start, in ticks of the kernel. */
export interface CoreTimes {
  readonly busyTicks: number
  readonly totalTicks: number
}

/** /proc/stat by line name: `cpu` is all cores together, `cpu0` the first. */
export function parseCoreTimes(text: string): Map<string, CoreTimes> {
  const cores = new Map<string, CoreTimes>()
  for (const [, name, numbers] of text.matchAll(/^(cpu\d*) +([\d ]+)$/gm)) {
    // user nice system idle iowait irq softirq steal; guest time is part of user already.
    const ticks = numbers!.split(' ').map(Number).slice(0, 8)
    const totalTicks = ticks.reduce((sum, part) => sum + part, 0)
    cores.set(name!, { busyTicks: totalTicks - (ticks[3] ?? 0) - (ticks[4] ?? 0), totalTicks })
  }
  return cores.size > 0 ? cores : expected('stat')
}

/** Share of time a core was busy between two samples; undefined when no time passed for it. */
export function usePercent(
  before: CoreTimes | undefined,
  after: CoreTimes | undefined,
): number | undefined {
  if (before === undefined || after === undefined) return undefined
  const totalTicks = after.totalTicks - before.totalTicks
  if (totalTicks <= 0) return undefined
  const share = (after.busyTicks - before.busyTicks) / totalTicks
  return Math.round(Math.min(1, Math.max(0, share)) * 1_000) / 10
}

/** Name of the processor in /proc/cpuinfo; undefined on machines that do not say it there. */
export function parseCpuModel(text: string): string | undefined {
  const line = /^(?:model name|Model|Hardware|cpu model|cpu)\s*:\s*(\S.*)$/m.exec(text)
  return line?.[1]?.trim().slice(0, 200)
}

/** Share of time in which some, or all, tasks waited for one resource. */
export interface Pressure {
  readonly some: PressureLine
  readonly full?: PressureLine
}

/** One line of a pressure file. */
export interface PressureLine {
  readonly average10SecondsPercent: number
  readonly average60SecondsPercent: number
  readonly average300SecondsPercent: number
  readonly totalMicroseconds: number
}

/** /proc/pressure/cpu, memory or io; `full` is missing for cpu on older kernels. */
export function parsePressure(text: string): Pressure {
  const some = pressureLine(text, 'some') ?? expected('pressure')
  const full = pressureLine(text, 'full')
  return full === undefined ? { some } : { some, full }
}

function pressureLine(text: string, name: string): PressureLine | undefined {
  const line = new RegExp(
    `^${name} avg10=(\\d+\\.\\d+) avg60=(\\d+\\.\\d+) avg300=(\\d+\\.\\d+) total=(\\d+)$`,
    'm',
  ).exec(text)
  if (line === null) return undefined
  const [
    average10SecondsPercent,
    average60SecondsPercent,
    average300SecondsPercent,
    totalMicroseconds,
  ] = line.slice(1).map(Number) as [number, number, number, number]
  return {
    average10SecondsPercent,
    average60SecondsPercent,
    average300SecondsPercent,
    totalMicroseconds,
  }
}
