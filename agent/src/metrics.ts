// SPDX-License-Identifier: Apache-2.0
/**
 * What plugins did since the agent was started, and how the hub stands as a witness, in the text form of Prometheus, as a file: the agent listens on nothing.
 *
 * Source: Prometheus, "Exposition formats", text-based format; node_exporter, "Textfile Collector".
 */
import { randomBytes } from 'node:crypto'
import { rename, rm, writeFile } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import type { WitnessRow } from '@sallyport/core/audit'
import type { PluginCounters } from '@sallyport/core/plugins'
import { Counter, Gauge, Registry } from 'prom-client'
import { AGENT_VERSION } from './version.ts'

/** Where metrics come from and where they go. */
export interface MetricsOptions {
  readonly path: string
  /** Counts by plugin, as they are now. */
  readonly counters: () => PluginCounters
  /** How the hub stands as a witness of the log, as it is now. */
  readonly witness: () => WitnessRow
  readonly onError: (error: unknown) => void
  readonly everyMs?: number
}

const EVERY_MS = 15_000

/** Writes the file at once, then again and again until it is disposed of, a last time at the end. */
export function openMetricsFile(options: MetricsOptions): AsyncDisposable {
  const stop = new AbortController()
  const writing = writeUntil(stop.signal, options)
  return {
    async [Symbol.asyncDispose]() {
      stop.abort()
      await writing
    },
  }
}

async function writeUntil(
  signal: AbortSignal,
  { path, counters, witness, onError, everyMs = EVERY_MS }: MetricsOptions,
): Promise<void> {
  const write = async (): Promise<void> => replace(path, await metricsText(counters(), witness()))
  while (!signal.aborted) {
    await write().catch(onError)
    await sleep(everyMs, undefined, { signal }).catch(() => undefined)
  }
  await write().catch(onError)
}

/** Why a rename: whoever collects the file must never meet half of it. Why readable: it holds names and counts only. */
async function replace(path: string, text: string): Promise<void> {
  const draft = `${path}.${randomBytes(6).toString('hex')}.new`
  try {
    await writeFile(draft, text, { flag: 'wx', mode: 0o644 })
    await rename(draft, path)
  } finally {
    await rm(draft, { force: true })
  }
}

/** The metrics as text. Why a registry each time: the counts are kept by the plugin host, and by nobody else. */
export function metricsText(counters: PluginCounters, witness: WitnessRow): Promise<string> {
  const registry = new Registry()
  const registers = [registry]
  new Gauge({
    name: 'sallyport_agent_info',
    help: 'The running agent; always 1',
    labelNames: ['version', 'node'],
    registers,
  }).set({ version: AGENT_VERSION, node: process.version }, 1)
  gauge(registers, {
    name: 'sallyport_audit_hub_doubted_since_seconds',
    help: 'Since when the hub is no faithful witness of the audit log, in seconds since 1970; 0 while it is',
    value: (witness.doubtedSinceMs ?? 0) / 1_000,
  })
  gauge(registers, {
    name: 'sallyport_audit_witnessed_seconds',
    help: 'When the hub last witnessed the audit log, in seconds since 1970; 0 when it never did',
    value: (witness.witnessedAtMs ?? 0) / 1_000,
  })
  count(registers, counters, {
    name: 'sallyport_plugin_runs_total',
    help: 'Runs of jobs in plugins by how they ended',
    labelNames: ['plugin', 'state'],
    rows: (plugin, { runs }) =>
      Object.entries(runs).map(([state, value]) => ({ labels: { plugin, state }, value })),
  })
  count(registers, counters, {
    name: 'sallyport_plugin_handle_calls_total',
    help: 'Calls of handles by kind of permission and outcome',
    labelNames: ['plugin', 'kind', 'outcome'],
    rows: (plugin, { handleCalls }) =>
      Object.entries(handleCalls).flatMap(([kind, outcomes]) =>
        Object.entries(outcomes).map(([outcome, value]) => ({
          labels: { plugin, kind, outcome },
          value,
        })),
      ),
  })
  count(registers, counters, {
    name: 'sallyport_plugin_crashes_total',
    help: 'Unwanted ends of processes of plugins',
    labelNames: ['plugin'],
    rows: (plugin, { crashCount }) => [{ labels: { plugin }, value: crashCount }],
  })
  count(registers, counters, {
    name: 'sallyport_plugin_quarantines_total',
    help: 'Times a plugin was put into quarantine',
    labelNames: ['plugin'],
    rows: (plugin, { quarantineCount }) => [{ labels: { plugin }, value: quarantineCount }],
  })
  return registry.metrics()
}

function gauge(
  registers: Registry[],
  { name, help, value }: { name: string; help: string; value: number },
): void {
  new Gauge({ name, help, registers }).set(value)
}

interface Counted {
  readonly name: string
  readonly help: string
  readonly labelNames: string[]
  readonly rows: (
    plugin: string,
    counts: PluginCounters[string],
  ) => { labels: Record<string, string>; value: number }[]
}

function count(
  registers: Registry[],
  counters: PluginCounters,
  { name, help, labelNames, rows }: Counted,
): void {
  const counter = new Counter({ name, help, labelNames, registers })
  for (const [plugin, counts] of Object.entries(counters)) {
    for (const { labels, value } of rows(plugin, counts)) counter.inc(labels, value)
  }
}
