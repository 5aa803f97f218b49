// SPDX-License-Identifier: Apache-2.0
/** Names the rights of a plugin that no run used: by its tests, or by the audit log of an agent. */
import { stat } from 'node:fs/promises'
import { resolve } from 'node:path'
import { parseAuditEntry } from '@sallyport/core/audit'
import type { PluginManifest } from '@sallyport/sdk'
import type { HandleUse } from '../authoring/handle-use.ts'
import { recordTests } from '../authoring/record-tests.ts'
import { unusedRights } from '../authoring/unused.ts'
import type { UnusedRight } from '../authoring/unused.ts'
import { deriveManifest } from '../bundle/derive-manifest.ts'
import { readPluginFolder } from '../bundle/plugin-folder.ts'
import { readBundle } from '../bundle/read-bundle.ts'
import { EXIT } from '../output/exit-codes.ts'
import { Problem } from '../output/problem.ts'
import { safeText } from '../output/safe-text.ts'
import { pairs } from '../output/table.ts'
import type { Talk } from '../output/talk.ts'
import { waiting } from '../output/waiting.ts'
import { counted } from '../output/words.ts'

/** Which plugin, and whose runs. */
export interface UnusedRequest {
  /** Folder of a plugin, or a bundle. */
  readonly plugin: string
  /** State directory of an agent; else the tests in the folder are run. */
  readonly stateDir?: string | undefined
}

interface Seen {
  readonly runs: ReadonlyMap<string, number>
  readonly uses: readonly HandleUse[]
  /** Whether the uses tell every path and route. */
  readonly isWhole: boolean
}

/** Looks and prints. */
export async function pluginUnused(talk: Talk, request: UnusedRequest): Promise<void> {
  const { manifest, folder } = await waiting(talk, 'reading the plugin', () => read(request.plugin))
  const { stateDir } = request
  const seen = await waiting(talk, 'looking at its runs', async () => {
    if (stateDir !== undefined) return fromAudit(resolve(stateDir), manifest.name)
    if (folder === undefined) throw bundleHasNoTests(request.plugin)
    return { ...(await recordTests(folder, manifest.name)), isWhole: true }
  })
  const ran = new Set(seen.runs.keys())
  const unused = unusedRights(manifest, { ...seen, ran })
  const notRun = Object.keys(manifest.jobs).filter((job) => !ran.has(job))
  const from = stateDir === undefined ? 'tests' : 'audit'
  const document = {
    format: 'sallyport.plugin-unused/1',
    plugin: manifest.name,
    lookedAt: { from, runs: Object.fromEntries(seen.runs) },
    unused: unused.map(({ job, handle, part = null }) => ({ job, handle, part })),
    notRun,
  }
  talk.answer(document, () => [rightsText(unused), basis(seen, from, notRun)].join('\n'))
}

async function read(given: string): Promise<{ manifest: PluginManifest; folder?: string }> {
  if ((await stat(given)).isDirectory()) {
    const plugin = await readPluginFolder(given)
    return { manifest: await deriveManifest(plugin), folder: plugin.path }
  }
  const { manifest } = await readBundle(given)
  return { manifest }
}

/** Why handles only: the log keeps the first few targets of a run, not all of them. */
async function fromAudit(stateDir: string, plugin: string): Promise<Seen> {
  const { openAgentAudit } = await import('@sallyport/agent')
  using audit = openAgentAudit(stateDir)
  const jobs = new Map<string, string>()
  const runs = new Map<string, number>()
  const uses: HandleUse[] = []
  for (const { bytes } of audit.reader.read(0, Number.MAX_SAFE_INTEGER)) {
    const { event, jobId = '', details } = parseAuditEntry(bytes)
    if (event === 'job.admitted' || event === 'ask.admitted') {
      const [name, job = ''] = textOf(details['jobType']).split('/')
      if (name !== plugin) continue
      jobs.set(jobId, job)
      runs.set(job, (runs.get(job) ?? 0) + 1)
    }
    const job = jobs.get(jobId)
    if (event !== 'handle.used' || job === undefined) continue
    const [handle = '', kind = '', method = ''] = ['handle', 'kind', 'method'].map((name) =>
      textOf(details[name]),
    )
    uses.push({ job, handle, kind, method, args: [], resources: {} })
  }
  return { runs, uses, isWhole: false }
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : ''
}

function rightsText(unused: readonly UnusedRight[]): string {
  if (unused.length === 0) return 'every right was used'
  return pairs(
    unused.map(({ job, handle, part }) => [
      safeText(job),
      part === undefined
        ? `${safeText(handle)}, all of it`
        : `${safeText(handle)}: ${safeText(part)}`,
    ]),
  )
}

function basis(seen: Seen, from: string, notRun: readonly string[]): string {
  const runCount = [...seen.runs.values()].reduce((sum, count) => sum + count, 0)
  const where = from === 'tests' ? 'in the tests' : 'in the audit log of the agent'
  return [
    `Looked at ${counted(runCount, 'run')} ${where}; what another run needs is not known.`,
    ...(seen.isWhole ? [] : ['The log tells which handles were used, not every path or route.']),
    ...(notRun.length === 0 ? [] : [`Not run: ${notRun.map(safeText).join(', ')}.`]),
  ].join('\n')
}

function bundleHasNoTests(file: string): Problem {
  return new Problem('ERR_USAGE', `${file} is a bundle, and no tests are in it`, {
    exit: EXIT.usage,
    unharmed: 'Nothing was run.',
    remedy: 'Name the folder of the plugin, or an agent that runs it with --state-dir.',
  })
}
