// SPDX-License-Identifier: Apache-2.0
/** The messages between the agent and a plugin's process, and the strict reading of those that come from the plugin. */

import type { Step } from '@sallyport/sdk'

/** From the agent: the plugin's text. The first message after the program in the child has reported that it stands. */
export interface LoadFrame {
  readonly type: 'load'
  readonly text: string
  readonly version: string
}

/** From the agent: begin a step of a job. Each step is a run of its own here; only the agent knows how they belong together. */
export interface RunFrame {
  readonly type: 'run'
  readonly runId: number
  readonly jobId: string
  readonly jobName: string
  readonly input: unknown
  readonly step: Step
  /** What the step gets of the steps before it: JSON values, or undefined. */
  readonly given: GivenToStep
  /** Of what the step gives back, as JSON. */
  readonly maxOutputBytes: number
}

/** What a step gets of the steps before it. */
export interface GivenToStep {
  readonly plan?: unknown
  readonly kept?: unknown
  readonly output?: unknown
}

/** In place of a handle's name, which never has this form: the run itself. */
export const RUN_HANDLE = '$run'

/** From the agent: what became of a handle call. A socket, where there is one, travels beside the message. */
export type ReplyFrame =
  | {
      readonly type: 'reply'
      readonly runId: number
      readonly callId: number
      readonly ok: true
      readonly value: unknown
    }
  | ({
      readonly type: 'reply'
      readonly runId: number
      readonly callId: number
      readonly ok: false
    } & CodedText)

/** From the agent: the run is over as far as the agent is concerned. */
export type CancelFrame = { readonly type: 'cancel'; readonly runId: number } & CodedText

/** An error as it crosses the border. */
export interface CodedText {
  readonly code: string
  readonly message: string
}

/** Any message from the agent. */
export type ToPlugin = LoadFrame | RunFrame | ReplyFrame | CancelFrame

/**
 * The messages from a plugin's process: the members of each, and the most characters of a text or `integer`.
 *
 * Trust: every member is a text, a number or a truth value. What has structure (arguments, output, details, manifest)
 * travels as JSON text and is read by the strict parser, so no foreign object enters the agent.
 */
const FROM_PLUGIN = {
  /** Both walls stand, as seen from within. */
  standing: {},
  /** The plugin is loaded. */
  loaded: { manifest: 1_500_000 },
  /** The plugin's text could not be loaded. */
  unloadable: { message: 2_048 },
  call: {
    runId: 'integer',
    callId: 'integer',
    handle: 64,
    method: 64,
    args: 1_500_000,
  },
  /** The second wall denied something while a run was under way. */
  denied: { runId: 'integer', permission: 64, resource: 512 },
  log: { runId: 'integer', text: 1_024 },
  progress: { runId: 'integer', text: 256 },
  done: { runId: 'integer', output: 1_500_000 },
  failed: {
    runId: 'integer',
    code: 64,
    message: 2_048,
    details: 8_192,
    retryable: 'boolean',
  },
} as const satisfies Record<string, Record<string, number | 'integer' | 'boolean'>>

type Shapes = typeof FROM_PLUGIN
type ValueOf<Shape> = Shape extends 'integer' ? number : Shape extends 'boolean' ? boolean : string

/** Any message from a plugin's process. */
export type FromPlugin = {
  [Type in keyof Shapes]: { readonly type: Type } & {
    readonly [Member in keyof Shapes[Type]]: ValueOf<Shapes[Type][Member]>
  }
}[keyof Shapes]

/**
 * Reads a message that a plugin's process sent; undefined unless it has exactly the form of one of its kinds.
 *
 * Trust: nothing is believed about `message`. Members are copied, so nothing can change after the check.
 */
export function parseFrame(message: unknown): FromPlugin | undefined {
  if (typeof message !== 'object' || message === null || Array.isArray(message)) return undefined
  const given = message as Record<string, unknown>
  const type = given['type']
  if (typeof type !== 'string' || !Object.hasOwn(FROM_PLUGIN, type)) return undefined
  const shape: Record<string, number | 'integer' | 'boolean'> = FROM_PLUGIN[type as keyof Shapes]
  const members = Object.entries(shape)
  if (Object.keys(given).length !== members.length + 1) return undefined
  const frame: Record<string, unknown> = { type }
  for (const [member, allowed] of members) {
    if (!Object.hasOwn(given, member) || !fits(given[member], allowed)) return undefined
    frame[member] = given[member]
  }
  return frame as FromPlugin
}

function fits(value: unknown, allowed: number | 'integer' | 'boolean'): boolean {
  if (allowed === 'boolean') return typeof value === 'boolean'
  if (allowed === 'integer') return Number.isSafeInteger(value) && (value as number) >= 0
  return typeof value === 'string' && value.length <= allowed
}
