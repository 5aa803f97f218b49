// SPDX-License-Identifier: Apache-2.0
/** What an agent does that its hub serves no more: it says so, and asks again once a minute instead of at every turn. */
import { hubRefusalOf } from './faults.ts'

/** What the hub says to an agent that was sent away, or of which two run. */
const STOPS: readonly string[] = ['ERR_AGENT_REVOKED', 'ERR_AGENT_TWINS']
const ASK_EVERY_MS = 60_000

/** Stands before the calls of one client. */
export interface StopGate {
  /** Throws what the hub said last, while it is too soon to ask again. */
  pass(): void
  /** Told of every error. */
  hear(error: unknown): void
}

/** Whether a hub said that it serves this agent no more. */
export function isStop(error: unknown): boolean {
  return STOPS.includes(hubRefusalOf(error)?.code ?? '')
}

/** Makes a gate; it is open until the hub says otherwise. */
export function makeStopGate(clock: { now(): number }): StopGate {
  let stop: { error: unknown; atMs: number } | undefined
  return {
    pass() {
      if (stop === undefined) return
      const agoMs = clock.now() - stop.atMs
      if (agoMs >= 0 && agoMs < ASK_EVERY_MS) throw stop.error as Error
      stop = undefined
    },
    hear(error) {
      if (isStop(error)) stop ??= { error, atMs: clock.now() }
    },
  }
}
