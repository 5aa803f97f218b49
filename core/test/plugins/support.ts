// SPDX-License-Identifier: Apache-2.0
/** Plugins written as text for tests, and a plugin host over a temporary state directory. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DEFAULT_LIMITS, type Limits, type Permissions, type PluginManifest } from '@sallyport/sdk'
import { makeBundle } from '../../src/crypto/bundle.ts'
import { digestOf } from '../../src/crypto/digest.ts'
import { openPluginHost, type PluginHostOptions } from '../../src/plugins/plugin-host.ts'
import type { HandleEvent, PluginHost, RunOutcome, RunRequest } from '../../src/plugins/ports.ts'

const JOB_ID = '01890a5d-ac96-774b-bcce-b302099a8057'

/** One job type: the body of its `run`, which sees `input`, `use`, `signal`, `plan`, `log` and `progress`. */
export interface JobText {
  readonly body: string
  readonly plan?: string
  readonly resume?: string
  readonly verify?: string
  readonly permissions?: Permissions
  /** Resources by name, each with the field of the input that holds it. */
  readonly resources?: Readonly<Record<string, string>>
  readonly limits?: Partial<Limits>
}

/** A plugin as text. `top` stands before it, at the top level of the module. */
export interface PluginText {
  readonly name?: string
  readonly version?: string
  readonly top?: string
  readonly jobs: Readonly<Record<string, JobText>>
}

/** What the steps around a run may name. */
const STEP_NAMES = 'jobId, input, use, signal, plan, output, kept, log'

/** Makes a schema that takes anything and has these properties, in the shape of Standard Schema. */
const ANY_SCHEMA = `(properties) => ({ '~standard': { version: 1, vendor: 'test',
  validate: (value) => ({ value }),
  jsonSchema: { input: () => ({ properties }), output: () => ({}) } } })`

function propertiesOf({ resources = {} }: JobText): Record<string, object> {
  return Object.fromEntries(Object.values(resources).map((field) => [field, {}]))
}

/** Makes the plugin part of a run request from text. */
export function pluginOf(text: PluginText): RunRequest['plugin'] {
  const name = text.name ?? 'trial'
  const jobs = Object.entries(text.jobs).map(([job, jobText]) => {
    const { body, permissions = {}, resources = {}, limits } = jobText
    const input = `any(${JSON.stringify(propertiesOf(jobText))})`
    const data = JSON.stringify({
      summary: 'a trial',
      effect: 'read',
      resources,
      permissions,
      limits: { ...DEFAULT_LIMITS, ...limits },
    })
    const others = (['plan', 'resume', 'verify'] as const).map((step) =>
      jobText[step] === undefined ? '' : `async ${step}({ ${STEP_NAMES} }) { ${jobText[step]} },`,
    )
    return `${JSON.stringify(job)}: { ...${data}, input: ${input}, output: any({}), ${others.join(' ')}
      async run({ jobId, input, use, signal, plan, log, progress, keep }) { ${body} } }`
  })
  const source = `const any = ${ANY_SCHEMA}\n${text.top ?? ''}
export const plugin = { name: '${name}', summary: 'a trial', jobs: { ${jobs.join(',\n')} } }\n`
  return bundled({ ...manifestOf(name, text.jobs), version: text.version ?? '1.0.0' }, source)
}

/** Puts a manifest and a module text into a bundle. */
export function bundled(manifest: PluginManifest, text: string): RunRequest['plugin'] {
  const bundle = makeBundle(manifest, { 'plugin.mjs': text, 'licenses.txt': 'none' })
  const { name, version } = manifest
  return { name, version, digest: digestOf(bundle), manifest, bundle }
}

function manifestOf(name: string, jobs: PluginText['jobs']): PluginManifest {
  const entries = Object.entries(jobs).map(([job, jobText]) => {
    const { permissions = {}, resources = {}, limits, plan, resume, verify } = jobText
    const manifest = {
      summary: 'a trial',
      effect: 'read',
      input: { properties: propertiesOf(jobText) },
      output: {},
      resources,
      permissions,
      limits: { ...DEFAULT_LIMITS, ...limits },
      hasPlan: plan !== undefined,
      hasResume: resume !== undefined,
      hasVerify: verify !== undefined,
    }
    return [job, manifest]
  })
  return { name, version: '1.0.0', summary: 'a trial', jobs: Object.fromEntries(entries) }
}

/** A temporary folder that goes away with its scope. */
export interface TemporaryFolder extends AsyncDisposable {
  readonly path: string
  [Symbol.asyncDispose](): Promise<void>
}

/** Makes a temporary folder. */
export async function temporaryFolder(): Promise<TemporaryFolder> {
  const path = await mkdtemp(join(tmpdir(), 'sallyport-plugins-'))
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) }
}

/** A plugin host for one test, with a short way to run a job. */
export interface HostForTest extends AsyncDisposable {
  readonly host: PluginHost
  readonly stateDirectory: string
  run(
    plugin: RunRequest['plugin'],
    jobName: string,
    input?: unknown,
    request?: Partial<RunRequest>,
  ): Promise<RunOutcome & { readonly events: readonly HandleEvent[] }>
}

/** Opens a host over a temporary state directory. */
export async function hostForTest(options: Partial<PluginHostOptions> = {}): Promise<HostForTest> {
  const folder = await temporaryFolder()
  // On a busy machine plugins are ready late.
  const limits = { readyMs: 60_000, ...options.limits }
  const host = openPluginHost({ stateDirectory: folder.path, ...options, limits })
  return {
    host,
    stateDirectory: folder.path,
    async run(plugin, jobName, input = {}, request = {}) {
      const events: HandleEvent[] = []
      const signal = new AbortController().signal
      const onHandle = (event: HandleEvent): void => void events.push(event)
      const full = { jobId: JOB_ID, plugin, jobName, input, signal, onHandle, ...request }
      return { ...(await host.run(full)), events }
    },
    async [Symbol.asyncDispose]() {
      await host[Symbol.asyncDispose]()
      await folder[Symbol.asyncDispose]()
    },
  }
}

/** The failure code of an outcome, or what else it is. */
export function codeOf(outcome: RunOutcome): string {
  if (outcome.state === 'failed') return outcome.failure.code
  return outcome.state === 'refused' ? outcome.refusal.reason : outcome.state
}
