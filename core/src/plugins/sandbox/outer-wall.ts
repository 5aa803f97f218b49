// SPDX-License-Identifier: Apache-2.0
/** Evidence, gathered by the agent from outside, that the first wall stands around a process. */
import { readFileSync, readdirSync, readlinkSync } from 'node:fs'
import { NODE_INSIDE, NOBODY, type Sandbox } from './bubblewrap.ts'
import { childrenOf, statusField } from './process-tree.ts'

const NAMESPACES = ['user', 'pid', 'net', 'mnt', 'ipc', 'uts'] as const

/** Mount point that may be written to: writing to it keeps nothing. */
const WRITABLE = '/dev/null'

/** The processes of a started sandbox, outside numbers. */
export interface SandboxProcesses {
  /** The first process of the new process namespace; when it dies the kernel ends all others. */
  readonly init: number
  /** Node. */
  readonly node: number
}

/** Finds the two processes below bubblewrap; undefined while they do not both exist. */
export function findProcesses(bubblewrapPid: number): SandboxProcesses | undefined {
  const init = childrenOf(bubblewrapPid)[0]
  const node = init === undefined ? undefined : childrenOf(init)[0]
  return init === undefined || node === undefined ? undefined : { init, node }
}

/** What `Seccomp` says in the status of a process behind a filter. Source: proc_pid_status(5). */
const FILTERED = '2'

/**
 * What is missing of the first wall and the filter around Node; empty when they stand.
 *
 * Trust: the kernel's word about the processes, not their own.
 */
export function outerWallFaults({ init, node }: SandboxProcesses, sandbox: Sandbox): string[] {
  try {
    return [
      ...namespaceFaults(node),
      ...privilegeFaults(node, sandbox),
      ...fileSystemFaults(node, sandbox),
      ...(sandbox.filter === undefined ? [] : filterFaults(init, node)),
    ]
  } catch {
    return ['the process cannot be looked at']
  }
}

function namespaceFaults(pid: number): string[] {
  const shared = NAMESPACES.filter(
    (name) => readlinkSync(`/proc/${pid}/ns/${name}`) === readlinkSync(`/proc/self/ns/${name}`),
  )
  return shared.map((name) => `it shares the ${name} namespace of the host`)
}

function privilegeFaults(pid: number, sandbox: Sandbox): string[] {
  const faults = ['CapPrm', 'CapEff', 'CapBnd', 'CapAmb']
    .filter((name) => !/^0+$/.test(statusField(pid, name) ?? ''))
    .map((name) => `it has capabilities (${name})`)
  if (statusField(pid, 'NoNewPrivs') !== '1') faults.push('it may gain privileges')
  const owner = sandbox.startsAsNobody ? NOBODY : process.getuid!()
  if (statusField(pid, 'Uid')?.split('\t')[0] !== String(owner))
    faults.push('it runs as another user')
  if (sessionOf(pid) === sessionOf('self')) faults.push('it shares the session of the agent')
  return faults
}

/** Source: proc_pid_stat(5): the sixth field; the second is a name in brackets that may hold anything. */
function sessionOf(pid: number | 'self'): string {
  const stat = readFileSync(`/proc/${pid}/stat`, 'latin1')
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[3]!
}

/** Why the first process too: it takes the filter right after it has bound its life to bubblewrap's. */
function filterFaults(init: number, node: number): string[] {
  const isBare = [init, node].some((pid) => statusField(pid, 'Seccomp') !== FILTERED)
  return isBare ? ['its system calls are not filtered'] : []
}

function fileSystemFaults(pid: number, sandbox: Sandbox): string[] {
  const expected = new Set(
    [NODE_INSIDE, ...sandbox.libraries, '/proc', '/dev'].map((path) => path.split('/')[1]!),
  )
  const seen = readdirSync(`/proc/${pid}/root`).filter((name) => !expected.has(name))
  const faults = seen.map((name) => `it sees /${name}`)
  for (const line of readFileSync(`/proc/${pid}/mountinfo`, 'utf8').split('\n')) {
    // Source: proc_pid_mountinfo(5): the fifth field is the mount point, the sixth its options.
    const [, , , , point, options] = line.split(' ')
    if (point === undefined || point === WRITABLE) continue
    if (!options!.split(',').includes('ro')) faults.push(`it may write to ${point}`)
  }
  return faults
}
