// SPDX-License-Identifier: Apache-2.0
/** Derives the manifest by running the plugin's own code, walled in: it can read, write and reach nothing. */
import { spawn } from 'node:child_process'
import { parseJson, parseManifest } from '@sallyport/core/protocol'
import type { PluginManifest } from '@sallyport/sdk'
import { isCodedError } from '@sallyport/sdk'
import { EXIT } from '../output/exit-codes.ts'
import { Problem } from '../output/problem.ts'
import { bundleCode } from './bundle-code.ts'
import type { PluginFolder } from './plugin-folder.ts'

const MAX_MANIFEST_BYTES = 1_048_576
const DEADLINE_MS = 20_000

/** Why: a plugin that is built is not a plugin that is trusted, and this runs beside the operator's keys. */
const WALL = [
  '--permission',
  '--no-experimental-sqlite',
  '--no-addons',
  '--disallow-code-generation-from-strings',
  '--disable-sigusr1',
  '--input-type=module',
  '-',
]

/** The manifest of the plugin in this folder; `modules` as for `bundleCode`. Throws: ERR_PLUGIN_CODE. */
export async function deriveManifest(
  plugin: PluginFolder,
  modules: readonly string[] = [],
): Promise<PluginManifest> {
  const { text } = await bundleCode(plugin, { text: program(plugin.version) }, modules)
  const printed = await runWalled(text)
  try {
    return parseManifest(parseJson(printed, MAX_MANIFEST_BYTES))
  } catch (error) {
    if (!isCodedError(error)) throw error
    throw problem(`its manifest is not right: ${error.message}`, error)
  }
}

function program(version: string): string {
  return `
    import { manifestOf } from '@sallyport/sdk'
    import { plugin } from './src/index.ts'
    process.stdout.write(JSON.stringify(manifestOf(plugin, ${JSON.stringify(version)})))
  `
}

async function runWalled(code: string): Promise<Uint8Array> {
  const child = spawn(process.execPath, WALL, {
    env: {},
    stdio: ['pipe', 'pipe', 'pipe'],
    timeout: DEADLINE_MS,
    killSignal: 'SIGKILL',
  })
  const ended = new Promise<number | null>((resolve, reject) => {
    child.on('error', reject)
    child.on('close', resolve)
  })
  child.stdin.on('error', () => undefined)
  child.stdin.end(code)
  const [printed, complaint, exitCode] = await Promise.all([
    collect(child.stdout),
    collect(child.stderr),
    ended,
  ])
  if (exitCode === 0) return printed
  throw problem(`its code ended with ${exitCode ?? 'a signal'}`, undefined, lastLines(complaint))
}

async function collect(stream: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const chunks: Uint8Array[] = []
  let bytes = 0
  for await (const chunk of stream) {
    bytes += chunk.length
    if (bytes <= MAX_MANIFEST_BYTES) chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}

/** The line of a stack that says what happened. */
function lastLines(complaint: Uint8Array): string {
  const lines = Buffer.from(complaint).toString('utf8').split('\n')
  return (lines.find((line) => /^\w*Error\b/.test(line)) ?? lines[0] ?? '').slice(0, 300)
}

function problem(why: string, cause: unknown, said?: string): Problem {
  return new Problem('ERR_PLUGIN_CODE', `the plugin cannot describe itself: ${why}`, {
    exit: EXIT.failed,
    details: { said },
    unharmed: 'Nothing was built.',
    remedy: 'Export `plugin` from src/index.ts; importing it must not read, write or connect.',
    cause,
  })
}
