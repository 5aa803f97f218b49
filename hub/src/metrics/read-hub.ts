// SPDX-License-Identifier: Apache-2.0
/** What is read from the hub whenever somebody looks at its metrics. */
import type { FastifyInstance } from 'fastify'
import type { LimitCounts } from '../abuse/limit-counts.ts'
import type { Readiness } from '../http/ready.ts'
import type { WakeUps } from '../queue/wake-ups.ts'
import type { HubDatabase } from '../stores/database.ts'
import type { TlsKeeper } from '../tls/tls-keeper.ts'
import type { HubMetrics, MetricRow } from './hub-metrics.ts'

/** What is looked at. */
export interface ReadParts {
  readonly app: FastifyInstance
  readonly db: HubDatabase
  readonly wakeUps: WakeUps
  readonly limitCounts: LimitCounts
  readonly readiness: Readiness
  readonly tls: TlsKeeper | undefined
}

/** Adds all of it. */
export function readHub(metrics: HubMetrics, parts: ReadParts): void {
  const { app, db, wakeUps, tls } = parts
  metrics.read({
    name: 'sallyport_hub_held_requests',
    help: 'Requests that wait for something to happen',
    read: () => one(wakeUps.count),
  })
  metrics.read({
    name: 'sallyport_hub_connections',
    help: 'Open connections',
    read: async () => one(await connectionsOf(app)),
  })
  metrics.read({
    name: 'sallyport_hub_queue_envelopes',
    help: 'Envelopes of all sites without an answer, by where they stand',
    labelNames: ['state'],
    read: () => queueOf(db),
  })
  metrics.read({
    name: 'sallyport_hub_limits_total',
    help: 'What the limits did: requests held back, and steps against whoever goes on',
    labelNames: ['what', 'of'],
    isCount: true,
    read: () =>
      parts.limitCounts
        .list()
        .map(({ what, of, count }) => ({ labels: { what, of }, value: count })),
  })
  readReadiness(metrics, parts)
  if (tls === undefined) return
  metrics.read({
    name: 'sallyport_hub_tls_not_after_seconds',
    help: 'When the certificate in use ends, in seconds since 1970',
    read: () => one(tls.identity.notAfterMs / 1_000),
  })
}

function readReadiness(metrics: HubMetrics, { readiness, wakeUps }: ReadParts): void {
  metrics.read({
    name: 'sallyport_hub_ready',
    help: 'Whether the hub can work and is not going down',
    read: async () => {
      const { status } = await readiness.look()
      return one(status === 'away' || wakeUps.isDraining ? 0 : 1)
    },
  })
  metrics.read({
    name: 'sallyport_hub_part_ok',
    help: 'Whether a part of the hub is as it should be',
    labelNames: ['part'],
    read: async () => {
      const states = Object.entries((await readiness.look()).parts)
      return states.map(([part, state]) => ({ labels: { part }, value: state === 'ok' ? 1 : 0 }))
    },
  })
}

async function queueOf(db: HubDatabase): Promise<MetricRow[]> {
  const states = ['queued', 'delivered'] as const
  const rows = await db
    .selectFrom('envelopes')
    .select(({ fn }) => ['state', fn.countAll<number>().as('envelope_count')])
    .where('state', 'in', states)
    .groupBy('state')
    .execute()
  return states.map((state) => ({
    labels: { state },
    value: Number(rows.find((row) => row.state === state)?.envelope_count ?? 0),
  }))
}

function connectionsOf({ server }: FastifyInstance): Promise<number> {
  return new Promise((resolve, reject) => {
    server.getConnections((error, count) => (error ? reject(error) : resolve(count)))
  })
}

function one(value: number): MetricRow[] {
  return [{ labels: {}, value }]
}
