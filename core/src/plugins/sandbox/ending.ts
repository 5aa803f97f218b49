// SPDX-License-Identifier: Apache-2.0
/** Why a plugin's process ended, from what is left of it. */

/** Exit code of the program in the child when a wall is missing. */
export const EXIT_WALL_MISSING = 97

/** Why a process ended. */
export interface Ending {
  readonly code: string
  readonly message: string
}

/** What is left of a process that ended by itself. */
export interface Remains {
  readonly code: number | null
  readonly signal: string | null
  readonly stderr: string
  /** Whether the kernel has ended something in its control group for want of memory. */
  readonly isOutOfMemory: boolean
}

/** How far a process came: before its program stood, before its plugin was loaded, or ready for runs. */
export type Phase = 'starting' | 'loading' | 'ready'

/**
 * Says why a process that nobody ended is gone.
 *
 * Trust: standard error is the plugin's word; it only ever chooses between the kinds of bad end. What ends before the
 * program in it stands has not seen a byte of the plugin, so the host is at fault.
 */
export function crashEnding(remains: Remains, phase: Phase): Ending {
  const { code, stderr } = remains
  const how = remains.signal === null ? `with exit code ${code}` : `by ${remains.signal}`
  if (phase === 'starting') {
    const what = code === EXIT_WALL_MISSING ? 'a wall does not stand' : `the sandbox ended ${how}`
    const message = `${what}: ${firstLine(stderr)}`
    return { code: 'ERR_SANDBOX_UNAVAILABLE', message }
  }
  if (remains.isOutOfMemory || stderr.includes('heap out of memory')) {
    return { code: 'ERR_PLUGIN_MEMORY', message: 'the plugin used more memory than it may' }
  }
  const why = /^(?:\w*Error|Uncaught)\b.{0,300}/m.exec(stderr)?.[0]
  const message = `the process of the plugin ended ${how}${why === undefined ? '' : `: ${why}`}`
  return { code: phase === 'ready' ? 'ERR_PLUGIN_CRASHED' : 'ERR_PLUGIN_START', message }
}

function firstLine(text: string): string {
  return text.split('\n', 1)[0]!.slice(0, 300)
}
