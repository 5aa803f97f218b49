// SPDX-License-Identifier: Apache-2.0
/** The attacks that the walls are tried against, what they aim at, and how one went. */

/** Attacks that each wall must stop by itself. */
export const ATTACKS = {
  outer: [
    'read a file',
    'write to a file',
    'create a file',
    'open a database',
    'connect over TCP',
    'connect to a Unix socket',
    'connect to an abstract socket',
    'see network interfaces',
    'signal the agent',
    'read the environment of the agent',
    'find variables',
    'have capabilities',
    'start a program',
  ],
  inner: [
    'read a file',
    'write to a file',
    'create a file',
    'open a database',
    'connect over TCP',
    'connect to a Unix socket',
    'connect to an abstract socket',
    'read the environment of the agent',
    'find variables',
    'start a program',
    'start a thread',
    'load an add-on',
    'make code from text',
    'open the inspector',
  ],
} as const

/** Which wall stands alone; `none` shows that the attacks are real. */
export type Wall = keyof typeof ATTACKS | 'none'

/** The name of an attack. */
export type Attack = (typeof ATTACKS)[keyof typeof ATTACKS][number]

/** What an attack aims at; made for the probe and gone after it. */
export interface ProbeTargets {
  readonly file: string
  readonly database: string
  readonly library: string
  readonly port: number
  readonly socket: string
  readonly abstractSocket: string
  readonly pid: number
}

/** How one attack went. */
export interface AttackResult {
  readonly attack: Attack
  /** Whether the wall stopped it. */
  readonly stands: boolean
  readonly detail: string
}
