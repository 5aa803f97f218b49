// SPDX-License-Identifier: Apache-2.0
/** Runs that nobody saw to their end: how they ended is found out from what they kept, by looking and no more. */
import { checkResumable, type AdmissionPorts } from '../admission/index.ts'
import { digestOf } from '../crypto/index.ts'
import type { KeptByRun, PluginHost } from '../plugins/ports.ts'
import { documents, parseDocument, parseJson } from '../protocol/index.ts'
import { HandleTally } from './handle-tally.ts'
import { notResumed, outcomeOfResume, wasStopped, withWhy } from './outcome.ts'
import type { KeptRow, RunRow } from './ports.ts'
import type { Intent, Recorder, ResumedAfter } from './recorder.ts'
import type { RunSignals } from './running.ts'
import { untilWritten } from './until-written.ts'

const MAX_KEPT_JSON_BYTES = 131_072

/** What resuming works with. */
export interface ResumePorts extends RunSignals {
  readonly admission: AdmissionPorts
  readonly host: PluginHost
}

/** A run that is taken up. */
export interface RunToResume {
  readonly intent: Intent
  readonly kept: KeptByRun
  readonly after: ResumedAfter
  readonly tally: HandleTally
  /** Time: `performance.now()`. */
  readonly startedAtMs: number
}

/**
 * Finds out how a run ended and records it. Says whether there is an answer now: there is none when the agent stops
 * meanwhile, and the run is left for its next start.
 *
 * Trust: the plugin gets handles that look, so the job still has one effect at most.
 */
export async function resumeRun(
  run: RunToResume,
  recorder: Recorder,
  { host, signal, stopping, again }: ResumePorts,
): Promise<boolean> {
  const { intent, kept, after, tally, startedAtMs } = run
  const { plugin, jobName, authentic } = intent.decision
  const { jobId, input } = authentic.job
  await untilWritten(() => recorder.recordResumed(intent, after), { stopping, again })
  const ended = await host.run({
    jobId,
    plugin,
    jobName,
    input,
    signal,
    resume: kept,
    onHandle: (event) => tally.add(event),
  })
  if (wasStopped(ended, stopping)) {
    recorder.recordLeft(intent, tally)
    return false
  }
  const ms = performance.now() - startedAtMs
  const outcome = outcomeOfResume(withWhy(ended, signal))
  await untilWritten(() => recorder.recordOutcome(intent, outcome, { ms, tally }), {
    stopping,
    again,
  })
  return true
}

/** After a start: resumes a run that kept something, or records it as interrupted. Says whether there is an answer now. */
export async function resumeRow(
  row: RunRow & { readonly kept: KeptRow },
  recorder: Recorder,
  ports: ResumePorts,
): Promise<boolean> {
  const resumable = checkResumable(row.jobType, row.kept.digest, ports.admission)
  if (!resumable.ok) {
    const failure = notResumed(resumable.refusal)
    await untilWritten(() => recorder.recordInterrupted(row, failure), ports)
    return true
  }
  const job = parseDocument(documents.job, row.payload)
  const intent: Intent = {
    receipt: { envelopeId: row.envelopeId, receivedAtMs: row.receivedAtMs, openMs: 0 },
    decision: {
      ...resumable.value,
      authentic: { job, digest: digestOf(row.payload) },
      checksPassedCount: 0,
    },
    journalMs: 0,
  }
  const run = { intent, kept: keptIn(row.kept), after: 'restart' as const }
  const begun = { tally: new HandleTally(), startedAtMs: performance.now() }
  return resumeRun({ ...run, ...begun }, recorder, ports)
}

function keptIn({ plan, value }: KeptRow): KeptByRun {
  const read = (bytes: Uint8Array): unknown => parseJson(bytes, MAX_KEPT_JSON_BYTES)
  return { plan: plan === null ? undefined : read(plan), value: read(value) }
}
