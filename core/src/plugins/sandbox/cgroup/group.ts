// SPDX-License-Identifier: Apache-2.0
/** The control group of one plugin's process: bounds that the kernel keeps, and an end that nothing in it escapes. */
import { mkdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { CodedError } from '@sallyport/sdk'

/** Processes and threads of a sandbox: bubblewrap twice, and Node with about a dozen threads. */
const MAX_TASKS = 64

/** One processor: microseconds in each period of as many. */
const CPU_MAX = '100000 100000'

const REMOVE_TRY_MS = 50
const MAX_REMOVE_TRIES = 40

/** What bounds a group. */
export interface GroupLimits {
  readonly memoryBytes: number
}

/** A group that stands. Nothing of it throws but `add`. */
export interface ControlGroup {
  /** Puts a process into it; what the process starts later is born in it. Throws: ERR_SANDBOX_UNAVAILABLE. */
  add(pid: number): void
  /** Ends everything in it at once. */
  kill(): void
  /** Whether the kernel has ended something in it for want of memory. */
  hasRunOutOfMemory(): boolean
  /** Removes it once it is empty. */
  remove(): Promise<void>
}

/**
 * Makes a group in this folder, which must not exist.
 *
 * Source: Linux, `Documentation/admin-guide/cgroup-v2.rst`: memory.max, memory.swap.max, memory.oom.group, pids.max,
 * cpu.max, cgroup.kill.
 * Throws: ERR_SANDBOX_UNAVAILABLE: where groups can be made, no plugin runs without one.
 */
export function makeGroup(
  folder: string,
  setting: { readonly controllers: readonly string[]; readonly limits: GroupLimits },
): ControlGroup {
  const write = (file: string, value: string): void => writeFileSync(join(folder, file), value)
  orUnavailable(() => {
    mkdirSync(folder)
    for (const [file, value] of bounds(setting)) write(file, value)
  })
  // Not on every kernel, and of no weight beside memory.max: no swap, and all of it ends together.
  if (setting.controllers.includes('memory')) {
    quietly(() => write('memory.swap.max', '0'))
    quietly(() => write('memory.oom.group', '1'))
  }
  return {
    add: (pid) => orUnavailable(() => write('cgroup.procs', String(pid))),
    kill: () => void quietly(() => write('cgroup.kill', '1')),
    hasRunOutOfMemory: () =>
      quietly(() => /^oom_kill [1-9]/m.test(readFileSync(join(folder, 'memory.events'), 'latin1'))),
    remove: () => removeWhenEmpty(folder),
  }
}

function bounds({
  controllers,
  limits,
}: {
  readonly controllers: readonly string[]
  readonly limits: GroupLimits
}): [string, string][] {
  const all: Record<string, [string, string][]> = {
    memory: [['memory.max', String(limits.memoryBytes)]],
    pids: [['pids.max', String(MAX_TASKS)]],
    cpu: [['cpu.max', CPU_MAX]],
  }
  return controllers.flatMap((name) => all[name] ?? [])
}

async function removeWhenEmpty(folder: string): Promise<void> {
  for (let tries = 0; tries < MAX_REMOVE_TRIES; tries += 1) {
    if (quietly(() => (rmdirSync(folder), true))) return
    await new Promise((done) => setTimeout(done, REMOVE_TRY_MS).unref())
  }
}

function orUnavailable(attempt: () => void): void {
  try {
    attempt()
  } catch (error) {
    const message = `a plugin cannot be put into a control group of its own (${(error as { code?: string }).code})`
    throw new CodedError('ERR_SANDBOX_UNAVAILABLE', message, { cause: error })
  }
}

/** Why: the end of a process must not fail because its group is already gone. */
function quietly(attempt: () => boolean | void): boolean {
  try {
    return attempt() !== false
  } catch {
    return false
  }
}
