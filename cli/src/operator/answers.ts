// SPDX-License-Identifier: Apache-2.0
/** Waits at the hub for the answer to something that was sent. */
import { WIRE } from '@sallyport/core/transport'
import type { EnvelopeState, EnvelopeView } from '@sallyport/core/transport'
import { isPassing } from '@sallyport/core/transport'
import type { Operator } from './operator.ts'

const RETRY_MS = 1_000

/** How long to wait, and who hears what changes. */
export interface Patience {
  /** Units: epoch milliseconds. */
  readonly untilMs: number
  readonly signal?: AbortSignal | undefined
  onChange?(view: EnvelopeView): void
  /** The hub is out of reach; it is asked again. */
  onSilence?(error: unknown): void
}

/**
 * Waits until the envelope is answered or expired, or until the time is up; returns the last view.
 *
 * Why: a hub that goes away for a moment does not end the waiting, because the job goes on without it.
 */
export async function waitForAnswer(
  operator: Operator,
  envelopeId: string,
  patience: Patience,
): Promise<EnvelopeView | undefined> {
  let view: EnvelopeView | undefined
  for (;;) {
    const leftMs = patience.untilMs - operator.now()
    const next = await ask(operator, envelopeId, {
      state: view?.state ?? 'queued',
      leftMs,
      patience,
    })
    if (next !== undefined && next.state !== view?.state) patience.onChange?.(next)
    view = next ?? view
    if (view !== undefined && isOver(view.state)) return view
    if (operator.now() >= patience.untilMs || patience.signal?.aborted === true) return view
  }
}

/** Whether nothing more will happen to an envelope. */
export function isOver(state: EnvelopeState): boolean {
  return state === 'answered' || state === 'expired'
}

async function ask(
  operator: Operator,
  envelopeId: string,
  how: { state: EnvelopeState; leftMs: number; patience: Patience },
): Promise<EnvelopeView | undefined> {
  const { state, leftMs, patience } = how
  const waitSeconds = Math.max(0, Math.min(WIRE.maxWaitSeconds, Math.ceil(leftMs / 1_000)))
  try {
    return await operator.hub.showEnvelope(envelopeId, {
      waitSeconds,
      unless: state,
      signal: patience.signal,
    })
  } catch (error) {
    if (patience.signal?.aborted === true) return undefined
    if (!isPassing(error)) throw error
    patience.onSilence?.(error)
    await new Promise((resolve) => setTimeout(resolve, RETRY_MS))
    return undefined
  }
}
