// SPDX-License-Identifier: Apache-2.0
/** What one kind of permission is to the broker. A new kind is one file that exports this and one line in the registry. */
import type { Socket } from 'node:net'
import type { Permission, PermissionKind, Step } from '@sallyport/sdk'
import type { Resources } from '../../protocol/index.ts'
import type { Binding, BindingOf } from '../bindings/binding.ts'
import type { AskJob } from '../ports.ts'

/** The answer to a handle call: plain data, or a connected socket that is passed to the plugin's process. */
export interface HandleReply {
  readonly value: unknown
  readonly socket?: Socket | undefined
}

/**
 * One method of an open handle.
 *
 * Trust: `args` come from the plugin, unchecked. `signal` is aborted when the run is over: stop then.
 * Throws: CodedError; ERR_HANDLE_DENIED when the approved scope does not cover the call.
 */
export type HandleMethod = (args: readonly unknown[], signal: AbortSignal) => Promise<HandleReply>

/** A handle that was opened for one step of a run: its methods by name. */
export type OpenHandle = Readonly<Record<string, HandleMethod>>

/** Where a handle is opened. */
export interface HandleSetting {
  readonly pluginName: string
  readonly jobId: string
  /** The step of the job. In every one but `run` no call passes that may change anything: `expectLook` of the SDK. */
  readonly step: Step
  /** The agent's state directory: private data of plugins lies below it, all else there is closed to them. */
  readonly stateDirectory: string
  /** What the job of this run acts on, by its signed input. */
  readonly resources: Resources
  /** What the operator bound to a name for this plugin. Throws: ERR_NOT_BOUND. */
  binding<K extends Binding['kind']>(name: string, kind: K): BindingOf<K>
  /** Puts another job through admission and runs it. */
  readonly ask: AskJob
  /** Aborted when the run is over; whatever a handle holds open ends then. */
  readonly over: AbortSignal
}

/** One kind of permission. */
export interface BrokerKind<K extends PermissionKind> {
  /** The names of the methods its handles have. */
  readonly methods: readonly string[]
  /** Opens the handle for one run. */
  open(permission: Permission<K>, setting: HandleSetting): OpenHandle
  /** What a call touches, for the audit log. Must not throw, whatever the arguments are. */
  target(permission: Permission<K>, args: readonly unknown[]): string
  /** The permission, as an author writes it, that would allow such a call; undefined when no such call is of this kind. Must not throw. */
  suggest(method: string, args: readonly unknown[]): string | undefined
}
