// SPDX-License-Identifier: Apache-2.0
/** A process and all below it, as the kernel lists them under /proc. */
import type { ChildProcess } from 'node:child_process'
import { readFileSync, readdirSync } from 'node:fs'

const KILL_FALLBACK_MS = 300

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
 * so its exit says that all are gone. Bubblewrap itself is ended only when that does not happen.
 */
export function killSandbox(bubblewrap: ChildProcess): void {
  const inits = bubblewrap.pid === undefined ? [] : childrenOf(bubblewrap.pid)
  for (const init of inits) quietly(() => process.kill(init, 'SIGKILL'), false)
  const fallbackMs = inits.length > 0 ? KILL_FALLBACK_MS : 0
  const fallback = setTimeout(() => bubblewrap.kill('SIGKILL'), fallbackMs)
  bubblewrap.once('exit', () => clearTimeout(fallback))
}

function quietly<T>(look: () => T, otherwise: T): T {
  try {
    return look()
  } catch {
    return otherwise
  }
}
