// SPDX-License-Identifier: Apache-2.0
/** The handles of one step of a run: what the manifest names, opened; everything else denied in words an author understands. */
import {
  CodedError,
  expectLook,
  isCodedError,
  type JobManifest,
  type Permission,
  type Step,
} from '@sallyport/sdk'
import type { HandleReply, HandleSetting, OpenHandle } from './broker/contract.ts'
import { findKind, suggestionsFor } from './broker/registry.ts'
import type { HandleEvent, ObservedCall } from './ports.ts'
import type { HandleCall } from './sandbox/active-run.ts'

const MAX_TARGET_LENGTH = 256

/** In place of a handle and a kind: the attempt was made without any. */
const SANDBOX = 'sandbox'

interface Granted {
  readonly permission: Permission
  readonly handle: OpenHandle
}

/** Serves the handle calls of one step and reports each of them. */
export class RunHandles {
  /** Names of the handles that were used for something that was allowed. */
  readonly used = new Set<string>()
  readonly #granted: ReadonlyMap<string, Granted>
  readonly #jobType: string
  readonly #step: Step
  readonly #report: (event: HandleEvent, call: ObservedCall) => void

  /** `report` is called once per call, before its answer goes to the plugin. */
  constructor(
    job: { readonly type: string; readonly permissions: JobManifest['permissions'] },
    setting: HandleSetting,
    report: (event: HandleEvent, call: ObservedCall) => void,
  ) {
    this.#jobType = job.type
    this.#step = setting.step
    this.#report = report
    this.#granted = new Map(
      Object.entries(job.permissions).map(([name, permission]) => [
        name,
        { permission, handle: findKind(permission.kind)!.open(permission, setting) },
      ]),
    )
  }

  /**
   * Makes one call.
   *
   * Trust: the call comes from the plugin. Whether the handle was approved and whether this step may do more than look
   * is decided here, whether the scope covers the call is decided by the kind.
   * Throws: ERR_HANDLE_DENIED and the codes of the kind.
   */
  async call(call: HandleCall, signal: AbortSignal): Promise<HandleReply> {
    const granted = this.#granted.get(call.handle)
    const about = {
      handle: call.handle,
      kind: granted?.permission.kind ?? 'none',
      method: call.method,
      target: targetOf(call, granted?.permission),
    }
    try {
      const reply = await this.#perform(call, granted, signal)
      this.used.add(call.handle)
      this.#report({ ...about, outcome: 'ok' }, { args: call.args })
      return reply
    } catch (error) {
      const code = isCodedError(error) ? error.code : 'ERR_HANDLE_FAILED'
      const isDenied = code === 'ERR_HANDLE_DENIED'
      if (!isDenied) this.used.add(call.handle)
      const message = isCodedError(error) ? error.message : ''
      const outcome = isDenied ? 'denied' : 'failed'
      this.#report({ ...about, outcome, code }, { args: call.args, message })
      throw error
    }
  }

  /** Reports what the second wall denied, as the process says. */
  deniedByWall(permission: string, resource: string): void {
    const about = { handle: SANDBOX, kind: SANDBOX, method: permission, target: resource }
    this.#report({ ...about, outcome: 'denied' }, { args: [] })
  }

  async #perform(
    call: HandleCall,
    granted: Granted | undefined,
    signal: AbortSignal,
  ): Promise<HandleReply> {
    if (granted === undefined) throw this.#undeclared(call)
    if (!Object.hasOwn(granted.handle, call.method)) throw noSuchMethod(call, granted.permission)
    const { kind } = granted.permission
    expectLook(this.#step, call.handle, { kind, method: call.method, args: call.args })
    return granted.handle[call.method]!(call.args, signal)
  }

  #undeclared({ handle, method, args }: HandleCall): CodedError {
    const lines = suggestionsFor(method, args).map((each) => `permissions: { ${handle}: ${each} }`)
    const remedy = lines.length === 0 ? '' : `; ${lines.join(' or ')} would allow it`
    return denied(`${this.#jobType} declares no permission "${handle}"${remedy}`)
  }
}

function noSuchMethod({ handle, method, args }: HandleCall, permission: Permission): CodedError {
  const has = findKind(permission.kind)!.methods.join(', ')
  const suggestions = suggestionsFor(method, args).join(' or ')
  const remedy = suggestions === '' ? '' : `; ${method} needs a permission like ${suggestions}`
  return denied(`handle "${handle}" (${permission.kind}) has ${has}, not ${method}${remedy}`)
}

function targetOf(call: HandleCall, permission: Permission | undefined): string {
  const kind = permission === undefined ? undefined : findKind(permission.kind)
  const target = kind?.target(permission!, call.args) ?? JSON.stringify(call.args)
  return target.slice(0, MAX_TARGET_LENGTH).toWellFormed()
}

function denied(message: string): CodedError {
  return new CodedError('ERR_HANDLE_DENIED', message)
}
