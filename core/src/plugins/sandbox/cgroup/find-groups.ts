// SPDX-License-Identifier: Apache-2.0
/** Whether this process may make control groups (version 2) for plugins, and where. */
import { existsSync, mkdirSync, readFileSync, readdirSync, rmdirSync, writeFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { makeGroup, type ControlGroup, type GroupLimits } from './group.ts'

/** Controllers that a plugin's group uses where they are there. */
const WANTED = ['memory', 'pids', 'cpu'] as const

/** Controllers of which at least one must be there: without them a group would bound nothing. */
const NEEDED: readonly string[] = ['memory', 'pids']

/** The group of the agent itself, where groups below it are made. */
const LEAF = 'agent'
const PARENT = /^plugins-([0-9]+)$/

/** Where plugins' groups are made. */
export interface ControlGroups {
  /** What bounds them. */
  readonly controllers: readonly string[]
  /** Makes a group. Throws: ERR_SANDBOX_UNAVAILABLE. */
  make(limits: GroupLimits): ControlGroup
  /** Removes the place. Its groups must be gone. */
  close(): void
}

/** The place for groups, or why there is none. */
export type FoundGroups =
  | { readonly found: true; readonly groups: ControlGroups }
  | { readonly found: false; readonly why: string }

/** What the kernel says about this process; other files in tests. */
export interface ProcessFiles {
  readonly pid: number
  readonly cgroup: string
  readonly mountinfo: string
  /** Whether a process of this number lives. */
  isAlive(pid: number): boolean
}

const OWN_FILES: ProcessFiles = {
  pid: process.pid,
  cgroup: '/proc/self/cgroup',
  mountinfo: '/proc/self/mountinfo',
  isAlive: (pid) => existsSync(`/proc/${pid}`),
}

/**
 * Finds the group of this process, makes room below it for groups of plugins, and ends what an agent before this one left.
 *
 * Why this process moves: a group with processes of its own may hand no controller down. It moves only when it is alone
 * in its group, as under a systemd unit with `Delegate=yes`; a group that others are in is not its own to arrange.
 * Source: Linux, `Documentation/admin-guide/cgroup-v2.rst`, "No Internal Process Constraint" and "Delegation".
 */
export function findControlGroups(files: ProcessFiles = OWN_FILES): FoundGroups {
  try {
    const base = findBase(files)
    if (base === undefined) return missing('there is no control group (version 2) for this process')
    const controllers = controllersOf(base)
    if (!controllers.some((name) => NEEDED.includes(name))) {
      return missing('the control group of this process has no controller for memory or processes')
    }
    endLeftovers(base, files)
    return { found: true, groups: openGroups(base, controllers, files) }
  } catch (error) {
    const code = (error as { code?: string }).code ?? 'unknown'
    return missing(`this process may not make control groups (${code})`)
  }
}

/** The folder of this process's group. Source: cgroups(7), "/proc/[pid]/cgroup": version 2 is hierarchy 0. */
function findBase({ cgroup, mountinfo }: ProcessFiles): string | undefined {
  const path = /^0::(\/.*)$/m.exec(readFileSync(cgroup, 'utf8'))?.[1]
  const mount = findMount(readFileSync(mountinfo, 'utf8'))
  if (path === undefined || mount === undefined) return undefined
  const below = relative(mount.root, path)
  if (below.startsWith('..')) return undefined
  const own = join(mount.point, below)
  // An agent that was here before has left this process in its own group, or this process has moved itself already.
  return own.endsWith(`/${LEAF}`) ? join(own, '..') : own
}

/** Source: proc_pid_mountinfo(5): root is the fourth field, mount point the fifth, the type follows the dash. */
function findMount(mountinfo: string): { root: string; point: string } | undefined {
  const line = /^\S+ \S+ \S+ (\S+) (\S+) .* - cgroup2 /m.exec(mountinfo)
  return line === null ? undefined : { root: line[1]!, point: line[2]! }
}

function controllersOf(base: string): string[] {
  const offered = words(join(base, 'cgroup.controllers'))
  return WANTED.filter((name) => offered.includes(name))
}

function openGroups(
  base: string,
  controllers: readonly string[],
  files: ProcessFiles,
): ControlGroups {
  handDown(base, controllers, files.pid)
  const parent = join(base, `plugins-${files.pid}`)
  mkdirSync(parent, { recursive: true })
  enable(parent, controllers)
  let count = 0
  return {
    controllers,
    make: (limits) => makeGroup(join(parent, `plugin-${++count}`), { controllers, limits }),
    close: () => quietly(() => rmdirSync(parent)),
  }
}

/** Lets groups below have the controllers; when this process alone is in the way it moves aside first. */
function handDown(base: string, controllers: readonly string[], pid: number): void {
  const enabled = words(join(base, 'cgroup.subtree_control'))
  if (controllers.every((name) => enabled.includes(name))) return
  const members = words(join(base, 'cgroup.procs'))
  const isAlone = members.length === 1 && members[0] === String(pid)
  if (isAlone) {
    const leaf = join(base, LEAF)
    mkdirSync(leaf, { recursive: true })
    writeFileSync(join(leaf, 'cgroup.procs'), String(pid))
  }
  enable(base, controllers)
}

function enable(folder: string, controllers: readonly string[]): void {
  const text = controllers.map((name) => `+${name}`).join(' ')
  writeFileSync(join(folder, 'cgroup.subtree_control'), text)
}

/** Ends what is left in the groups of an agent that is gone, and the groups with it. */
function endLeftovers(base: string, files: ProcessFiles): void {
  for (const name of readdirSync(base)) {
    const pid = PARENT.exec(name)?.[1]
    if (pid === undefined || files.isAlive(Number(pid))) continue
    const parent = join(base, name)
    for (const each of readdirSync(parent).filter((child) => child.startsWith('plugin-'))) {
      quietly(() => writeFileSync(join(parent, each, 'cgroup.kill'), '1'))
      quietly(() => rmdirSync(join(parent, each)))
    }
    quietly(() => rmdirSync(parent))
  }
}

function words(file: string): string[] {
  return readFileSync(file, 'latin1')
    .split(/\s+/)
    .filter((word) => word !== '')
}

function missing(why: string): FoundGroups {
  return { found: false, why }
}

/** Why quietly: what cannot be ended or removed now is so at the next start. */
function quietly(attempt: () => void): void {
  try {
    attempt()
  } catch {
    // The processes in it are still ending.
  }
}
