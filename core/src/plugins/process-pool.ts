// SPDX-License-Identifier: Apache-2.0
/** The processes of plugins: at most one per digest, shared by its runs, stopped when none has run for a while. */
import { CodedError, isCodedError } from '@sallyport/sdk'
import type { Sandbox } from './sandbox/bubblewrap.ts'
import type { ControlGroups, FoundGroups } from './sandbox/cgroup/find-groups.ts'
import type { ProcessLimits } from './sandbox/limits.ts'
import {
  startPluginProcess,
  type PluginProcess,
  type PluginToStart,
} from './sandbox/plugin-process.ts'

/** What happened to a plugin's process. */
export interface PluginEvent {
  readonly event: 'plugin.started' | 'plugin.stopped' | 'plugin.crashed' | 'plugin.quarantined'
  readonly pluginName: string
  readonly version: string
  readonly digest: string
  /** Why it ended; empty when it was started. */
  readonly code: string
  readonly message: string
  /** The last of what it printed on standard error. For the host's own log only. */
  readonly stderr: string
}

/** How a pool is set up. */
export interface PoolOptions {
  readonly limits: ProcessLimits
  readonly idleStopMs: number
  readonly findSandbox: () => Promise<Sandbox>
  readonly findGroups: () => FoundGroups
  readonly onEvent: (event: PluginEvent) => void
}

interface Seat {
  readonly plugin: PluginToStart
  readonly process: Promise<PluginProcess>
  idleTimer: NodeJS.Timeout | undefined
  /** Aborted with the reason when the agent wants it to end, so that this end is no crash. */
  readonly stop: AbortController
}

const STOPPED = 'ERR_PLUGIN_STOPPED'

/** Starts, shares and stops processes. */
export class ProcessPool {
  readonly #options: PoolOptions
  readonly #seats = new Map<string, Seat>()
  #sandbox: Sandbox | undefined
  #groups: FoundGroups | undefined
  #isClosed = false

  constructor(options: PoolOptions) {
    this.#options = options
  }

  /** The plugin whose process runs or is being started, as it was checked then. */
  find(digest: string): PluginToStart | undefined {
    return this.#seats.get(digest)?.plugin
  }

  /**
   * The process of this digest, started if need be.
   *
   * Throws: ERR_PLUGIN_STOPPED when the pool is closed, and what starting a process throws.
   */
  async take(digest: string, plugin: PluginToStart): Promise<PluginProcess> {
    if (this.#isClosed) throw new CodedError(STOPPED, 'the agent is stopping')
    const seat = this.#seats.get(digest) ?? this.#seat(digest, plugin)
    const taken = await seat.process
    clearTimeout(seat.idleTimer)
    setImmediate(() => this.#stopWhenIdle(seat, taken))
    return taken
  }

  /** Stops the process of this digest, if it runs or is being started, and waits until it is gone. */
  async end(
    digest: string,
    why: { readonly code: string; readonly message: string },
  ): Promise<void> {
    const seat = this.#seats.get(digest)
    if (seat !== undefined) await this.#endSeat(seat, why)
  }

  /** Stops all processes and waits until they are gone. */
  async close(): Promise<void> {
    this.#isClosed = true
    const why = { code: STOPPED, message: 'the agent is stopping' }
    await Promise.all([...this.#seats.values()].map((seat) => this.#endSeat(seat, why)))
    if (this.#groups?.found === true) this.#groups.groups.close()
  }

  #findGroups(): ControlGroups | undefined {
    this.#groups ??= this.#options.findGroups()
    return this.#groups.found ? this.#groups.groups : undefined
  }

  async #endSeat(
    seat: Seat,
    why: { readonly code: string; readonly message: string },
  ): Promise<void> {
    seat.stop.abort(new CodedError(why.code, why.message))
    const started = await seat.process.catch(() => undefined)
    await started?.ended
  }

  #seat(digest: string, plugin: PluginToStart): Seat {
    const stop = new AbortController()
    const process = this.#start(digest, plugin, stop.signal)
    const seat: Seat = { plugin, process, idleTimer: undefined, stop }
    this.#seats.set(digest, seat)
    const leave = (): void => {
      clearTimeout(seat.idleTimer)
      if (this.#seats.get(digest) === seat) this.#seats.delete(digest)
    }
    seat.process.then((started) => started.left.then(leave), leave)
    return seat
  }

  async #start(digest: string, plugin: PluginToStart, signal: AbortSignal): Promise<PluginProcess> {
    const about = { pluginName: plugin.manifest.name, version: plugin.manifest.version, digest }
    try {
      this.#sandbox ??= await this.#options.findSandbox()
      const { limits } = this.#options
      const setting = { sandbox: this.#sandbox, limits, groups: this.#findGroups() }
      const started = await startPluginProcess(plugin, setting, signal)
      this.#options.onEvent({
        ...about,
        event: 'plugin.started',
        code: '',
        message: '',
        stderr: '',
      })
      void started.ended.then(({ code, message }) => {
        const event = isWanted(code, signal) ? 'plugin.stopped' : 'plugin.crashed'
        this.#options.onEvent({ ...about, event, code, message, stderr: started.stderr })
      })
      return started
    } catch (error) {
      if (!isCodedError(error) || !isWanted(error.code, signal))
        this.#reportFailedStart(about, error)
      throw error
    }
  }

  /** Why: a host without a sandbox is not the plugin's fault, and may get one while the agent runs. */
  #reportFailedStart(
    about: Pick<PluginEvent, 'pluginName' | 'version' | 'digest'>,
    error: unknown,
  ): void {
    const code = isCodedError(error) ? error.code : 'ERR_PLUGIN_START'
    if (code === 'ERR_SANDBOX_UNAVAILABLE') {
      this.#sandbox = undefined
      return
    }
    const message = isCodedError(error) ? error.message : 'the process could not be started'
    this.#options.onEvent({ ...about, event: 'plugin.crashed', code, message, stderr: '' })
  }

  #stopWhenIdle(seat: Seat, taken: PluginProcess): void {
    clearTimeout(seat.idleTimer)
    const restMs = this.#options.idleStopMs - taken.idleMs
    if (restMs <= 0) return void this.#endSeat(seat, { code: STOPPED, message: 'idle' })
    seat.idleTimer = setTimeout(() => this.#stopWhenIdle(seat, taken), restMs)
    seat.idleTimer.unref()
  }
}

/** Whether a process ended as the agent wanted. Why the code: it may have crashed a moment before. */
function isWanted(code: string, signal: AbortSignal): boolean {
  return signal.aborted && isCodedError(signal.reason) && signal.reason.code === code
}
