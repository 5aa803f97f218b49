// SPDX-License-Identifier: Apache-2.0
/** Runs the jobs of a plugin in the real sandbox, without hub, agent or keys, in a state directory of its own. */
import { randomUUIDv7 } from 'node:crypto'
import { realpathSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { digestOf } from '@sallyport/core/crypto'
import { checkAgainstSchema, openPluginHost } from '@sallyport/core/plugins'
import type { BindingStore, HandleEvent, RunOutcome } from '@sallyport/core/plugins'
import { resourcesOf } from '@sallyport/core/protocol'
import type { PluginManifest } from '@sallyport/sdk'
import { assemblePlugin } from '../bundle/build-plugin.ts'
import { readPluginFolder } from '../bundle/plugin-folder.ts'
import { readInput } from '../operator/params.ts'
import { EXIT } from '../output/exit-codes.ts'
import { Problem } from '../output/problem.ts'
import { readDevBindings } from './dev-bindings.ts'
import type { HandleUse } from './handle-use.ts'

/** What an author wants to run. */
export interface DevRequest {
  readonly folder: string
  /** Else the only job type there is. */
  readonly job?: string | undefined
  readonly params: readonly string[]
  readonly paramsFile?: string | undefined
  readonly bindings: readonly string[]
}

/** One call of a handle, with how it ended and what the plugin was told. */
export interface DevCall extends HandleUse {
  readonly outcome: HandleEvent['outcome']
  readonly target: string
  readonly message?: string | undefined
}

/** What is heard while a job runs. */
export interface DevListener {
  started(plugin: { name: string; version: string }, job: string): void
  progress(text: string): void
  line(text: string): void
}

/** How a run went. */
export interface DevRun {
  readonly manifest: PluginManifest
  readonly digest: string
  readonly job: string
  readonly outcome: RunOutcome
  readonly calls: readonly DevCall[]
  readonly ms: number
}

/** Runs jobs from the sources as they are at that moment. */
export interface DevSession extends AsyncDisposable {
  /** Throws: ERR_PLUGIN_FOLDER, ERR_PLUGIN_CODE, ERR_DEV_BINDINGS, ERR_PARAM, ERR_USAGE. */
  run(signal: AbortSignal, listener: DevListener): Promise<DevRun>
}

/** Opens a session. Its state directory goes with it. */
export async function openDevSession(request: DevRequest): Promise<DevSession> {
  const scope = new AsyncDisposableStack()
  const stateDirectory = await mkdtemp(join(tmpdir(), 'sallyport-dev-'))
  scope.defer(() => rm(stateDirectory, { recursive: true, force: true }))
  let bindings: BindingStore = { find: () => undefined }
  let heard: DevListener | undefined
  const host = scope.use(
    openPluginHost({
      stateDirectory,
      bindings: { find: (plugin, name) => bindings.find(plugin, name) },
      idleStopMs: 2_000,
      onLine: ({ text }) => heard?.line(text),
    }),
  )
  return {
    async run(signal, listener) {
      const plugin = await readPluginFolder(request.folder)
      const { manifest, bytes: bundle } = await assemblePlugin(plugin)
      bindings = await readDevBindings({ folder: plugin.path, flags: request.bindings }, manifest)
      const jobName = jobOf(manifest, request.job)
      const input = await inputOf(manifest, jobName, request)
      const resources = Object.fromEntries(resourcesOf(manifest.jobs[jobName]!, input))
      const calls: DevCall[] = []
      const { name, version } = manifest
      const digest = digestOf(bundle)
      heard = listener
      listener.started({ name, version }, jobName)
      const startedMs = performance.now()
      const outcome = await host.run({
        jobId: randomUUIDv7(),
        plugin: { name, version, digest, manifest, bundle },
        jobName,
        input,
        signal,
        onProgress: (text) => listener.progress(text),
        onHandle: (event, { args, message }) =>
          void calls.push({ ...event, job: jobName, args, resources, message, ...whereTo(event) }),
      })
      const ms = Math.round(performance.now() - startedMs)
      return { manifest, digest, job: jobName, outcome, calls, ms }
    },
    [Symbol.asyncDispose]: () => scope.disposeAsync(),
  }
}

function jobOf(manifest: PluginManifest, wanted: string | undefined): string {
  const names = Object.keys(manifest.jobs)
  if (wanted !== undefined && names.includes(wanted)) return wanted
  if (wanted === undefined && names.length === 1) return names[0]!
  const why =
    wanted === undefined ? 'there are several job types' : `there is no job type ${wanted}`
  throw new Problem('ERR_USAGE', `${manifest.name}: ${why}`, {
    exit: EXIT.usage,
    details: Object.fromEntries(names.map((name) => [name, manifest.jobs[name]!.summary])),
    unharmed: 'Nothing was run.',
    remedy: 'Choose one with --job.',
  })
}

async function inputOf(manifest: PluginManifest, jobName: string, request: DevRequest) {
  const job = manifest.jobs[jobName]!
  const { params, paramsFile: file } = request
  const input = await readInput({ params, file, job, jobType: `${manifest.name}/${jobName}` })
  const faults = checkAgainstSchema(job.input, input)
  if (faults.length === 0) return input
  throw new Problem('ERR_PARAM', `${manifest.name}/${jobName} does not take this input`, {
    exit: EXIT.refused,
    details: Object.fromEntries(faults.map((fault, index) => [`fault ${index + 1}`, fault])),
    unharmed: 'Nothing was run; an agent would refuse the job as well.',
    remedy: 'Correct the parameters.',
  })
}

/** Why: a permission must cover the path that a link leads to, and only this machine knows which that is. */
function whereTo({ kind, target, outcome }: HandleEvent): { leadsTo?: string } {
  if (!kind.startsWith('files.') || outcome === 'denied' || !target.startsWith('/')) return {}
  try {
    const path = realpathSync(target)
    return path === target ? {} : { leadsTo: path }
  } catch {
    return {}
  }
}
