// SPDX-License-Identifier: Apache-2.0
/**
 * Where suites write: in memory, where there is room. What they write has to outlive programs and not the machine, and
 * four suites that all wait for one disk take much longer than one.
 */
import { existsSync, mkdirSync, readdirSync, rmSync, statfsSync } from 'node:fs'
import { join } from 'node:path'

const MEMORY = '/dev/shm'
const PREFIX = 'sallyport-tests-'
/** A run of everything took 1.7 GB when it still kept all databases that it made. */
const ROOM_BYTES = 2 * 1_024 ** 3

/** Gives this run, and whatever it starts, a folder of its own for as long as it lasts. */
export function makeScratch() {
  if (process.env['TMPDIR'] !== undefined || !hasRoom()) return
  removeAbandoned()
  const folder = join(MEMORY, `${PREFIX}${process.pid}`)
  // Why not for one person alone: PostgreSQL does not run as root.
  mkdirSync(folder, { mode: 0o711 })
  process.env['TMPDIR'] = folder
  process.on('exit', () => rmSync(folder, { recursive: true, force: true }))
}

function hasRoom() {
  if (!existsSync(MEMORY)) return false
  const { bavail, bsize } = statfsSync(MEMORY)
  return bavail * bsize >= ROOM_BYTES
}

/** What runs left that were killed. */
function removeAbandoned() {
  for (const name of readdirSync(MEMORY)) {
    const pid = name.startsWith(PREFIX) ? name.slice(PREFIX.length) : ''
    if (/^\d+$/.test(pid) && !existsSync(`/proc/${pid}`))
      rmSync(join(MEMORY, name), { recursive: true, force: true })
  }
}
