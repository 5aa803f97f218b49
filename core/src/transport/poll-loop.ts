// SPDX-License-Identifier: Apache-2.0
/** An agent's one long poll: never two at once, backing off when the hub is away, until told to stop. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { BackOff } from './back-off.ts'
import { WIRE, type Delivery } from './contract.ts'
import { retryAfterMsOf } from './faults.ts'

/** What the loop is made of. */
export interface PollLoopParts {
  takeDeliveries(poll: {
    waitSeconds: number
    again: boolean
    signal: AbortSignal
  }): Promise<Delivery[]>
  /** Takes one delivery to its end. The loop goes on polling meanwhile. */
  receive(delivery: Delivery): Promise<void>
  readonly backOff: BackOff
  /** Told of every failed poll and failed receipt; must not throw. */
  onError(error: unknown): void
  /** Told when a poll succeeded after the start or after failures. */
  onConnected?(): void
  /** Deliveries in work at which no more are asked for before one of them ends or a pause is over. */
  readonly maxInWork?: number
  /** Units: milliseconds. */
  readonly fullPauseMs?: number
  readonly waitSeconds?: number
  /** Unless given, the machine's. */
  readonly timing?: PollTiming
}

/** How a loop tells how long it waited, and waits. Units: milliseconds. */
export interface PollTiming {
  /** By a clock that is never set. */
  now(): number
  /** Rejects when `signal` is aborted. */
  sleep(ms: number, signal: AbortSignal): Promise<void>
}

const MACHINE: PollTiming = {
  now: () => performance.now(),
  sleep: (ms, signal) => sleep(ms, undefined, { signal }),
}

/** A poll that comes back empty sooner than this was not held; the next one waits as after a failure. */
const HELD_MS = 500
const DEFAULT_MAX_IN_WORK = 64
const DEFAULT_FULL_PAUSE_MS = 2_000

/**
 * Polls until `signal` ends it, then waits for the deliveries in work.
 *
 * Why: a delivery that comes again while it is in work is dropped, the hub's lease had just run out.
 */
export async function runPollLoop(parts: PollLoopParts, signal: AbortSignal): Promise<void> {
  const inWork = new Map<string, Promise<void>>()
  const { timing = MACHINE } = parts
  let isConnected = false
  while (!signal.aborted) {
    const startedAt = timing.now()
    // Why again: an answer that was lost on the way held deliveries that would wait for their lease to end.
    const { deliveries, retryAfterMs } = await poll(parts, { again: !isConnected, signal })
    if (signal.aborted) break
    if (deliveries !== undefined && !isConnected) parts.onConnected?.()
    isConnected = deliveries !== undefined
    for (const delivery of deliveries ?? []) start(parts, inWork, delivery)
    if (deliveries === undefined || wasNotHeld(deliveries, timing.now() - startedAt)) {
      await pause(timing, parts.backOff.nextMs(retryAfterMs), signal)
    } else parts.backOff.reset()
    if (inWork.size >= (parts.maxInWork ?? DEFAULT_MAX_IN_WORK)) {
      const pauseMs = parts.fullPauseMs ?? DEFAULT_FULL_PAUSE_MS
      await roomOrPause(inWork, { timing, pauseMs, signal })
    }
  }
  await Promise.all(inWork.values())
}

async function poll(
  parts: PollLoopParts,
  { again, signal }: { again: boolean; signal: AbortSignal },
): Promise<{ deliveries?: Delivery[]; retryAfterMs?: number }> {
  const waitSeconds = parts.waitSeconds ?? WIRE.maxWaitSeconds
  try {
    return { deliveries: await parts.takeDeliveries({ waitSeconds, again, signal }) }
  } catch (error) {
    if (!signal.aborted) parts.onError(error)
    return { retryAfterMs: retryAfterMsOf(error) }
  }
}

function start(parts: PollLoopParts, inWork: Map<string, Promise<void>>, delivery: Delivery): void {
  if (inWork.has(delivery.envelopeId)) return
  const work = receive(parts, delivery).finally(() => inWork.delete(delivery.envelopeId))
  inWork.set(delivery.envelopeId, work)
}

async function receive(parts: PollLoopParts, delivery: Delivery): Promise<void> {
  try {
    await parts.receive(delivery)
  } catch (error) {
    parts.onError(error)
  }
}

function wasNotHeld(deliveries: Delivery[], tookMs: number): boolean {
  return deliveries.length === 0 && tookMs < HELD_MS
}

async function pause(timing: PollTiming, ms: number, signal: AbortSignal): Promise<void> {
  await timing.sleep(ms, signal).catch(() => {})
}

/** Why a pause and no wait without end: what must not wait for long work, a revocation say, comes by the same poll. */
async function roomOrPause(
  inWork: ReadonlyMap<string, Promise<void>>,
  { timing, pauseMs, signal }: { timing: PollTiming; pauseMs: number; signal: AbortSignal },
): Promise<void> {
  const over = new AbortController()
  const paused = pause(timing, pauseMs, AbortSignal.any([signal, over.signal]))
  await Promise.race([...inWork.values(), paused])
  over.abort()
}
