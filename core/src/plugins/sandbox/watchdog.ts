// SPDX-License-Identifier: Apache-2.0
/** Looks at a plugin's process tree again and again: how much memory, how many processes. */
import { writeFileSync } from 'node:fs'
import type { Ending } from './ending.ts'
import type { ProcessLimits } from './limits.ts'
import { descendantsOf, memoryOf } from './process-tree.ts'

/** The first process of the namespace and Node. */
const PROCESS_COUNT = 2

/** Source: proc_pid_oom_score_adj(5): the highest value. */
const OOM_FIRST = '1000'

/**
 * Calls `onFault` once when the tree below bubblewrap holds more memory than it may, or more processes than Node alone.
 * Returns what ends the watch.
 *
 * Why: V8's own limit covers objects only, not buffers; the second wall starts no process, so another one is a breach.
 */
export function watchTree(
  bubblewrapPid: number,
  limits: ProcessLimits,
  onFault: (ending: Ending) => void,
): () => void {
  const timer = setInterval(() => {
    const fault = treeFault(bubblewrapPid, limits.memoryBytes)
    if (fault === undefined) return
    clearInterval(timer)
    onFault(fault)
  }, limits.watchMs)
  timer.unref()
  return () => clearInterval(timer)
}

/** Makes the process the kernel's first choice when the host itself runs out of memory between two looks. */
export function preferForOom(pid: number): void {
  try {
    writeFileSync(`/proc/${pid}/oom_score_adj`, OOM_FIRST)
  } catch {
    // The kernel then chooses as it always does.
  }
}

function treeFault(bubblewrapPid: number, memoryBytes: number): Ending | undefined {
  const pids = descendantsOf(bubblewrapPid)
  if (pids.length > PROCESS_COUNT) {
    return { code: 'ERR_PLUGIN_ABUSE', message: 'the plugin started a process of its own' }
  }
  const used = pids.reduce((sum, pid) => sum + memoryOf(pid), 0)
  if (used <= memoryBytes) return undefined
  const message = `the plugin used ${used} bytes of memory, more than ${memoryBytes}`
  return { code: 'ERR_PLUGIN_MEMORY', message }
}
