// SPDX-License-Identifier: Apache-2.0
/** One plugin in its sandbox: start, runs, limits and end of its process. */
import type { ChildProcess } from 'node:child_process'
import type { Socket } from 'node:net'
import { CodedError, isCodedError, type PluginManifest } from '@sallyport/sdk'
import { encodeJson, parseJson } from '../../protocol/json.ts'
import { makeFailure } from '../failure.ts'
import { ActiveRun, type RunEnd, type RunPorts, type RunSpec } from './active-run.ts'
import { spawnInSandbox, type Sandbox } from './bubblewrap.ts'
import { guardChannel } from './channel-guard.ts'
import { crashEnding, type Ending, type Phase } from './ending.ts'
import { parseFrame, type FromPlugin, type ToPlugin } from './frames.ts'
import type { ProcessLimits } from './limits.ts'
import { INNER_WALL, nodeArguments } from './node-flags.ts'
import { findProcesses, outerWallFaults } from './outer-wall.ts'
import { killSandbox } from './process-tree.ts'
import { programText } from './program-text.ts'
import { StderrTail } from './stderr-tail.ts'
import { preferForOom, watchTree } from './watchdog.ts'

const MAX_MANIFEST_BYTES = 4_194_304
const GONE_MS = 2_000
const DISCONNECT_MS = 500
const LAST_WORDS_MS = 200

/** A plugin to start: its verified text and the manifest it must turn out to have. */
export interface PluginToStart {
  readonly text: string
  readonly manifest: PluginManifest
}

/** Where and within which bounds a plugin is started. */
export interface ProcessSetting {
  readonly sandbox: Sandbox
  readonly limits: ProcessLimits
}

/**
 * Starts a process for a plugin; resolves when the plugin is loaded and has the manifest it should have.
 *
 * Trust: not one byte of the plugin goes to a process before both walls have been seen to stand.
 * Throws: ERR_SANDBOX_UNAVAILABLE, ERR_PLUGIN_START, ERR_PLUGIN_MANIFEST, and the codes of a process's end.
 */
export async function startPluginProcess(
  plugin: PluginToStart,
  setting: ProcessSetting,
): Promise<PluginProcess> {
  const program = await programText('child-program')
  const started = new PluginProcess(setting)
  await started.begin(program, plugin)
  return started
}

/** A plugin's process. Made by `startPluginProcess` only. */
export class PluginProcess {
  /** Resolves when the process and all it started are gone. */
  readonly ended: Promise<Ending>
  /** Resolves as soon as no further run can be started. */
  readonly left: Promise<void>
  readonly #setting: ProcessSetting
  readonly #child: ChildProcess
  readonly #stderr: StderrTail
  readonly #runs = new Map<number, ActiveRun>()
  #expected: { types: readonly FromPlugin['type'][]; resolve(frame: FromPlugin): void } | undefined
  #phase: Phase = 'starting'
  #hasExited = false
  #lastRunId = 0
  #ending: Ending | undefined
  #stopWatching: () => void = () => undefined
  #finish: (ending: Ending) => void = () => undefined
  #leave: () => void = () => undefined
  #idleSinceMs = performance.now()

