// SPDX-License-Identifier: Apache-2.0
/** One step of a job in a plugin's process, as the agent keeps it: its calls, its deadline and its one end. */
import { CodedError, isCodedError, type Step } from '@sallyport/sdk'
import type { Failure } from '../../protocol/index.ts'
import { parseJson } from '../../protocol/json.ts'
import type { HandleReply } from '../broker/contract.ts'
import { makeFailure, reportedFailure } from '../failure.ts'
import type { CodedText, FromPlugin, GivenToStep, ReplyFrame, ToPlugin } from './frames.ts'
import { CHANNEL_LIMITS } from './limits.ts'

const MAX_ARGS_BYTES = 4_194_304
const MAX_ARGS = 16

/** What to run and within which bounds. */
export interface RunSpec {
  readonly jobId: string
  readonly jobName: string
  readonly input: unknown
  readonly step: Step
  readonly given: GivenToStep
  /** Time of the whole job, of which this is a step. */
  readonly timeoutMs: number
  /** When the job began. Time: `performance.now()`. */
  readonly startedAtMs: number
  readonly maxOutputBytes: number
  readonly signal: AbortSignal
}

/** One call of a handle, arguments parsed and unchecked. */
export interface HandleCall {
  readonly handle: string
  readonly method: string
  readonly args: readonly unknown[]
}

/** What a run may reach in the agent. */
export interface RunPorts {
  /** Answers a call or throws a coded error. `signal` is aborted when the run is over. */
  call(call: HandleCall, signal: AbortSignal): Promise<HandleReply>
  log(text: string): void
  /** The process says that its walls denied something. Trust: it may make this up, or keep it to itself. */
  denied(permission: string, resource: string): void
  progress(text: string): void
}

/** How a run ended. */
export type RunEnd =
  | { readonly ok: true; readonly output: unknown }
  | { readonly ok: false; readonly failure: Failure }

/** What a run needs of the process it is in. */
export interface RunSeat {
  readonly runId: number
  readonly graceMs: number
  /** Sends a message; resolves when it has left this process. */
  send(frame: ToPlugin, socket?: HandleReply['socket']): Promise<void>
  /** Called when the run is still there `graceMs` after it should have ended. */
  onOverdue(): void
}

type RunFrame = Extract<FromPlugin, { runId: number }>

/** A run that has not ended. `ended` never rejects. */
export class ActiveRun {
  readonly ended: Promise<RunEnd>
  readonly #spec: RunSpec
  readonly #ports: RunPorts
  readonly #seat: RunSeat
  readonly #over = new AbortController()
  readonly #timers: NodeJS.Timeout[] = []
  #resolve: (end: RunEnd) => void = () => undefined
  #cancelled: CodedText | undefined
  #lastCallId = 0
  #openCallCount = 0
  #deniedCallCount = 0
  #lineCount = 0
  #denialCount = 0

