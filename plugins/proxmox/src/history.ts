// SPDX-License-Identifier: GPL-3.0-or-later
/** The load of nodes over time, kept small: the latest samples as they were, before that one mean per hour. */
import type { StateStore } from '@sallyport/sdk'
import { z } from 'zod'

/** The load of one node at one time. Units: percent; null where it was not known. */
export interface Sample {
  readonly atMs: number
  readonly cpuPercent: number | null
  readonly memoryPercent: number | null
  readonly pressurePercent: number | null
}

const MAX_FINE = 120
const MAX_HOURS = 168
/** Why a bound: a quota of 2 MiB holds so many nodes with about 9 KiB each. */
const MAX_NODES = 200
/** Two reports within this time are one sample. */
const MIN_DISTANCE_MS = 10_000
const HOUR_MS = 3_600_000

const tenths = z.number().int().min(0).max(100_000).nullable()
/** Seconds, then tenths of a percent of processors, memory and pressure; of an hour also how many samples are in it. */
const Series = z.object({
  fine: z.array(z.tuple([z.number(), tenths, tenths, tenths])).max(MAX_FINE),
  hours: z.array(z.tuple([z.number(), tenths, tenths, tenths, z.number()])).max(MAX_HOURS),
})
/** The samples of one node. */
export type Series = z.infer<typeof Series>

/** A series with one sample more; what is too old or too much falls out. */
export function withSample(series: Series, sample: Sample): Series {
  const seconds = Math.floor(sample.atMs / 1_000)
  const values = [sample.cpuPercent, sample.memoryPercent, sample.pressurePercent].map((percent) =>
    percent === null ? null : Math.round(Math.max(0, percent) * 10),
  ) as [number | null, number | null, number | null]
  const before = series.fine.filter(([at]) => at * 1_000 <= sample.atMs - MIN_DISTANCE_MS)
  return {
    fine: [...before, [seconds, ...values] satisfies Series['fine'][number]].slice(-MAX_FINE),
    hours: withHour(series.hours, Math.floor(sample.atMs / HOUR_MS) * 3_600, values),
  }
}

function withHour(
  hours: Series['hours'],
  hour: number,
  values: readonly (number | null)[],
): Series['hours'] {
  const last = hours.at(-1)
  if (last?.[0] !== hour) {
    const [cpu = null, memory = null, pressure = null] = values
    const fresh: Series['hours'][number] = [hour, cpu, memory, pressure, 1]
    return [...hours.filter(([at]) => at < hour), fresh].slice(-MAX_HOURS)
  }
  const count = last[4]
  const mean = (at: 1 | 2 | 3): number | null => {
    const [old, added] = [last[at], values[at - 1] ?? null]
    if (old === null || added === null) return added ?? old
    return Math.round((old * count + added) / (count + 1))
  }
  return [...hours.slice(0, -1), [hour, mean(1), mean(2), mean(3), count + 1]]
}

/** The latest samples of a series, oldest first. */
export function latestSamples(series: Series, count: number): Sample[] {
  return series.fine.slice(-Math.max(1, count)).map(sampleOf)
}

/** The mean of each hour that is kept, oldest first. */
export function hourlySamples(series: Series): Sample[] {
  return series.hours.map(([at, cpu, memory, pressure]) => sampleOf([at, cpu, memory, pressure]))
}

function sampleOf([seconds, ...values]: Series['fine'][number]): Sample {
  const [cpuPercent = null, memoryPercent = null, pressurePercent = null] = values.map((value) =>
    value === null ? null : value / 10,
  )
  return { atMs: seconds * 1_000, cpuPercent, memoryPercent, pressurePercent }
}

/**
 * Puts one sample per node into the store, drops the series of nodes that are no longer `known`, and returns what is
 * now kept.
 *
 * Why a series that cannot be read is begun anew: the history is a convenience, the report is not.
 */
export async function recordSamples(
  store: StateStore,
  samples: ReadonlyMap<string, Sample>,
  known: readonly string[],
): Promise<Map<string, Series>> {
  const kept = new Map<string, Series>()
  for (const name of await store.keys()) {
    if (known.includes(name)) kept.set(name, parseSeries(await store.get(name)))
    else await store.delete(name)
  }
  for (const [name, sample] of [...samples].slice(0, MAX_NODES)) {
    const series = withSample(kept.get(name) ?? { fine: [], hours: [] }, sample)
    await store.set(name, JSON.stringify(series))
    kept.set(name, series)
  }
  return kept
}

function parseSeries(text: string | undefined): Series {
  try {
    return Series.parse(JSON.parse(text ?? ''))
  } catch {
    return { fine: [], hours: [] }
  }
}
