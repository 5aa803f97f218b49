// SPDX-License-Identifier: Apache-2.0
/**
 * An agent process for tests: starts a plugin that loops for ever once it is loaded, prints the numbers of the processes in its
 * sandbox with the targets of their open descriptors, then starts one sandbox after the other until it is killed.
 */
import { readdirSync, readlinkSync } from 'node:fs'
import { findSandbox } from '../../../src/plugins/sandbox/bubblewrap.ts'
import { PROCESS_LIMITS } from '../../../src/plugins/sandbox/limits.ts'
import { startPluginProcess } from '../../../src/plugins/sandbox/plugin-process.ts'
import { descendantsOf } from '../../../src/plugins/sandbox/process-tree.ts'

const manifest = { name: 'trial', version: '1.0.0', summary: 'a trial', jobs: {} }
const text = `setTimeout(() => { for (;;) {} }, 50)
export const plugin = { name: 'trial', summary: 'a trial', jobs: {} }`
const sandbox = await findSandbox()
const started = await startPluginProcess({ text, manifest }, { sandbox, limits: PROCESS_LIMITS })
const pids = [started.pid!, ...descendantsOf(started.pid!)]
const node = pids.at(-1)!
const targets = readdirSync(`/proc/${node}/fd`).map((descriptor) =>
  readlinkSync(`/proc/${node}/fd/${descriptor}`),
)
process.stdout.write(`${JSON.stringify({ pids, targets })}\n`)
// From now on it starts sandboxes, one after the other, that are known by the size of their heap.
const limits = { ...PROCESS_LIMITS, memoryBytes: 2 * 79 * 1_048_576 }
for (;;) {
  const next = await startPluginProcess({ text, manifest }, { sandbox, limits })
  next.end('ERR_PLUGIN_STOPPED', 'the trial is over')
  await next.ended
}
