// SPDX-License-Identifier: Apache-2.0
/** Tries out whether this host lets plugins be put into control groups, and whether the end of a group ends all in it. */
import { findSandbox, spawnInSandbox } from '../bubblewrap.ts'
import { PROCESS_LIMITS } from '../limits.ts'
import { nodeArguments } from '../node-flags.ts'
import { descendantsOf, killSandbox, statusField } from '../process-tree.ts'
import { findControlGroups, type ControlGroups } from './find-groups.ts'

/** What was found: a group that ends what is in it, none, or one that does not hold. */
export interface GroupReport {
  readonly state: 'stands' | 'absent' | 'fallen'
  readonly detail: string
}

const KILL_MS = 2_000
const LOOK_MS = 5

/** What goes into the group: Node behind the first wall, with a detached process beside it that hears no signal. */
const FAMILY = `import { spawn } from 'node:child_process'
const idle = 'process.on("SIGTERM", () => {}); setInterval(() => {}, 1e6)'
spawn('/node', ['-e', idle], { detached: true, stdio: 'ignore' }).once('spawn', () => process.send('ready'))
setInterval(() => {}, 1e6)`

/** Makes a group, starts processes in it, ends it, and looks whether they are gone. Never throws. */
export async function probeControlGroup(found = findControlGroups()): Promise<GroupReport> {
  if (!found.found) return { state: 'absent', detail: found.why }
  try {
    const tookMs = await killFamily(found.groups)
    if (tookMs === undefined) {
      return { state: 'fallen', detail: `its processes live ${KILL_MS} ms after it was ended` }
    }
    const bounded = found.groups.controllers.join(', ')
    return { state: 'stands', detail: `${bounded}; all in it ended in ${Math.ceil(tookMs)} ms` }
  } catch (error) {
    return { state: 'fallen', detail: String((error as { message?: unknown }).message) }
  } finally {
    found.groups.close()
  }
}

/** Milliseconds until all were gone; undefined when they stayed. */
async function killFamily(groups: ControlGroups): Promise<number | undefined> {
  const { memoryBytes } = PROCESS_LIMITS
  const group = groups.make({ memoryBytes })
  const bare = { ...(await findSandbox()), filter: undefined }
  const child = spawnInSandbox(bare, nodeArguments([], memoryBytes), { group })
  try {
    child.stdin!.on('error', () => undefined).end(FAMILY)
    await new Promise((resolve, reject) => {
      child.once('message', resolve)
      child.once('error', reject)
      child.once('exit', () => reject(new Error('the sandbox ended by itself')))
    })
    const pids = [child.pid!, ...descendantsOf(child.pid!)]
    const startedMs = performance.now()
    group.kill()
    while (pids.some(lives)) {
      if (performance.now() - startedMs > KILL_MS) return undefined
      await new Promise((done) => setTimeout(done, LOOK_MS))
    }
    return performance.now() - startedMs
  } finally {
    killSandbox(child)
    await group.remove()
  }
}

function lives(pid: number): boolean {
  return statusField(pid, 'State')?.startsWith('Z') === false
}
