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
  filter: [
    'make a socket',
    'make a pair of sockets',
    'start Node again',
    'leave its namespaces',
    'trace a process',
    'read the memory of a process',
    'use the keys of the kernel',
    'open a profiler',
    'open a ring of calls',
    'handle its own page faults',
    'make a file of memory',
    'start a program by its descriptor',
    'signal another process',
    'change its personality',
    'make a call that is newer than the filter',
  ],
} as const

/**
 * Which wall stands alone; `none` shows that the attacks are real. The filter stands inside the first wall, which
 * without it (`outer`) is what shows that its attacks are.
 */
export type Wall = keyof typeof ATTACKS | 'none'

/** The name of an attack. */
export type Attack = (typeof ATTACKS)[keyof typeof ATTACKS][number]

/** The system calls that attacks make directly. */
export const RAW_CALLS = [
  'socket',
  'socketpair',
  'unshare',
  'ptrace',
  'process_vm_readv',
  'keyctl',
  'perf_event_open',
  'io_uring_setup',
  'userfaultfd',
  'memfd_create',
  'execveat',
  'personality',
] as const

/** The name of a system call that attacks make directly. */
export type RawCall = (typeof RAW_CALLS)[number]

/** What an attack aims at; made for the probe and gone after it. */
export interface ProbeTargets {
  readonly file: string
  readonly database: string
  readonly library: string
  readonly port: number
  readonly socket: string
  readonly abstractSocket: string
  readonly pid: number
  /** Numbers of system calls on this processor. */
  readonly calls: Readonly<Record<RawCall, number>>
}

/** How one attack went. */
export interface AttackResult {
  readonly attack: Attack
  /** Whether the wall stopped it. */
  readonly stands: boolean
  readonly detail: string
}
