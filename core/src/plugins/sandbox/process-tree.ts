// SPDX-License-Identifier: Apache-2.0
/** A process and all below it, as the kernel lists them under /proc. */
import type { ChildProcess } from 'node:child_process'
import { readFileSync, readdirSync } from 'node:fs'

const KILL_FALLBACK_MS = 300

/** Time between looks at whether a process has stopped, and how many there are. */
const STOP_MS = 2
const MAX_STOPS = 100

/** Processes directly below, in the order they were started; none when the process is gone. */
export function childrenOf(pid: number): number[] {
  return quietly(() => readdirSync(`/proc/${pid}/task`), []).flatMap((thread) =>
    quietly(() => readFileSync(`/proc/${pid}/task/${thread}/children`, 'latin1'), '')
      .split(' ')
      .filter((text) => text !== '')
      .map(Number),
  )
}

/** All processes below, parents before children. */
export function descendantsOf(pid: number): number[] {
  return childrenOf(pid).flatMap((child) => [child, ...descendantsOf(child)])
}

/** One field of `/proc/<pid>/status`; undefined when the process is gone. */
export function statusField(pid: number, field: string): string | undefined {
  const status = quietly(() => readFileSync(`/proc/${pid}/status`, 'latin1'), '')
  return new RegExp(`^${field}:\\s*(.*)$`, 'm').exec(status)?.[1]
}

/** Resident and swapped memory of one process. */
export function memoryOf(pid: number): number {
  const status = quietly(() => readFileSync(`/proc/${pid}/status`, 'latin1'), '')
  const kibibytes = [...status.matchAll(/^(?:VmRSS|VmSwap):\s*([0-9]+) kB$/gm)]
  return kibibytes.reduce((sum, line) => sum + Number(line[1]) * 1_024, 0)
}

/**
 * Ends a bubblewrap process and everything in its sandbox, detached grandchildren included.
 *
 * Why: the kernel ends a process namespace with its first process, and bubblewrap then ends by itself as the last one,
 * so its exit says that all are gone. Bubblewrap itself is ended only when that does not happen, and never while it
 * might still start something: a first process that it has left behind half made would wait for it for ever.
 */
export function killSandbox(bubblewrap: ChildProcess): void {
  const { pid } = bubblewrap
  if (pid === undefined) return
  let timer: NodeJS.Timeout
  const finish = (triesLeft: number): void => {
    bubblewrap.kill('SIGSTOP')
    const isStill = statusField(pid, 'State')?.startsWith('T') !== false
    if (!isStill && triesLeft > 0) {
      timer = setTimeout(() => finish(triesLeft - 1), STOP_MS)
      return
    }
    killChildren(pid)
    bubblewrap.kill('SIGKILL')
  }
  timer = setTimeout(() => finish(MAX_STOPS), killChildren(pid) > 0 ? KILL_FALLBACK_MS : 0)
  bubblewrap.once('exit', () => clearTimeout(timer))
}

/** Returns how many there were. */
function killChildren(pid: number): number {
  const children = childrenOf(pid)
  for (const child of children) quietly(() => process.kill(child, 'SIGKILL'), false)
  return children.length
}

function quietly<T>(look: () => T, otherwise: T): T {
  try {
    return look()
  } catch {
    return otherwise
  }
}
