// SPDX-License-Identifier: Apache-2.0
/** One plugin in its sandbox: from the first check of the walls to the last run. */
import { CodedError, isCodedError, type PluginManifest } from '@sallyport/sdk'
import { encodeJson, parseJson } from '../../protocol/json.ts'
import { makeFailure } from '../failure.ts'
import { ActiveRun, type RunEnd, type RunPorts, type RunSpec } from './active-run.ts'
import type { Ending } from './ending.ts'
import type { FromPlugin } from './frames.ts'
import { programText } from './program-text.ts'
import { SandboxedProcess, type ProcessSetting } from './sandboxed-process.ts'

const MAX_MANIFEST_BYTES = 4_194_304

/** A plugin to start: its verified text and the manifest it must turn out to have. */
export interface PluginToStart {
  readonly text: string
  readonly manifest: PluginManifest
}

/**
 * Starts a process for a plugin; resolves when the plugin is loaded and has the manifest it should have. When `signal`
 * is aborted, then or later, the process is ended with the code and message of the reason.
 *
 * Trust: not one byte of the plugin goes to a process before both walls have been seen to stand.
 * Throws: ERR_SANDBOX_UNAVAILABLE, ERR_PLUGIN_START, ERR_PLUGIN_MANIFEST, and the codes of a process's end.
 */
export async function startPluginProcess(
  plugin: PluginToStart,
  setting: ProcessSetting,
  signal: AbortSignal = new AbortController().signal,
): Promise<PluginProcess> {
  const program = await programText('child-program')
  signal.throwIfAborted()
  const started = new PluginProcess(setting)
  const stop = (): void => {
    const { code, message } = signal.reason as CodedError
    started.end(code, message)
  }
  signal.addEventListener('abort', stop, { once: true })
  void started.ended.then(() => signal.removeEventListener('abort', stop))
  await started.begin(program, plugin)
  return started
}

/** A plugin's process. Made by `startPluginProcess` only. */
export class PluginProcess {
  readonly #process: SandboxedProcess
  readonly #setting: ProcessSetting
  readonly #runs = new Map<number, ActiveRun>()
  #expected: { types: readonly FromPlugin['type'][]; resolve(frame: FromPlugin): void } | undefined
  #lastRunId = 0
  #idleSinceMs = performance.now()

  constructor(setting: ProcessSetting) {
    this.#setting = setting
    this.#process = new SandboxedProcess(setting, (frame) => this.#take(frame))
    void this.ended.then(({ code, message }) => {
      for (const run of this.#runs.values()) run.endWith(makeFailure(code, message))
    })
  }

  /** Resolves when the process and all it started are gone. */
  get ended(): Promise<Ending> {
    return this.#process.ended
  }

  /** Resolves as soon as no further run can be started. */
  get left(): Promise<void> {
    return this.#process.left
  }

  /** Whether runs can be started. */
  get isUsable(): boolean {
    return this.#process.phase === 'ready' && this.#process.isAlive
  }

  /** Milliseconds since the last run ended; 0 while one is under way. */
  get idleMs(): number {
    return this.#runs.size > 0 ? 0 : performance.now() - this.#idleSinceMs
  }

  /** The last of what the process printed on standard error. */
  get stderr(): string {
    return this.#process.stderr
  }

  /** The number of the bubblewrap process, outside. */
  get pid(): number | undefined {
    return this.#process.pid
  }

  /** Ends the process with all its runs; `ended` resolves when that is done. The first reason stands. */
  end(code: string, message: string): void {
    this.#process.end(code, message)
  }

  /** Feeds the program, checks the walls, loads the plugin. Ends the process when any of it fails. */
  async begin(program: string, plugin: PluginToStart): Promise<void> {
    const { readyMs } = this.#setting.limits
    const late = (): void => this.end('ERR_PLUGIN_START', `not ready within ${readyMs} ms`)
    const timer = setTimeout(late, readyMs)
    try {
      this.#process.feed(program)
      await this.#next('standing')
      this.#process.checkOuterWall()
      await this.#load(plugin)
      this.#process.phase = 'ready'
    } catch (error) {
      const known = isCodedError(error) ? error : { code: 'ERR_PLUGIN_START', message: 'unknown' }
      this.end(known.code, known.message)
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
      send: (frame, socket) => this.#process.send(frame, socket),
      onOverdue: () =>
        this.end('ERR_PLUGIN_CRASHED', 'a run of the plugin did not stop when told to'),
    })
    this.#runs.set(runId, run)
    void run.ended.then(() => {
      this.#runs.delete(runId)
      this.#idleSinceMs = performance.now()
    })
    run.start()
    return run.ended
  }

  async #load({ text, manifest }: PluginToStart): Promise<void> {
    this.#process.phase = 'loading'
    void this.#process.send({ type: 'load', text, version: manifest.version })
    const frame = await this.#next('loaded', 'unloadable')
    if (frame.type === 'loaded' && describes(frame.manifest, manifest)) return
    if (frame.type === 'unloadable') {
      throw new CodedError('ERR_PLUGIN_START', `the plugin cannot be loaded: ${frame.message}`)
    }
    const message = 'the plugin is not what the manifest of its bundle says'
    throw new CodedError('ERR_PLUGIN_MANIFEST', message)
  }

  /** Waits for the next message, which must be of one of these types. */
  #next(...types: readonly FromPlugin['type'][]): Promise<FromPlugin> {
    const frame = new Promise<FromPlugin>((resolve) => (this.#expected = { types, resolve }))
    const gone = this.ended.then((ending) => {
      throw new CodedError(ending.code, ending.message)
    })
    return Promise.race([frame, gone])
  }

  #take(frame: FromPlugin): string | undefined {
    const expected = this.#expected
    if (expected?.types.includes(frame.type) === true) {
      this.#expected = undefined
      expected.resolve(frame)
      return undefined
    }
    if (this.#process.phase !== 'ready' || !('runId' in frame)) return `"${frame.type}" out of turn`
    const run = this.#runs.get(frame.runId)
    if (run !== undefined) return run.take(frame)
    // What a run that has ended still says is late, not forged, and changes nothing.
    return frame.runId > this.#lastRunId || frame.runId === 0 ? 'a message of no run' : undefined
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
