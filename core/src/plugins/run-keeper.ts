// SPDX-License-Identifier: Apache-2.0
/** What one run keeps: checked, counted and made durable before the plugin hears of it. */
import { CodedError, STEP_LIMITS, type Step } from '@sallyport/sdk'
import { encodeJson } from '../protocol/json.ts'
import type { HandleReply } from './broker/contract.ts'
import type { KeptByRun } from './ports.ts'
import type { HandleCall } from './sandbox/active-run.ts'

/** What a keeper works with. */
export interface KeeperSetting {
  readonly step: Step
  readonly plan: unknown
  /** Makes it durable. Throws: what then goes to `onLost`. */
  readonly keep: ((kept: KeptByRun) => void) | undefined
  /** Called when something could not be made durable: the run must end. */
  readonly onLost: (error: unknown) => void
}

/** Takes the calls of the run itself. */
export class RunKeeper {
  readonly #setting: KeeperSetting
  #keptCount = 0

  constructor(setting: KeeperSetting) {
    this.#setting = setting
  }

  /**
   * Makes one call of the run: `keep` is the only one.
   *
   * Trust: the call comes from the plugin; its value was read as strict JSON.
   * Throws: ERR_HANDLE_DENIED outside of `run`, ERR_ARGUMENT_FORM, ERR_LIMIT, and what `keep` throws.
   */
  call({ method, args }: HandleCall): HandleReply {
    const { step, plan, keep, onLost } = this.#setting
    if (method !== 'keep') throw new CodedError('ERR_HANDLE_DENIED', 'a run has keep and no more')
    if (step !== 'run') throw new CodedError('ERR_HANDLE_DENIED', `${step} keeps nothing: run does`)
    const value = keepable(args)
    this.#keptCount += 1
    const { maxKeepCount } = STEP_LIMITS
    if (this.#keptCount > maxKeepCount) {
      throw new CodedError('ERR_LIMIT', `a run keeps something at most ${maxKeepCount} times`)
    }
    try {
      keep?.({ plan, value })
    } catch (error) {
      onLost(error)
      throw error
    }
    return { value: undefined }
  }
}

function keepable(args: readonly unknown[]): unknown {
  const [value] = args
  const { maxKeptBytes } = STEP_LIMITS
  if (args.length !== 1) throw new CodedError('ERR_ARGUMENT_FORM', 'keep takes one value')
  if (encodeJson(value).byteLength <= maxKeptBytes) return value
  throw new CodedError('ERR_LIMIT', `a kept value has at most ${maxKeptBytes} bytes as JSON`)
}
