// SPDX-License-Identifier: Apache-2.0
/** The schedules of a running agent: they go on with the hub away too. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { AdmissionPorts } from '@sallyport/core/admission'
import { Scheduler, type Runner } from '@sallyport/core/runner'
import type { Logger } from 'pino'
import type { AuditLoop } from './audit-loop.ts'
import type { HubStop } from './hub-stop.ts'
import type { AgentRecord } from './record.ts'

/**
 * How long schedules wait after a start for the hub to say whether this agent's state was set back.
 *
 * Why: in a state that was set back, due times that had their run look as if nobody had been there for them. Why no
 * longer: a hub that is away must not keep schedules from running.
 */
const CHECK_MS = 20_000

/** What schedules run with. */
export interface SchedulingParts {
  readonly runner: Runner
  readonly record: AgentRecord
  readonly admission: AdmissionPorts
  readonly audit: Pick<AuditLoop, 'checked'>
  readonly stop: Pick<HubStop, 'holdsSchedules'>
  readonly log: Logger
}

/** Runs the schedules of an agent until `signal` is aborted; resolves when the runs it began have ended. */
export async function runSchedules(parts: SchedulingParts, signal: AbortSignal): Promise<void> {
  const { runner, record, admission, audit, stop, log } = parts
  const scheduler = new Scheduler({
    admission,
    journal: record.journal,
    run: (due) => runner.runDue(due),
    isHeld: () => stop.holdsSchedules,
    sleep: (ms, until) => sleep(ms, undefined, { signal: until }).catch(() => {}),
    log,
  })
  await checkedOrLate(audit, signal)
  await scheduler.go(signal)
}

async function checkedOrLate(audit: Pick<AuditLoop, 'checked'>, until: AbortSignal): Promise<void> {
  const done = new AbortController()
  const signal = AbortSignal.any([until, done.signal])
  const late = sleep(CHECK_MS, undefined, { signal }).catch(() => {})
  await Promise.race([audit.checked(signal).catch(() => late), late])
  done.abort()
}
