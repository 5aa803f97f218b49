// SPDX-License-Identifier: Apache-2.0
/** The steps of the demo, each as a person would take it with its own command. */
import { randomBytes } from 'node:crypto'
import { existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { EnrolledAgent } from '@sallyport/agent'
import { Secret } from '@sallyport/sdk'
import { buildPlugin } from '../bundle/build-plugin.ts'
import type { BuiltPlugin } from '../bundle/build-plugin.ts'
import { readBundle } from '../bundle/read-bundle.ts'
import type { ReadBundle } from '../bundle/read-bundle.ts'
import type { PinnedAgent } from '../operator/agents.ts'
import { makeCode } from '../operator/codes.ts'
import { sendJob } from '../operator/jobs.ts'
import { followJob } from '../operator/follow-job.ts'
import { makeOperator } from '../operator/identity.ts'
import { openOperator } from '../operator/open-operator.ts'
import type { Operator } from '../operator/operator.ts'
import { writeRecord } from '../operator/records.ts'
import { DEFAULT_HUB, Settings } from '../operator/site.ts'
import { EXIT } from '../output/exit-codes.ts'
import type { KnownJob } from '../output/known-job.ts'
import { Problem } from '../output/problem.ts'
import { PROGRAM_FOLDER } from '../program.ts'
import { makePublisher, unlockPublisher } from '../publisher/identity.ts'
import { publish } from '../publisher/publication.ts'
import type { ReadPublication } from '../publisher/publication.ts'
import type { DemoPlace } from './place.ts'
import { startProgram } from './programs.ts'
import type { RunningProgram } from './programs.ts'

const JOB_DEADLINE_MS = 10_000
const JOB_LIFETIME_MS = 10 * 60_000
const CODE_LIFETIME_MS = 60 * 60_000
const PUBLICATION_LIFETIME_MS = 30 * 86_400_000
const PUBLISHER_NAME = 'demo-publisher'

/** Name of the demo's agent. */
export const AGENT_NAME = 'demo-host'

/** A bundle and the publication beside it. */
export interface SignedBundle {
  readonly bundle: ReadBundle
  readonly publication: ReadPublication
}

/** Makes the operator's identity under a passphrase that lies in the folder, for `--keep`. */
export async function makeDemoOperator({ folder, home }: DemoPlace): Promise<Secret> {
  const text = randomBytes(18).toString('base64url')
  const passphrase = new Secret(text)
  await makeOperator(home, {
    name: 'operator',
    siteName: 'demo',
    hub: DEFAULT_HUB,
    passphrase,
    profile: 'homelab',
  })
  writeFileSync(passphraseFile(folder), text, { mode: 0o600 })
  return passphrase
}

/** Path of the passphrase of a demo's operator. */
export function passphraseFile(folder: string): string {
  return join(folder, 'passphrase')
}

/** Starts the hub on a free port of loopback. */
export async function startHub(place: DemoPlace): Promise<RunningProgram & { url: string }> {
  const { folder, home } = place
  const program = await startProgram({
    name: 'hub',
    program: '@sallyport/hub/main',
    args: ['--home', folder, '--data-dir', home.hub, '--port', '0'],
    folder,
    event: 'hub.started',
  })
  return { ...place.add(program), url: String(program.started['url']) }
}

/** Starts the agent, for the first time or again. */
export async function startAgent(place: DemoPlace): Promise<RunningProgram> {
  const { folder, home } = place
  return place.add(
    await startProgram({
      name: 'agent',
      program: '@sallyport/agent/main',
      args: ['--state-dir', home.agent],
      folder,
      event: 'agent.started',
    }),
  )
}

/** Opens the operator at the hub's address. */
export async function openDemoOperator(
  { home }: DemoPlace,
  at: { url: string; passphrase: Secret },
): Promise<Operator> {
  // The hub's port was not known before it ran.
  await writeRecord(home.operator.settings, Settings, {
    format: 'sallyport-settings-1',
    hub: at.url,
  })
  return openOperator({ home, passphrase: async () => at.passphrase })
}

/** Gives out a code and redeems it, as the operator and the host do on their machines. */
export async function enrol(operator: Operator, { home }: DemoPlace): Promise<EnrolledAgent> {
  const asked = { name: AGENT_NAME, lifetimeMs: CODE_LIFETIME_MS, isReplacing: false }
  const { code } = await makeCode(operator, asked)
  const { enrolAgent } = await import('@sallyport/agent')
  return enrolAgent({
    code,
    hub: operator.hub.address,
    stateDir: home.agent,
    clock: { now: () => Date.now() },
  })
}

/** Builds the sensors plugin of this repository. */
export async function buildSensors({ folder }: DemoPlace): Promise<BuiltPlugin> {
  const plugin = join(PROGRAM_FOLDER, '..', 'plugins', 'sensors')
  if (!existsSync(plugin)) {
    throw new Problem('ERR_PLUGIN_FOLDER', 'the plugin that the demo runs is not here', {
      exit: EXIT.failed,
      details: { 'looked in': plugin },
      unharmed: 'Nothing was left behind.',
      remedy: 'The demo runs in a clone of the repository: npm install && npm run demo',
    })
  }
  return buildPlugin({ folder: plugin, outFolder: folder, isWritingManifest: false })
}

/** Makes the demo's own publisher and signs the bundle with its key. */
export async function signBuilt(
  { home }: DemoPlace,
  { file, passphrase }: { file: string; passphrase: Secret },
): Promise<SignedBundle> {
  await makePublisher(home, PUBLISHER_NAME, passphrase)
  const publisher = await unlockPublisher(home, async () => passphrase)
  const bundle = await readBundle(file)
  const nowMs = Date.now()
  const window = { issuedAtMs: nowMs, expiresAtMs: nowMs + PUBLICATION_LIFETIME_MS }
  return { bundle, publication: await publish(bundle, publisher, window) }
}

/** Signs a job, sends it, waits for the answer and verifies it. `meanwhile` runs once the job lies at the hub. */
export async function runJob(
  operator: Operator,
  agent: PinnedAgent,
  { jobType, meanwhile }: { jobType: string; meanwhile?: (jobId: string) => Promise<void> },
): Promise<KnownJob> {
  const startedMs = performance.now()
  const sent = await sendJob(operator, agent, { jobType, input: {}, lifetimeMs: JOB_LIFETIME_MS })
  await meanwhile?.(sent.job.jobId)
  const untilMs = operator.now() + JOB_DEADLINE_MS
  return followJob(operator, { agent, sent, startedMs }, { untilMs })
}
