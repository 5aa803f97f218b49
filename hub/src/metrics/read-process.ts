// SPDX-License-Identifier: Apache-2.0
/** What the process costs, under the names that Prometheus gives such values everywhere. */
import { readdir } from 'node:fs/promises'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import type { HubMetrics, MetricRow } from './hub-metrics.ts'

const NANOSECONDS = 1e9
const MICROSECONDS = 1e6

/** Adds all of it. What it measures with is put away when disposed of. */
export function readProcess(metrics: HubMetrics): Disposable {
  const delay = monitorEventLoopDelay()
  delay.enable()
  metrics.read({
    name: 'process_cpu_seconds_total',
    help: 'Time of processors used',
    isCount: true,
    read: () => one((process.cpuUsage().user + process.cpuUsage().system) / MICROSECONDS),
  })
  metrics.read({
    name: 'process_resident_memory_bytes',
    help: 'Memory that the process holds',
    read: () => one(process.memoryUsage.rss()),
  })
  metrics.read({
    name: 'process_open_fds',
    help: 'Open files and sockets',
    read: async () => one((await readdir('/proc/self/fd')).length),
  })
  metrics.read({
    name: 'process_start_time_seconds',
    help: 'When the process was started, in seconds since 1970',
    read: () => one(performance.timeOrigin / 1_000),
  })
  metrics.read({
    name: 'sallyport_hub_delay_seconds',
    help: 'How late the hub gets to what is due: of a hundred times 99 were less, since the last look',
    read: () => {
      const seconds = delay.percentile(99) / NANOSECONDS
      delay.reset()
      return one(seconds)
    },
  })
  return { [Symbol.dispose]: () => void delay.disable() }
}

function one(value: number): MetricRow[] {
  return [{ labels: {}, value }]
}
