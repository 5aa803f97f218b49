// SPDX-License-Identifier: Apache-2.0
/** A running agent: recover, then poll and answer until told to stop. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { Runner } from '@sallyport/core/runner'
import { openStateDirectory } from '@sallyport/core/stores'
import { makeBackOff, runPollLoop, type HubClient } from '@sallyport/core/transport'
import pino, { type Logger } from 'pino'
import type { AuditLoop } from './audit-loop.ts'
import { enrolmentBytes, readAgentFile } from './agent-file.ts'
import type { AgentConfig } from './config.ts'
import type { HubStop } from './hub-stop.ts'
import { logTrouble, noteSafely } from './log-trouble.ts'
import { openMetricsFile } from './metrics.ts'
import { reportPlugins } from './plugin-events.ts'
import type { AgentRecord } from './record.ts'
import { runSchedules } from './schedules.ts'
import { verifyEnrolment } from './trust.ts'
import { openVaultKeys } from './vault.ts'
import { AGENT_VERSION } from './version.ts'
import {
  AgentAdmission,
  AgentAudit,
  AgentHost,
  AgentHub,
  AgentMemory,
  AgentRunner,
  AgentStop,
  wireAgent,
} from './wiring.ts'

/** An agent that is polling. */
export interface RunningAgent extends AsyncDisposable {
  readonly agentId: string
  readonly agentName: string
  readonly hub: string
}

const FLUSH_EVERY_MS = 5_000

/**
 * Starts the agent of a state directory.
 *
 * Throws: ERR_NOT_ENROLLED, ERR_STATE_…, ERR_KEY_FILE_…, ERR_PASSPHRASE, ERR_ENROLMENT_UNTRUSTED, ERR_STORE_….
 */
export async function startAgent(config: AgentConfig): Promise<RunningAgent> {
  await using opening = new AsyncDisposableStack()
  const log = pino({ level: config.logLevel, base: null }, pino.destination({ fd: 2, sync: true }))
  const directory = opening.use(openStateDirectory(config.stateDir))
  const file = readAgentFile(directory.path)
  const enrolled = verifyEnrolment(enrolmentBytes(file), file.rootFingerprint)
  const { agentId, agentName } = enrolled.enrolment
  const place = { stateDir: directory.path, passphraseFile: config.passphraseFile }
  const keys = openVaultKeys(place)
  const { maxConcurrentJobs, rotation } = config
  const parts = {
    stateDir: directory.path,
    file,
    enrolled,
    ...keys,
    maxConcurrentJobs,
    rotation,
    log,
  }
  const container = wireAgent(parts, opening)
  const runner = container.resolve(AgentRunner)
  const record = container.resolve(AgentMemory)
  const details = { version: AGENT_VERSION, node: process.version }
  record.note({ event: 'agent.started', details })
  noteTorn(record, log)
  const ports = container.resolve(AgentAdmission)
  reportPlugins({ approvals: record.store.approvals, ports }, record, log)
  const interruptedCount = runner.recover()
  log.info({ agentId, agentName, interruptedCount, version: AGENT_VERSION }, 'agent started')
  const onError = (error: unknown): void => logTrouble(log, error)
  const audit = container.resolve(AgentAudit)
  const stop = container.resolve(AgentStop)
  opening.defer(() => record.note({ event: 'agent.stopped', details: {} }))
  const schedules = (signal: AbortSignal): Promise<void> =>
    runSchedules({ runner, record, admission: ports, audit, stop, log }, signal)
  const hub = container.resolve(AgentHub)
  opening.use(openLoops(runner, hub, { config, log, audit, stop, schedules }))
  if (config.metricsFile !== undefined) {
    const host = container.resolve(AgentHost)
    const path = config.metricsFile
    opening.use(
      openMetricsFile({
        path,
        counters: () => host.counters(),
        witness: () => record.store.witness.read(),
        onError,
      }),
    )
  }
  const scope = opening.move()
  return { agentId, agentName, hub: file.hub, [Symbol.asyncDispose]: () => scope.disposeAsync() }
}

/** What the loops of an agent need besides its runner and its hub. */
interface LoopParts {
  readonly config: AgentConfig
  readonly log: Logger
  readonly audit: AuditLoop
  readonly stop: HubStop
  readonly schedules: (signal: AbortSignal) => Promise<void>
}

/** The loops of an agent; disposing stops polling, gives runs their grace, then aborts them. */
function openLoops(
  runner: Runner,
  hub: HubClient,
  { config, log, audit, stop: hubStop, schedules }: LoopParts,
): AsyncDisposable {
  const stop = new AbortController()
  const onError = (error: unknown): void => logTrouble(log, error, hubStop)
  const polling = runPollLoop(
    {
      async takeDeliveries(poll) {
        await audit.checked(poll.signal)
        return hub.takeDeliveries(poll)
      },
      receive: (delivery) => runner.receive(delivery),
      backOff: makeBackOff(Math.random),
      onError,
      onConnected() {
        noteSafely(log, () => hubStop.served())
        log.info({ hub: hub.address }, 'hub connected')
      },
    },
    stop.signal,
  )
  const flushing = flushUntil(stop.signal, runner, onError)
  const resuming = runner.resume().catch(onError)
  const scheduling = schedules(stop.signal).catch(onError)
  return {
    async [Symbol.asyncDispose]() {
      stop.abort()
      runner.rest()
      const grace = new AbortController()
      const overdue = sleep(config.stopGraceMs, undefined, { signal: grace.signal }).then(
        () => runner.abort(),
        () => {},
      )
      await Promise.all([polling, flushing, resuming, scheduling])
      grace.abort()
      await overdue
      settle(runner, onError)
      log.info({}, 'agent stopped')
    },
  }
}

async function flushUntil(
  signal: AbortSignal,
  runner: Runner,
  onError: (error: unknown) => void,
): Promise<void> {
  while (!signal.aborted) {
    await runner.flush().catch(onError)
    await sleep(FLUSH_EVERY_MS, undefined, { signal }).catch(() => {})
  }
}

/** A store that does not take it keeps no agent from ending. */
function settle(runner: Runner, onError: (error: unknown) => void): void {
  try {
    runner.settle()
  } catch (error) {
    onError(error)
  }
}

/** What a crash left half written is taken away, on record. */
function noteTorn(record: AgentRecord, log: Logger): void {
  const torn = [...record.store.torn, ...record.store.audit.tidyArchives()]
  if (torn.length === 0) return
  record.note({ event: 'audit.torn', details: { torn } })
  log.warn({ torn }, 'a crash left something half written; nothing before it is lost')
}
