// SPDX-License-Identifier: Apache-2.0
/** What the end of a run in the plugin host is for the one who asked for the job. */
import { isCodedError } from '@sallyport/sdk'
import type { RunOutcome } from '../plugins/ports.ts'
import { documents, encodeJson, type Refusal } from '../protocol/index.ts'
import type { Outcome } from './answer.ts'

/** Half of a result document is left for everything but the output. */
const MAX_OUTPUT_BYTES = documents.result.maxBytes / 2

/** Ends that came from outside the run: whether it took effect is unknown. */
const INTERRUPTIONS: readonly string[] = ['ERR_RUN_CANCELLED', 'ERR_PLUGIN_REVOKED']

/** Ends that the agent brings about when it stops. */
const STOPS: readonly string[] = ['ERR_RUN_CANCELLED', 'ERR_PLUGIN_STOPPED']

/** Ends of a process that a fresh one need not meet again. Why no abuse: such a plugin gets no second turn. */
const CRASHES: readonly string[] = ['ERR_PLUGIN_CRASHED', 'ERR_PLUGIN_MEMORY']

type Failure = Extract<Outcome, { state: 'failed' | 'interrupted' }>['failure']
type Done = Extract<RunOutcome, { state: 'done' }>

/** The outcome of a run that was seen to its end. */
export function outcomeOf(ended: RunOutcome): Outcome {
  if (ended.state === 'done') return doneOutcome(ended)
  if (ended.state === 'refused') {
    return ended as Extract<Outcome, { state: 'refused' }>
  }
  const state = INTERRUPTIONS.includes(ended.failure.code) ? 'interrupted' : 'failed'
  return { state, failure: ended.failure }
}

/** What a plugin that could find out says of the effect of a run that did not do what it should. */
const KNOWN_EFFECTS: readonly unknown[] = ['none', 'partial']

/**
 * The outcome of a run that was resumed.
 *
 * Trust: what is known of the effect is the plugin's word, as every output is; without it the effect is unknown.
 */
export function outcomeOfResume(ended: RunOutcome): Outcome {
  if (ended.state === 'done') return doneOutcome(ended)
  if (ended.state === 'refused') return { state: 'interrupted', failure: notResumed(ended.refusal) }
  const { failure } = ended
  const state = KNOWN_EFFECTS.includes(failure.details['effect']) ? 'failed' : 'interrupted'
  return { state, failure }
}

/** The failure of a run that the agent did not see to its end. */
export function cutOff(why = '', details: Failure['details'] = {}): Failure {
  const message = `the agent stopped during the run; whether it took effect is unknown${why}`
  return { code: 'ERR_RUN_INTERRUPTED', message, details, retryable: false }
}

/** The failure of a run that might have been resumed and may not. */
export function notResumed({ reason, details }: Refusal): Failure {
  const given = (details ?? {}) as Failure['details']
  return cutOff(`, and it could not be resumed (${reason})`, { ...given, reason })
}

/** Whether a run ended because the agent stops. */
export function wasStopped(ended: RunOutcome, signal: AbortSignal): boolean {
  return signal.aborted && ended.state === 'failed' && STOPS.includes(ended.failure.code)
}

/** The end of a run that was cancelled, with the words of whoever cancelled it. */
export function withWhy(ended: RunOutcome, signal: AbortSignal): RunOutcome {
  if (ended.state !== 'failed' || ended.failure.code !== 'ERR_RUN_CANCELLED') return ended
  const { reason } = signal as { readonly reason: unknown }
  if (!isCodedError(reason) || reason.code !== 'ERR_RUN_CANCELLED') return ended
  return { ...ended, failure: { ...ended.failure, message: reason.message } }
}

/** Whether a run ended because its process fell. */
export function hasCrashed(ended: RunOutcome): boolean {
  return ended.state === 'failed' && CRASHES.includes(ended.failure.code)
}

/** Why: an output that no document can carry must still end in an answer. */
function doneOutcome({ output, verification }: Done): Outcome {
  try {
    if (encodeJson(output).byteLength <= MAX_OUTPUT_BYTES) {
      return { state: 'done', output, ...(verification && { verification }) }
    }
    return failed('ERR_OUTPUT_LIMIT', `the output is larger than ${MAX_OUTPUT_BYTES} bytes`)
  } catch (error) {
    if (!isCodedError(error)) throw error
    return failed('ERR_OUTPUT_FORM', 'the output is not JSON')
  }
}

function failed(code: string, message: string): Outcome {
  return { state: 'failed', failure: { code, message, details: {}, retryable: false } }
}
