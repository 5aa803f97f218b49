// SPDX-License-Identifier: Apache-2.0
/** A Node process in a sandbox: its messages in both directions, its limits and its end. Knows nothing of plugins. */
import type { ChildProcess } from 'node:child_process'
import type { Socket } from 'node:net'
import { CodedError } from '@sallyport/sdk'
import { spawnInSandbox, type Sandbox } from './bubblewrap.ts'
import { guardChannel } from './channel-guard.ts'
import type { ControlGroups } from './cgroup/find-groups.ts'
import type { ControlGroup } from './cgroup/group.ts'
import { crashEnding, type Ending, type Phase } from './ending.ts'
import { parseFrame, type FromPlugin, type ToPlugin } from './frames.ts'
import type { ProcessLimits } from './limits.ts'
import { INNER_WALL, nodeArguments } from './node-flags.ts'
import { findProcesses, outerWallFaults } from './outer-wall.ts'
import { killSandbox } from './process-tree.ts'
import { StderrTail } from './stderr-tail.ts'
import { preferForOom, watchTree } from './watchdog.ts'

const GONE_MS = 2_000
const DISCONNECT_MS = 500
const LAST_WORDS_MS = 200

/** Where and within which bounds a process is started. */
export interface ProcessSetting {
  readonly sandbox: Sandbox
  readonly limits: ProcessLimits
  /** Where control groups are made; without them the watchdog bounds the process alone. */
  readonly groups?: ControlGroups | undefined
}

/** Takes a well-formed message; says what is wrong with it, if anything. */
export type FrameTaker = (frame: FromPlugin) => string | undefined

/** The process. It is started by the constructor, which throws ERR_SANDBOX_UNAVAILABLE. */
export class SandboxedProcess {
  /** Resolves when the process and all it started are gone. */
  readonly ended: Promise<Ending>
  /** Resolves as soon as the process can be given no more work. */
  readonly left: Promise<void>
  /** How far it came, which decides what its end means. */
  phase: Phase = 'starting'
  readonly #setting: ProcessSetting
  readonly #child: ChildProcess
  readonly #group: ControlGroup | undefined
  readonly #stderr: StderrTail
  readonly #take: FrameTaker
  #ending: Ending | undefined
  #hasExited = false
  #stopWatching: () => void = () => undefined
  #finish: (ending: Ending) => void = () => undefined
  #leave: () => void = () => undefined

  constructor(setting: ProcessSetting, take: FrameTaker) {
    this.#setting = setting
    this.#take = take
    this.ended = new Promise((resolve) => (this.#finish = resolve))
    this.left = new Promise((resolve) => (this.#leave = resolve))
    const { sandbox, limits, groups } = setting
    this.#group = groups?.make(limits)
    const args = nodeArguments(INNER_WALL, limits.memoryBytes)
    this.#child = spawnInSandbox(sandbox, args, { group: this.#group })
    this.#stderr = new StderrTail(this.#child.stderr!, () =>
      this.end('ERR_OUTPUT_LIMIT', 'the plugin printed too much on standard error'),
    )
    this.#listen()
  }

  /** Whether it runs and nobody has ended it. */
  get isAlive(): boolean {
    return this.#ending === undefined && !this.#hasExited
  }

  /** The last of what it printed on standard error. */
  get stderr(): string {
    return this.#stderr.text
  }

  /** The number of the bubblewrap process, outside. */
  get pid(): number | undefined {
    return this.#child.pid
  }

  /** Gives the process its program. */
  feed(program: string): void {
    this.#child.stdin!.end(program)
  }

  /**
   * Sends a message; resolves when it has left this process or can no longer do so. A socket that goes along is closed
   * here then.
   *
   * Why closed here: Node closes a passed socket when the other side acknowledges it, so never if it does not.
   */
  send(frame: ToPlugin, socket?: Socket): Promise<void> {
    return new Promise((resolve) => {
      const sent = (): void => {
        socket?.destroy()
        resolve()
      }
      if (!this.#child.connected) return sent()
      this.#child.send(frame, socket, { keepOpen: true }, sent)
    })
  }

  /**
   * Looks at the first wall from outside, then goes on watching memory and processes.
   *
   * Throws: ERR_SANDBOX_UNAVAILABLE when the wall does not stand.
   */
  checkOuterWall(): void {
    const { sandbox, limits } = this.#setting
    const processes = findProcesses(this.#child.pid!)
    const faults =
      processes === undefined
        ? ['its processes cannot be seen']
        : outerWallFaults(processes, sandbox)
    if (faults.length > 0) {
      const message = `the first wall does not stand: ${faults.join('; ')}`
      throw new CodedError('ERR_SANDBOX_UNAVAILABLE', message)
    }
    preferForOom(processes!.node)
    this.#stopWatching = watchTree(this.#child.pid!, limits, ({ code, message }) =>
      this.end(code, message),
    )
  }

  /** Ends it and everything in its sandbox; `ended` resolves when that is done. The first reason stands. */
  end(code: string, message: string): void {
    if (this.#ending !== undefined) return
    const ending = { code, message }
    this.#ending = ending
    this.#leave()
    if (this.#child.pid === undefined) return this.#close(ending)
    this.#group?.kill()
    killSandbox(this.#child)
    const givenUp = setTimeout(() => this.#close(ending), GONE_MS)
    void this.ended.then(() => clearTimeout(givenUp))
  }

  #listen(): void {
    const child = this.#child
    child.on('error', (error) =>
      this.end('ERR_SANDBOX_UNAVAILABLE', `bubblewrap does not start: ${error.message}`),
    )
    child.on('exit', (code, signal) => this.#onExit(code, signal))
    child.on('message', (message) => this.#onMessage(message))
    child.on('disconnect', () => this.#onDisconnect())
    child.stdin!.on('error', () => undefined) // The exit says more.
    try {
      guardChannel(child, (what) => this.#abuse(what))
    } catch (error) {
      child.kill('SIGKILL')
      throw error
    }
  }

  #abuse(what: string): void {
    this.end('ERR_PLUGIN_ABUSE', `the plugin sent ${what}`)
  }

  #onMessage(message: unknown): void {
    if (this.#ending !== undefined) return
    const frame = parseFrame(message)
    const fault = frame === undefined ? 'a message of unknown form' : this.#take(frame)
    if (fault !== undefined) this.#abuse(fault)
  }

  /** Why the wait: the channel also ends with the process, and then the exit says more. */
  #onDisconnect(): void {
    if (!this.isAlive) return
    const code = this.phase === 'ready' ? 'ERR_PLUGIN_CRASHED' : 'ERR_PLUGIN_START'
    const end = (): void => this.end(code, 'the plugin closed its channel')
    setTimeout(() => this.#hasExited || end(), DISCONNECT_MS).unref()
  }

  /** Why the wait: what the process said last may still be on its way. */
  #onExit(code: number | null, signal: string | null): void {
    this.#hasExited = true
    this.#leave()
    const finish = (): void => {
      const isOutOfMemory = this.#group?.hasRunOutOfMemory() === true
      const remains = { code, signal, stderr: this.stderr, isOutOfMemory }
      this.#ending ??= crashEnding(remains, this.phase)
      this.#close(this.#ending)
    }
    this.#child.once('close', finish)
    setTimeout(finish, LAST_WORDS_MS)
  }

  #close(ending: Ending): void {
    this.#leave()
    this.#stopWatching()
    if (this.#group === undefined) return this.#finish(ending)
    this.#group.kill()
    void this.#group.remove().then(() => this.#finish(ending))
  }
}
