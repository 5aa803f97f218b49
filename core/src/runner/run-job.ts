// SPDX-License-Identifier: Apache-2.0
/** The middle of a job's way: from the durable intent to the durable outcome. */
import { isCodedError } from '@sallyport/sdk'
import type { RunOutcome } from '../plugins/ports.ts'
import { documents, encodeJson, resourcesOf } from '../protocol/index.ts'
import type { Outcome } from './answer.ts'
import { Questions, type AskingRun, type AskPorts } from './ask.ts'
import { HandleTally } from './handle-tally.ts'
import type { Intent, Recorder } from './recorder.ts'

/** Half of a result document is left for everything but the output. */
const MAX_OUTPUT_BYTES = documents.result.maxBytes / 2

/** Ends that came from outside the run: whether it took effect is unknown. */
const INTERRUPTIONS: readonly string[] = ['ERR_RUN_CANCELLED', 'ERR_PLUGIN_REVOKED']

/** Runs an admitted job once and records how it ended. */
export async function runJob(
  intent: Intent,
  recorder: Recorder,
  ports: AskPorts & { signal: AbortSignal },
): Promise<void> {
  const { authentic, plugin, jobName } = intent.decision
  const questions = new Questions(askingRun(intent), ports)
  const tally = new HandleTally()
  const started = performance.now()
  const ended = await ports.host.run({
    jobId: authentic.job.jobId,
    plugin,
    jobName,
    input: authentic.job.input,
    signal: ports.signal,
    onHandle: (event) => tally.add(event),
    ask: (asked, ended) => questions.ask(asked, ended),
  })
  await questions.settled()
  const run = { ms: performance.now() - started, tally }
  recorder.recordOutcome(intent, outcomeOf(ended), run)
}

function askingRun({ receipt, decision }: Intent): AskingRun {
  const { jobManifest, authentic } = decision
  const { jobId, input } = authentic.job
  const resources = resourcesOf(jobManifest, input)
  const reach = { effect: jobManifest.effect, resources, depth: 0 }
  return { jobId, envelopeId: receipt.envelopeId, reach }
}

function outcomeOf(ended: RunOutcome): Outcome {
  if (ended.state === 'done') return outputOutcome(ended.output)
  if (ended.state === 'refused') {
    return ended as Extract<Outcome, { state: 'refused' }>
  }
  const state = INTERRUPTIONS.includes(ended.failure.code) ? 'interrupted' : 'failed'
  return { state, failure: ended.failure }
}

/** Why: an output that no document can carry must still end in an answer. */
function outputOutcome(output: unknown): Outcome {
  try {
    if (encodeJson(output).byteLength <= MAX_OUTPUT_BYTES) return { state: 'done', output }
    return failed('ERR_OUTPUT_LIMIT', `the output is larger than ${MAX_OUTPUT_BYTES} bytes`)
  } catch (error) {
    if (!isCodedError(error)) throw error
    return failed('ERR_OUTPUT_FORM', 'the output is not JSON')
  }
}

function failed(code: string, message: string): Outcome {
  return { state: 'failed', failure: { code, message, details: {}, retryable: false } }
}