  constructor(setting: ProcessSetting) {
    this.#setting = setting
    this.ended = new Promise((resolve) => (this.#finish = resolve))
    this.left = new Promise((resolve) => (this.#leave = resolve))
    this.#child = spawnInSandbox(
      setting.sandbox,
      nodeArguments(INNER_WALL, setting.limits.memoryBytes),
    )
    this.#stderr = new StderrTail(this.#child.stderr!, () =>
      this.end({
        code: 'ERR_OUTPUT_LIMIT',
        message: 'the plugin printed too much on standard error',
      }),
    )
    this.#child.on('error', (error) => this.#onError(error))
    this.#child.on('exit', (code, signal) => this.#onExit(code, signal))
    this.#child.on('message', (message) => this.#onMessage(message))
    this.#child.on('disconnect', () => this.#onDisconnect())
    this.#child.stdin!.on('error', () => undefined) // The exit says more.
    this.#guard()
  }

  /** Whether runs can be started. */
  get isUsable(): boolean {
    return this.#phase === 'ready' && this.#ending === undefined && !this.#hasExited
  }

  /** Milliseconds since the last run ended; 0 while one is under way. */
  get idleMs(): number {
    return this.#runs.size > 0 ? 0 : performance.now() - this.#idleSinceMs
  }

  /** The last of what the process printed on standard error. */
  get stderr(): string {
    return this.#stderr.text
  }

  /** The number of the bubblewrap process, outside. */
  get pid(): number | undefined {
    return this.#child.pid
  }

  /** Feeds the program, checks the walls, loads the plugin. Ends the process when any of it fails. */
  async begin(program: string, plugin: PluginToStart): Promise<void> {
    const { readyMs } = this.#setting.limits
    const late = { code: 'ERR_PLUGIN_START', message: `not ready within ${readyMs} ms` }
    const timer = setTimeout(() => this.end(late), readyMs)
    try {
      this.#child.stdin!.end(program)
      await this.#next('standing')
      this.#checkOuterWall()
      await this.#load(plugin)
      this.#phase = 'ready'
    } catch (error) {
      const { code, message } = isCodedError(error)
        ? error
        : { code: 'ERR_PLUGIN_START', message: 'the process could not be started' }
      this.end({ code, message })
      await this.ended
      throw error
    } finally {
      clearTimeout(timer)
    }
  }

  /** Runs one job; the promise never rejects. */
  run(spec: RunSpec, ports: RunPorts): Promise<RunEnd> {
    if (!this.isUsable) {
      const failure = makeFailure('ERR_PLUGIN_CRASHED', 'the process of the plugin is gone')
      return Promise.resolve({ ok: false, failure })
    }
    const runId = ++this.#lastRunId
    const run = new ActiveRun(spec, ports, {
      runId,
      graceMs: this.#setting.limits.graceMs,
      send: (frame, socket) => this.#send(frame, socket),
      onOverdue: () =>
        this.end({
          code: 'ERR_PLUGIN_CRASHED',
          message: 'a run of the plugin did not stop when told to',
        }),
    })
    this.#runs.set(runId, run)
    void run.ended.then(() => {
      this.#runs.delete(runId)
      this.#idleSinceMs = performance.now()
    })
    run.start()
    return run.ended
  }

  /** Ends the process and everything in its sandbox; `ended` resolves when that is done. The first reason stands. */
  end(ending: Ending): void {
    if (this.#ending !== undefined) return
    this.#ending = ending
    this.#leave()
    if (this.#child.pid === undefined) return this.#close(ending)
    killSandbox(this.#child)
    const givenUp = setTimeout(() => this.#close(ending), GONE_MS)
    void this.ended.then(() => clearTimeout(givenUp))
  }

  #guard(): void {
    try {
      guardChannel(this.#child, (why) =>
        this.end({ code: 'ERR_PLUGIN_ABUSE', message: `the plugin sent ${why}` }),
      )
    } catch (error) {
      this.#child.kill('SIGKILL')
      throw error
    }
  }

  /** Waits for the next message, which must be of one of these types. */
  #next(...types: readonly FromPlugin['type'][]): Promise<FromPlugin> {
    const frame = new Promise<FromPlugin>((resolve) => (this.#expected = { types, resolve }))
    const gone = this.ended.then((ending) => {
      throw new CodedError(ending.code, ending.message)
    })
    return Promise.race([frame, gone])
  }

  #checkOuterWall(): void {
    const processes = findProcesses(this.#child.pid!)
    const faults =
      processes === undefined
        ? ['its processes cannot be seen']
        : outerWallFaults(processes.node, this.#setting.sandbox)
    if (faults.length > 0) {
      throw new CodedError(
        'ERR_SANDBOX_UNAVAILABLE',
        `the first wall does not stand: ${faults.join('; ')}`,
      )
    }
    preferForOom(processes!.node)
    this.#stopWatching = watchTree(this.#child.pid!, this.#setting.limits, (ending) =>
      this.end(ending),
    )
  }

  async #load({ text, manifest }: PluginToStart): Promise<void> {
    this.#phase = 'loading'
    void this.#send({ type: 'load', text, version: manifest.version })
    const frame = await this.#next('loaded', 'unloadable')
    if (frame.type === 'loaded' && describes(frame.manifest, manifest)) return
    if (frame.type === 'unloadable') {
      throw new CodedError('ERR_PLUGIN_START', `the plugin cannot be loaded: ${frame.message}`)
    }
    throw new CodedError(
      'ERR_PLUGIN_MANIFEST',
      'the plugin is not what the manifest of its bundle says',
    )
  }

  #onMessage(message: unknown): void {
    if (this.#ending !== undefined) return
    const frame = parseFrame(message)
    const fault = frame === undefined ? 'a message of unknown form' : this.#take(frame)
    if (fault !== undefined)
      this.end({ code: 'ERR_PLUGIN_ABUSE', message: `the plugin sent ${fault}` })
  }

  #take(frame: FromPlugin): string | undefined {
    const expected = this.#expected
    if (expected?.types.includes(frame.type) === true) {
      this.#expected = undefined
      expected.resolve(frame)
      return undefined
    }
    if (this.#phase !== 'ready' || !('runId' in frame)) return `"${frame.type}" out of turn`
    const run = this.#runs.get(frame.runId)
    if (run !== undefined) return run.take(frame)
    // What a run that has ended still says is late, not forged, and changes nothing.
    return frame.runId > this.#lastRunId || frame.runId === 0 ? 'a message of no run' : undefined
  }

  #send(frame: ToPlugin, socket?: Socket): Promise<void> {
    return new Promise((resolve) => {
      if (!this.#child.connected) return resolve()
      this.#child.send(frame, socket, {}, () => resolve())
    })
  }

  /** Why the wait: the channel also ends with the process, and then the exit says more. */
  #onDisconnect(): void {
    const code = this.#phase === 'ready' ? 'ERR_PLUGIN_CRASHED' : 'ERR_PLUGIN_START'
    const closed = { code, message: 'the plugin closed its channel' }
    setTimeout(() => this.#hasExited || this.end(closed), DISCONNECT_MS)
  }

  #onError(error: Error): void {
    this.end({
      code: 'ERR_SANDBOX_UNAVAILABLE',
      message: `bubblewrap does not start: ${error.message}`,
    })
  }

  /** Why the wait: what the process said last may still be on its way. */
  #onExit(code: number | null, signal: string | null): void {
    this.#hasExited = true
    this.#leave()
    const finish = (): void => {
      this.#ending ??= crashEnding({ code, signal, stderr: this.stderr }, this.#phase)
      this.#close(this.#ending)
    }
    this.#child.once('close', finish)
    setTimeout(finish, LAST_WORDS_MS)
  }

  #close(ending: Ending): void {
    this.#leave()
    this.#stopWatching()
    const { code, message } = ending
    for (const run of this.#runs.values()) run.endWith(makeFailure(code, message))
    this.#finish(ending)
  }
}

function describes(derived: string, manifest: PluginManifest): boolean {
  try {
    const parsed = parseJson(new TextEncoder().encode(derived), MAX_MANIFEST_BYTES)
    return Buffer.compare(encodeJson(parsed), encodeJson(manifest)) === 0
  } catch {
    return false
  }
}
