// SPDX-License-Identifier: Apache-2.0
/** Tries out the walls on this host: each of them alone against the classic attacks, then all as a plugin gets them. */
import type { ChildProcess } from 'node:child_process'
import { CodedError, isCodedError } from '@sallyport/sdk'
import { findSandbox, spawnClean, spawnInSandbox, type Sandbox } from './bubblewrap.ts'
import { PROCESS_LIMITS } from './limits.ts'
import { INNER_WALL, nodeArguments } from './node-flags.ts'
import { startPluginProcess } from './plugin-process.ts'
import { ATTACKS, type Attack, type AttackResult, type Wall } from './probe-attacks.ts'
import { openTargets } from './probe-targets.ts'
import { programText } from './program-text.ts'

/** One line of the probe's report. */
export interface ProbeRow {
  readonly name: string
  readonly stands: boolean
  readonly detail: string
}

/** Why so long: a machine under load is no machine without walls. */
const PROBE_MS = 60_000

const TITLES = { outer: 'first wall', inner: 'second wall', filter: 'filter of system calls' }

/** Probes this host. Never throws for a wall that is missing: that is a row. */
export async function probeSandbox(): Promise<ProbeRow[]> {
  try {
    const sandbox = await findSandbox()
    return [
      { name: 'bubblewrap', stands: true, detail: sandbox.bubblewrap },
      ...(await wallRows('outer', sandbox)),
      ...(await wallRows('inner', sandbox)),
      ...(await wallRows('filter', sandbox)),
      await allWallsRow(sandbox),
    ]
  } catch (error) {
    return [{ name: 'bubblewrap', stands: false, detail: messageOf(error) }]
  }
}

async function wallRows(wall: keyof typeof ATTACKS, sandbox: Sandbox): Promise<ProbeRow[]> {
  const title = TITLES[wall]
  try {
    const results = await attackWall(wall, sandbox, ATTACKS[wall])
    return results.map(({ attack, ...row }) => ({ name: `${title}: ${attack}`, ...row }))
  } catch (error) {
    return [{ name: title, stands: false, detail: messageOf(error) }]
  }
}

async function allWallsRow(sandbox: Sandbox): Promise<ProbeRow> {
  const name = 'all walls'
  const started = performance.now()
  const manifest = { name: 'probe', version: '0.0.0', summary: 'probe', jobs: {} }
  const text = "export const plugin = { name: 'probe', summary: 'probe', jobs: {} }"
  try {
    const probe = await startPluginProcess({ text, manifest }, { sandbox, limits: PROCESS_LIMITS })
    const detail = `a plugin is ready in ${Math.round(performance.now() - started)} ms`
    probe.end('ERR_PLUGIN_STOPPED', 'the probe is over')
    await probe.ended
    return { name, stands: true, detail }
  } catch (error) {
    return { name, stands: false, detail: messageOf(error) }
  }
}

/**
 * Runs attacks against one wall while the others are left out; the filter stands inside the first. The attacks are this project's own program, not a plugin.
 *
 * Throws: ERR_SANDBOX_UNAVAILABLE when the probe does not come to its end.
 */
export async function attackWall(
  wall: Wall,
  sandbox: Sandbox,
  names: readonly Attack[],
): Promise<AttackResult[]> {
  await using targets = await openTargets(sandbox.libraries[0] ?? sandbox.node)
  const child = startBehind(wall, sandbox)
  try {
    child.stdin!.end(await programText('probe-program'))
    child.send({ names, targets: targets.targets })
    const results = await firstMessage(child)
    return results.map((result) => ({ ...result, ...(targets.evidence(result.attack) ?? {}) }))
  } finally {
    child.kill('SIGKILL')
  }
}

function startBehind(wall: Wall, sandbox: Sandbox): ChildProcess {
  const { memoryBytes } = PROCESS_LIMITS
  if (wall === 'outer' || wall === 'filter') {
    const filter = wall === 'filter' ? sandbox.filter : undefined
    return spawnInSandbox({ ...sandbox, filter }, nodeArguments([], memoryBytes))
  }
  const args = nodeArguments(wall === 'inner' ? INNER_WALL : [], memoryBytes)
  return spawnClean(sandbox.node, args, {})
}

function firstMessage(child: ChildProcess): Promise<AttackResult[]> {
  let stderr = ''
  child.stderr!.on('data', (chunk: Buffer) => (stderr = (stderr + chunk.toString()).slice(-2_000)))
  child.stdin!.on('error', () => undefined)
  return new Promise((resolve, reject) => {
    const fail = (why: string): void =>
      reject(new CodedError('ERR_SANDBOX_UNAVAILABLE', `the probe ended: ${why} ${stderr}`.trim()))
    const timer = setTimeout(() => fail('no answer'), PROBE_MS)
    child.on('error', (error) => fail(error.message))
    child.on('exit', () => {
      clearTimeout(timer)
      fail('no answer')
    })
    child.once('message', (message) => resolve(message as AttackResult[]))
  })
}

function messageOf(error: unknown): string {
  return isCodedError(error) ? error.message.slice(0, 500) : 'unknown error'
}
