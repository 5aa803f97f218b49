// SPDX-License-Identifier: Apache-2.0
/** Limits over HTTP, for operators: what was done about invalid attempts, and letting a key in again. */
import { instantOf, parseJson } from '@sallyport/core/protocol'
import { LimitStep, routes } from '@sallyport/core/transport'
import type { Clock } from '@sallyport/core/wiring'
import { Lifts } from '../abuse/lifts.ts'
import type { Quarantines } from '../abuse/quarantines.ts'
import type { HubLimits } from '../limits.ts'
import type { Log } from '../log.ts'
import type { WakeUps } from '../queue/wake-ups.ts'
import type { LimitStore, StepEntry } from '../stores/limit-store.ts'
import { operatorOf } from './authenticate.ts'
import { serve, type RouteHost } from './serve.ts'

/** What these routes need. */
export interface LimitRoutesParts {
  readonly clock: Clock
  readonly log: Log
  readonly limits: HubLimits
  readonly limitStore: LimitStore
  readonly quarantines: Quarantines
  readonly wakeUps: WakeUps
}

const MAX_ENTRY_BYTES = 4_096
const MAX_KEYS = 1_000

/** Serves the two routes. */
export function addLimits(
  host: RouteHost,
  { clock, log, limits, limitStore, quarantines, wakeUps }: LimitRoutesParts,
): void {
  const lifts = new Lifts({ quarantines, guard: host.guard, wakeUps })
  serve(host, routes.readLimits, {
    async handle({ principal }) {
      const { siteId } = operatorOf(principal)
      const rows = await limitStore.quarantined(siteId)
      const steps = await limitStore.steps(siteId, limits.stepsShown)
      return {
        quarantined: rows.slice(0, MAX_KEYS).map((row) => ({
          keyId: row.key_id,
          role: row.role,
          since: instantOf(Number(row.since)),
        })),
        steps: steps.map(viewOf),
      }
    },
  })

  serve(host, routes.liftKey, {
    async handle({ body: { keyId }, principal }) {
      const { siteId, keyId: by } = operatorOf(principal)
      const wasOut = await lifts.lift(siteId, keyId)
      if (!wasOut) return { wasOut }
      const event = { event: 'limit.lifted', of: 'key', subject: keyId, by } as const
      await limitStore.note(siteId, event, { nowMs: clock.now(), keep: limits.stepsShown })
      log.warn({ siteId, ...event }, event.event)
      return { wasOut }
    },
  })
}

function viewOf(entry: StepEntry): LimitStep {
  const step = parseJson(Buffer.from(entry), MAX_ENTRY_BYTES) as Record<string, unknown>
  return LimitStep.parse({
    at: step['at'],
    step: String(step['event']).slice('limit.'.length),
    of: step['of'] ?? null,
    subject: step['subject'] ?? null,
    count: step['count'] ?? null,
  })
}
