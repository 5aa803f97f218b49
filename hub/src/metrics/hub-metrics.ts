// SPDX-License-Identifier: Apache-2.0
/**
 * What the hub counts. No label names a site, a person, an agent or an address: each takes its values from a list in the code.
 *
 * Source: Prometheus, "Metric and label naming"; "Exposition formats", text-based format.
 */
import { Counter, Gauge, Histogram, Registry } from 'prom-client'

/** One request that was answered. */
export interface AnsweredRequest {
  /** What follows `/v1/` in the pattern of its route. */
  readonly route: string
  readonly status: number
  /** Undefined for requests that may be held: how long they take says nothing. */
  readonly seconds: number | undefined
}

/** One row of a count or a state. */
export interface MetricRow {
  readonly labels: Readonly<Record<string, string>>
  readonly value: number
}

/** A value that is read whenever somebody looks. */
export interface ReadMetric {
  readonly name: string
  readonly help: string
  readonly labelNames?: readonly string[]
  /** Whether it only ever grows while the hub runs. */
  readonly isCount?: boolean
  /** What cannot be read has no rows. */
  readonly read: () => readonly MetricRow[] | Promise<readonly MetricRow[]>
}

const REQUEST_BUCKETS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10]
const STORE_BUCKETS = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5, 1, 5]
const PATIENCE_MS = 2_000

/** The counts of one hub since it was started. */
export class HubMetrics {
  readonly #registry = new Registry()
  readonly #requests: Counter
  readonly #seconds: Histogram
  readonly #refusals: Counter
  readonly #events: Counter
  readonly #store: Histogram

  constructor(version: string) {
    const registers = [this.#registry]
    new Gauge({
      name: 'sallyport_hub_info',
      help: 'The running hub; always 1',
      labelNames: ['version', 'node'],
      registers,
    }).set({ version, node: process.version }, 1)
    this.#requests = new Counter({
      name: 'sallyport_hub_requests_total',
      help: 'Requests by kind of route and status of the answer',
      labelNames: ['route', 'status'],
      registers,
    })
    this.#seconds = new Histogram({
      name: 'sallyport_hub_request_seconds',
      help: 'Time to the last byte of the answer, of requests that are never held',
      labelNames: ['route'],
      buckets: REQUEST_BUCKETS,
      registers,
    })
    this.#refusals = new Counter({
      name: 'sallyport_hub_refusals_total',
      help: 'Requests that were answered with an error, by its code',
      labelNames: ['code'],
      registers,
    })
    this.#events = new Counter({
      name: 'sallyport_hub_events_total',
      help: 'Lines of the log by what happened, from level info on',
      labelNames: ['event'],
      registers,
    })
    this.#store = new Histogram({
      name: 'sallyport_hub_store_seconds',
      help: 'Time of statements to the database; commit is the wait for its disk',
      labelNames: ['operation'],
      buckets: STORE_BUCKETS,
      registers,
    })
  }

  /** Counts a request. */
  answered({ route, status, seconds }: AnsweredRequest): void {
    this.#requests.inc({ route, status })
    if (seconds !== undefined) this.#seconds.observe({ route }, seconds)
  }

  /** Counts an error that left the hub. */
  refused(code: string): void {
    this.#refusals.inc({ code })
  }

  /** Counts a line of the log. */
  logged(event: string): void {
    this.#events.inc({ event })
  }

  /** Counts a statement to the database. */
  asked(operation: string, seconds: number): void {
    this.#store.observe({ operation }, seconds)
  }

  /** Adds a value that is read whenever somebody looks; one that takes too long is left out. */
  read({ name, help, labelNames = [], isCount = false, read }: ReadMetric): void {
    const Metric = isCount ? Counter : Gauge
    new Metric({
      name,
      help,
      labelNames: [...labelNames],
      registers: [this.#registry],
      async collect() {
        const rows = await inTime(read).catch(() => [])
        this.reset()
        for (const { labels, value } of rows) this.inc(labels, value)
      },
    })
  }

  /** Everything in the text form of Prometheus. */
  text(): Promise<string> {
    return this.#registry.metrics()
  }
}

async function inTime(read: ReadMetric['read']): Promise<readonly MetricRow[]> {
  const { promise, reject } = Promise.withResolvers<never>()
  const timer = setTimeout(() => reject(new RangeError('it took too long')), PATIENCE_MS)
  try {
    return await Promise.race([read(), promise])
  } finally {
    clearTimeout(timer)
  }
}
