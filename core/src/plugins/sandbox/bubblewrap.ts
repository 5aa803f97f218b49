// SPDX-License-Identifier: Apache-2.0
/** The first wall: bubblewrap gives a plugin's process an empty world of its own. */
import { spawn, type ChildProcess } from 'node:child_process'
import { closeSync, openSync } from 'node:fs'
import { stat } from 'node:fs/promises'
import type { Socket } from 'node:net'
import { dirname } from 'node:path'
import { CodedError } from '@sallyport/sdk'
import { withoutInherited } from '../descriptors.ts'
import { findTrustedProgram } from '../trusted-program.ts'
import type { ControlGroup } from './cgroup/group.ts'
import { findLibraries } from './libraries.ts'
import { descendantsOf, killSandbox } from './process-tree.ts'
import { seccompFilter, thisProcessor } from './seccomp/filter.ts'

const BUBBLEWRAP_PATHS = ['/usr/bin/bwrap', '/usr/local/bin/bwrap']

/** The user and group "nobody", inside the sandbox and, when the agent is root, also outside. */
export const NOBODY = 65_534

/** Where Node is inside the sandbox. */
export const NODE_INSIDE = '/node'

/** The descriptor from which bubblewrap reads the filter; it closes it before Node starts. */
const FILTER_FD = 4

/** What it takes to start a sandbox on this host. */
export interface Sandbox {
  readonly bubblewrap: string
  readonly node: string
  readonly libraries: readonly string[]
  /** Whether bubblewrap itself is started as nobody: the agent is root, and nobody may read the Node binary. */
  readonly startsAsNobody: boolean
  /** The filter of system calls; undefined only where the other walls are tried without it. */
  readonly filter: Uint8Array | undefined
}

/**
 * Finds bubblewrap, Node and Node's libraries.
 *
 * Throws: ERR_SANDBOX_UNAVAILABLE.
 */
export async function findSandbox(): Promise<Sandbox> {
  const node = process.execPath
  return {
    bubblewrap: await findBubblewrap(),
    node,
    libraries: await findLibraries(node),
    startsAsNobody: process.getuid?.() === 0 && (await nobodyMayStart(node)),
    filter: seccompFilter(thisProcessor()),
  }
}

async function findBubblewrap(): Promise<string> {
  let why = ''
  for (const path of BUBBLEWRAP_PATHS) {
    const program = await findTrustedProgram(path)
    if (program.trusted) return program.path
    if (!program.isMissing) why = `: ${program.why}`
  }
  throw new CodedError('ERR_SANDBOX_UNAVAILABLE', `bubblewrap is not installed${why}`)
}

/** Whether "nobody" could start this file: readable and executable, in folders that can be passed through. */
async function nobodyMayStart(path: string): Promise<boolean> {
  const { mode } = await stat(path)
  return (mode & 0o005) === 0o005 && nobodyMayPass(dirname(path))
}

async function nobodyMayPass(folder: string): Promise<boolean> {
  const { mode } = await stat(folder)
  return (mode & 0o001) === 0o001 && (folder === '/' || nobodyMayPass(dirname(folder)))
}

/**
 * Arguments of bubblewrap up to the program to start.
 *
 * Trust: every namespace is new, so there is no network and no other process; the file system holds Node, its
 * libraries, /proc and /dev/null and nothing can be written to; no capability, no environment, no new user
 * namespace; it dies with the agent. The two variables name the message channel; Node takes them out again.
 */
export function bubblewrapArguments(sandbox: Sandbox): string[] {
  const binds = [[sandbox.node, NODE_INSIDE], ...sandbox.libraries.map((path) => [path, path])]
  return [
    ...['--unshare-user', '--unshare-pid', '--unshare-net', '--unshare-ipc', '--unshare-uts'],
    ...['--unshare-cgroup-try', '--disable-userns', '--die-with-parent', '--new-session'],
    ...['--clearenv', '--uid', `${NOBODY}`, '--gid', `${NOBODY}`, '--cap-drop', 'ALL'],
    ...['--hostname', 'sandbox'],
    ...binds.flatMap(([outside, inside]) => ['--ro-bind', outside!, inside!]),
    ...['--proc', '/proc', '--remount-ro', '/proc', '--dev-bind', '/dev/null', '/dev/null'],
    ...['--chdir', '/', '--remount-ro', '/'],
    ...['--setenv', 'NODE_CHANNEL_FD', '3'],
    ...['--setenv', 'NODE_CHANNEL_SERIALIZATION_MODE', 'advanced'],
  ]
}

/** What else a sandbox is started with. */
export interface SpawnSetting {
  /** Arguments of bubblewrap; others than its own only where a wall with a hole in it is tried. */
  readonly walls?: readonly string[]
  readonly group?: ControlGroup | undefined
}

/**
 * Starts Node in the sandbox, with standard input and error as pipes and a message channel.
 *
 * Trust: nothing of this process's environment or of the descriptors it inherited goes along. Bubblewrap starts
 * nothing before it has read the whole filter, and the kernel takes no part of one; until then it is at most two
 * processes, which are put into the group first, so that whatever is started later is born in it.
 * Throws: ERR_SANDBOX_UNAVAILABLE when it cannot be put into the group.
 */
export function spawnInSandbox(
  sandbox: Sandbox,
  nodeArgs: readonly string[],
  { walls = bubblewrapArguments(sandbox), group }: SpawnSetting = {},
): ChildProcess {
  const { bubblewrap, filter, startsAsNobody } = sandbox
  const identity = startsAsNobody ? { uid: NOBODY, gid: NOBODY } : {}
  const behind = filter === undefined ? [] : ['--seccomp', `${FILTER_FD}`]
  const args = [...walls, ...behind, '--', NODE_INSIDE, ...nodeArgs]
  const child = spawnClean(bubblewrap, args, identity, filter === undefined ? [] : ['pipe'])
  if (group !== undefined) place(child, group)
  if (filter !== undefined) hand(child.stdio[FILTER_FD] as Socket | null, filter)
  return child
}

function place(child: ChildProcess, group: ControlGroup): void {
  if (child.pid === undefined) return // It did not start, which its error event says.
  try {
    group.add(child.pid)
    for (const pid of descendantsOf(child.pid)) group.add(pid)
  } catch (error) {
    killSandbox(child)
    throw error
  }
}

/** Why the errors are dropped: when bubblewrap does not read on, its exit says more. */
function hand(pipe: Socket | null, filter: Uint8Array): void {
  pipe?.on('error', () => undefined)
  pipe?.resume().end(filter)
}

/** Starts a program with an empty environment, pipes, a message channel and no inherited descriptor but `more`. */
export function spawnClean(
  program: string,
  args: readonly string[],
  identity: { uid?: number; gid?: number },
  more: readonly 'pipe'[] = [],
): ChildProcess {
  const blank = openSync('/dev/null', 'r+')
  try {
    return spawn(program, args, {
      ...identity,
      cwd: '/',
      env: {},
      serialization: 'advanced',
      stdio: withoutInherited(['pipe', 'ignore', 'pipe', 'ipc', ...more], blank),
    })
  } finally {
    closeSync(blank)
  }
}
