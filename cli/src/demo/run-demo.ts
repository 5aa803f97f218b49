// SPDX-License-Identifier: Apache-2.0
/** The whole demo, from nothing to a verified result and a refused attempt, timed step by step. */
import { verifyAgentAudit } from '../operator/agent-audit.ts'
import type { VerifiedAudit } from '../operator/agent-audit.ts'
import type { PinnedAgent } from '../operator/agents.ts'
import { approve } from '../operator/approve.ts'
import { findAgent } from '../operator/descriptors.ts'
import type { Operator } from '../operator/operator.ts'
import { jobProblem } from '../output/job-problem.ts'
import type { KnownJob } from '../output/known-job.ts'
import { fingerprint, shortDigest } from '../output/words.ts'
import { alterEnvelope } from './alter.ts'
import type { DemoPlace } from './place.ts'
import type { RunningProgram } from './programs.ts'
import {
  AGENT_NAME,
  buildSensors,
  enrol,
  makeDemoOperator,
  openDemoOperator,
  runJob,
  signBuilt,
  startAgent,
  startHub,
} from './steps.ts'
import type { SignedBundle } from './steps.ts'

const APPROVAL_LIFETIME_MS = 30 * 86_400_000
const APPROVAL_DEADLINE_MS = 15_000

/** One step of the setting up. */
export interface DemoStep {
  readonly step: string
  readonly ms: number
  readonly note: string
}

/** Who hears what, as it happens. */
export interface DemoListener {
  onStep(step: DemoStep): void
  onJob(job: KnownJob): void
  onAudit(audit: VerifiedAudit): void
  onAttempt(attempt: DemoAttempt): void
}

/** The attempt from outside. */
export interface DemoAttempt {
  readonly job: KnownJob
  /** Length of the sealed text of which one character was changed. */
  readonly sealedCharacters: number
}

/** What the demo leaves behind when it is kept. */
export interface DemoOutcome {
  readonly hub: RunningProgram & { url: string }
  readonly agent: RunningProgram
}

/** Runs the demo. Throws: the problem of the first step that does not do what it should. */
export async function runDemo(place: DemoPlace, listener: DemoListener): Promise<DemoOutcome> {
  const timed = stopwatch(listener)
  // Bundling needs nobody else, so it goes on beside the rest.
  const building = buildSensors(place)
  building.catch(() => undefined)
  const { operator, hub, passphrase } = await openOperatorAndHub(place, timed)
  await using _operator = operator
  const first = await timed('agent', () => enrolAndStart(operator, place), agentNote)
  const agent = await findAgent(operator, AGENT_NAME)
  const signed = await timed(
    'publisher',
    async () => signBuilt(place, { file: (await building).file, passphrase }),
    publisherNote,
  )
  await timed('plugin', () => approveSigned(operator, agent, signed), pluginNote)
  for (const jobType of ['sensors/read', 'sensors/host']) {
    const job = await runJob(operator, agent, { jobType })
    const problem = jobProblem(job)
    if (problem !== undefined) throw problem
    listener.onJob(job)
  }
  const { attempt, second } = await tryFromOutside(operator, agent, { place, first })
  listener.onAttempt(attempt)
  listener.onAudit(await verifyAgentAudit(place.home, place.home.agent))
  return { hub, agent: second }
}

type Timed = <T>(step: string, work: () => Promise<T>, note: (value: T) => string) => Promise<T>

function stopwatch(listener: DemoListener): Timed {
  return async (step, work, note) => {
    const startedMs = performance.now()
    const value = await work()
    listener.onStep({ step, ms: Math.round(performance.now() - startedMs), note: note(value) })
    return value
  }
}

async function openOperatorAndHub(place: DemoPlace, timed: Timed) {
  const passphrase = await timed(
    'operator',
    () => makeDemoOperator(place),
    () => 'keys made here, locked under a passphrase; a site that names them',
  )
  const hub = await timed(
    'hub',
    () => startHub(place),
    ({ url, pid }) => `${url}, process ${pid}; it can open nothing it stores`,
  )
  const operator = await openDemoOperator(place, { url: hub.url, passphrase })
  return { operator, hub, passphrase }
}

async function enrolAndStart(operator: Operator, place: DemoPlace) {
  const enrolled = await enrol(operator, place)
  return { enrolled, program: await startAgent(place) }
}

function agentNote({ enrolled, program }: Awaited<ReturnType<typeof enrolAndStart>>): string {
  const { agentName, keyId } = enrolled
  return `${agentName}, process ${program.pid}, key ${fingerprint(keyId)}; enrolled by a one-time code, only dials out`
}

async function approveSigned(operator: Operator, agent: PinnedAgent, signed: SignedBundle) {
  await approve(operator, agent, {
    ...signed,
    overrides: [],
    lifetimeMs: APPROVAL_LIFETIME_MS,
    untilMs: operator.now() + APPROVAL_DEADLINE_MS,
  })
  return signed
}

function publisherNote({ publication }: SignedBundle): string {
  return `keys of its own, ${fingerprint(publication.keyId)}; the built bundle is signed with them`
}

function pluginNote({ bundle: { manifest, digest } }: SignedBundle): string {
  return `${manifest.name} ${manifest.version}, ${shortDigest(digest)}; approved, accepted`
}

/** The agent is away, a job waits at the hub, someone changes it there, the agent comes back. */
async function tryFromOutside(
  operator: Operator,
  agent: PinnedAgent,
  { place, first }: { place: DemoPlace; first: { program: RunningProgram } },
): Promise<{ attempt: DemoAttempt; second: RunningProgram }> {
  await first.program.stop()
  let sealedCharacters = 0
  let second = first.program
  const job = await runJob(operator, agent, {
    jobType: 'sensors/read',
    meanwhile: async (jobId) => {
      sealedCharacters = alterEnvelope(place.home.hub, jobId)
      second = await startAgent(place)
    },
  })
  return { attempt: { job, sealedCharacters }, second }
}
