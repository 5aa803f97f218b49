// SPDX-License-Identifier: Apache-2.0
/** Makes room for a new identity: what an earlier one left is kept in a folder beside it, and used by nobody. */
import { mkdirSync, readdirSync, renameSync } from 'node:fs'
import { join } from 'node:path'

/** What stays: the lock of the folder that is held, and what was set aside before. */
const STAYS = /^(lock\.db.*|before-[0-9]+)$/
/** Goes first, so that what is left after a crash is no agent. */
const AGENT_FILE = 'agent.json'
const PRIVATE_MODE = 0o700

/** Moves everything of a state directory into `before-1`, or the next number that is free; says where, if there was anything. */
export function setAside(stateDir: string): string | undefined {
  const names = readdirSync(stateDir)
  const moved = names.filter((name) => !STAYS.test(name))
  if (moved.length === 0) return undefined
  const numbers = names.map((name) => Number(/^before-([0-9]+)$/.exec(name)?.[1] ?? 0))
  const folder = join(stateDir, `before-${Math.max(...numbers) + 1}`)
  mkdirSync(folder, { mode: PRIVATE_MODE })
  const agentFirst = moved.toSorted((a, b) => Number(b === AGENT_FILE) - Number(a === AGENT_FILE))
  for (const name of agentFirst) renameSync(join(stateDir, name), join(folder, name))
  return folder
}