  constructor(spec: RunSpec, ports: RunPorts, seat: RunSeat) {
    this.#spec = spec
    this.#ports = ports
    this.#seat = seat
    this.ended = new Promise((resolve) => (this.#resolve = resolve))
  }

  /** Sends the job to the plugin and starts its clock. */
  start(): void {
    const { timeoutMs, startedAtMs, signal, ...rest } = this.#spec
    const { jobId, jobName, input, step, given, maxOutputBytes } = rest
    const { runId } = this.#seat
    const job = { runId, jobId, jobName, input, maxOutputBytes }
    void this.#seat.send({ type: 'run', ...job, step, given })
    this.#after(Math.max(0, startedAtMs + timeoutMs - performance.now()), () =>
      this.#cancel('ERR_RUN_TIMEOUT', `the run took longer than ${timeoutMs} ms`),
    )
    signal.addEventListener('abort', this.#onAbort, { once: true })
    if (signal.aborted) this.#onAbort()
  }

  /**
   * Takes a message of this run; says what is wrong with it, if anything.
   *
   * Trust: the message is well formed; whether it makes sense now is decided here.
   */
  take(frame: RunFrame): string | undefined {
    switch (frame.type) {
      case 'call':
        return this.#takeCall(frame)
      case 'denied':
        return this.#takeDenial(frame.permission, frame.resource)
      case 'log':
      case 'progress':
        return this.#takeLine(frame.type, frame.text)
      case 'done':
        this.#settle(outputOf(frame.output, this.#spec.maxOutputBytes))
        return undefined
      case 'failed':
        this.#settle({ ok: false, failure: reportedFailure(frame) })
        return undefined
    }
  }

  /** Ends the run because its process is gone. */
  endWith(failure: Failure): void {
    this.#settle({ ok: false, failure })
  }

  readonly #onAbort = (): void => this.#cancel('ERR_RUN_CANCELLED', 'the run was cancelled')

  /** Takes the handles away, asks the plugin to stop and leaves it a moment to do so. */
  #cancel(code: string, message: string): void {
    if (this.#cancelled !== undefined) return
    this.#cancelled = { code, message }
    this.#over.abort(new CodedError(code, message))
    void this.#seat.send({ type: 'cancel', runId: this.#seat.runId, code, message })
    this.#after(this.#seat.graceMs, () => this.#seat.onOverdue())
  }

  /** Why: a run that was cancelled ends as cancelled, whatever the plugin says last. */
  #settle(end: RunEnd): void {
    for (const timer of this.#timers) clearTimeout(timer)
    this.#spec.signal.removeEventListener('abort', this.#onAbort)
    this.#over.abort(new CodedError('ERR_RUN_OVER', 'the run is over'))
    const cancelled = this.#cancelled
    if (cancelled === undefined) return this.#resolve(end)
    this.#resolve({ ok: false, failure: makeFailure(cancelled.code, cancelled.message) })
  }

  #after(delayMs: number, then: () => void): void {
    this.#timers.push(setTimeout(then, delayMs))
  }

  #takeDenial(permission: string, resource: string): string | undefined {
    this.#denialCount += 1
    if (this.#denialCount > CHANNEL_LIMITS.maxDenials) return 'too many denials'
    const plain = (text: string): string => text.replaceAll(/\p{Cc}/gu, ' ').toWellFormed()
    this.#ports.denied(plain(permission), plain(resource))
    return undefined
  }

  #takeLine(type: 'log' | 'progress', text: string): string | undefined {
    this.#lineCount += 1
    if (this.#lineCount > CHANNEL_LIMITS.maxLines) return 'too many lines of log or progress'
    this.#ports[type](text.replaceAll(/\p{Cc}/gu, ' '))
    return undefined
  }

  #takeCall(frame: Extract<RunFrame, { type: 'call' }>): string | undefined {
    if (frame.callId <= this.#lastCallId) return 'a handle call with a used id'
    this.#lastCallId = frame.callId
    if (frame.callId > CHANNEL_LIMITS.maxCalls) return 'too many handle calls'
    if (this.#openCallCount >= CHANNEL_LIMITS.maxOpenCalls) return 'too many open handle calls'
    if (this.#deniedCallCount >= CHANNEL_LIMITS.maxDeniedCalls)
      return 'too many denied handle calls'
    void this.#answer(frame)
    return undefined
  }

  /** Why: the call counts as open until its answer has left, or a plugin that never reads could fill this process. */
  async #answer(frame: Extract<RunFrame, { type: 'call' }>): Promise<void> {
    this.#openCallCount += 1
    try {
      const { reply, socket } = await this.#perform(frame)
      if (!this.#over.signal.aborted) await this.#seat.send(reply, socket)
      else socket?.destroy()
    } finally {
      this.#openCallCount -= 1
    }
  }

  async #perform(
    frame: Extract<RunFrame, { type: 'call' }>,
  ): Promise<{ reply: ReplyFrame; socket?: HandleReply['socket'] }> {
    const label = { type: 'reply', runId: frame.runId, callId: frame.callId } as const
    try {
      this.#over.signal.throwIfAborted()
      const call = { handle: frame.handle, method: frame.method, args: parseArgs(frame.args) }
      const { value, socket } = await this.#ports.call(call, this.#over.signal)
      return { reply: { ...label, ok: true, value }, socket }
    } catch (error) {
      const { code, message } = codedText(error)
      if (code === 'ERR_HANDLE_DENIED') this.#deniedCallCount += 1
      return { reply: { ...label, ok: false, code, message } }
    }
  }
}

function parseArgs(text: string): readonly unknown[] {
  const args = parseJson(new TextEncoder().encode(text), MAX_ARGS_BYTES)
  if (Array.isArray(args) && args.length <= MAX_ARGS) return args
  throw new CodedError('ERR_ARGUMENT_FORM', 'the arguments are not a short list')
}

/** Why: an error that nobody foresaw may quote what the plugin must not learn. */
function codedText(error: unknown): CodedText {
  if (isCodedError(error) && error.code.startsWith('ERR_')) {
    return { code: error.code, message: error.message.slice(0, 2_000) }
  }
  return { code: 'ERR_HANDLE_FAILED', message: 'the call failed in the agent' }
}

function outputOf(text: string, maxBytes: number): RunEnd {
  try {
    return { ok: true, output: parseJson(new TextEncoder().encode(text), maxBytes) }
  } catch (error) {
    const isTooLarge = isCodedError(error) && error.code === 'ERR_JSON_SIZE'
    const failure = isTooLarge
      ? makeFailure('ERR_OUTPUT_LIMIT', `the output has more than ${maxBytes} bytes`)
      : makeFailure(
          'ERR_OUTPUT_FORM',
          `the output is not acceptable JSON: ${codedText(error).message}`,
        )
    return { ok: false, failure }
  }
}
