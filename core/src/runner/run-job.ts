// SPDX-License-Identifier: Apache-2.0
/** The middle of a job's way: from the durable intent to the durable outcome. */
import { checkResumable, type WantedBy } from '../admission/index.ts'
import type { KeptByRun, RunOutcome } from '../plugins/ports.ts'
import { resourcesOf } from '../protocol/index.ts'
import { Questions, type AskingRun, type AskPorts } from './ask.ts'
import { HandleTally } from './handle-tally.ts'
import { hasCrashed, outcomeOf, outcomeOfResume, wasStopped, withWhy } from './outcome.ts'
import type { Intent, Recorder } from './recorder.ts'
import { resumeRun } from './resume.ts'
import type { RunSignals } from './running.ts'
import { untilWritten } from './until-written.ts'

/**
 * Runs an admitted job once and records how it ended. Says whether there is an answer now: a run that kept something is
 * left for the next start when the agent stops in the middle of it.
 */
export async function runJob(
  intent: Intent,
  recorder: Recorder,
  ports: AskPorts & RunSignals,
): Promise<boolean> {
  const tally = new HandleTally()
  const startedAtMs = performance.now()
  const { ended, kept } = await run(intent, { recorder, ports, tally })
  if (kept !== undefined && wasStopped(ended, ports.stopping)) {
    recorder.recordLeft(intent, tally)
    return false
  }
  const isCutOff = kept !== undefined && hasCrashed(ended)
  if (isCutOff && mayResume(intent, ports)) {
    const after = 'crash' as const
    return resumeRun({ intent, kept, after, tally, startedAtMs }, recorder, ports)
  }
  const ms = performance.now() - startedAtMs
  const outcome = isCutOff ? outcomeOfResume(ended) : outcomeOf(withWhy(ended, ports.signal))
  await untilWritten(() => recorder.recordOutcome(intent, outcome, { ms, tally }), ports)
  return true
}

/** Why nothing is kept for a job type that cannot be resumed: nobody would ever ask for it. */
async function run(
  intent: Intent,
  by: { recorder: Recorder; ports: AskPorts & RunSignals; tally: HandleTally },
): Promise<{ ended: RunOutcome; kept: KeptByRun | undefined }> {
  const { recorder, ports, tally } = by
  const { authentic, plugin, jobName, jobManifest } = intent.decision
  const { jobId, input, step, plan } = authentic.job
  const isPlanOnly = step === 'plan'
  const questions = new Questions(askingRun(intent), ports)
  let kept: KeptByRun | undefined
  const onKeep = (given: KeptByRun): void => {
    recorder.recordKept(intent, given)
    kept = given
  }
  const ended = await ports.host.run({
    jobId,
    plugin,
    jobName,
    input,
    signal: ports.signal,
    onHandle: (event) => tally.add(event),
    isPlanOnly,
    signedPlan: plan ?? undefined,
    ...(jobManifest.hasResume && { onKeep }),
    ask: (asked, ended) => questions.ask(asked, ended),
  })
  await questions.settled()
  return { ended, kept }
}

/** Why asked again: the operator may have revoked the plugin since the job began. */
function mayResume({ decision }: Intent, { admission }: AskPorts): boolean {
  const { plugin, authentic } = decision
  return checkResumable(authentic.job.jobType, plugin.digest, admission).ok
}

/** The policy permits nothing to nobody. */
const NOBODY: WantedBy = { principals: [], signers: [] }

function askingRun({ receipt, decision }: Intent): AskingRun {
  const { jobManifest, authentic, wantedBy = NOBODY } = decision
  const { jobId, input, step } = authentic.job
  const resources = resourcesOf(jobManifest, input)
  const effect = step === 'plan' ? 'read' : jobManifest.effect
  const reach = { effect, resources, depth: 0, wantedBy }
  return { jobId, envelopeId: receipt.envelopeId, reach }
}
