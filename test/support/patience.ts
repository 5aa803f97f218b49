// SPDX-License-Identifier: Apache-2.0
/** How much longer things may take here and now than on a quiet machine. */
import { readFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'

/** Why: one machine is slower than another by as much, and than itself an hour before. */
const SLOWER = 3

/** A bound that is meant for a quiet machine, wider here, and the more so the more work waits for a core. Units: milliseconds. */
export function patient(quietMs: number): number {
  return quietMs * SLOWER * Math.max(1, waitingWork() / availableParallelism())
}

/** The mean of the last minute, or what wants a core in this moment if it is more. */
function waitingWork(): number {
  // Like `0.42 0.36 0.29 3/711 8842`.
  const [minute = '', , , now = ''] = readFileSync('/proc/loadavg', 'utf8').split(' ')
  return Math.max(Number.parseFloat(minute), Number.parseInt(now, 10))
}
