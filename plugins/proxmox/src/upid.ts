// SPDX-License-Identifier: GPL-3.0-or-later
/** Names of tasks (UPIDs), and how a task ended. Source: pve-common, "PVE::UPID" and "PVE::Tools". */
import { pveFailed } from './errors.ts'
import { lineOf } from './values.ts'

/** The name of a task, read. */
export interface Upid {
  readonly text: string
  readonly node: string
  readonly pid: number
  /** When its process started, in ticks since the node did. */
  readonly pstart: number
  /** Units: seconds since 1970. */
  readonly startTime: number
  /** `qmstart`, `vzdump` and so on. */
  readonly type: string
  /** What it is about, mostly the number of a guest; may be empty. */
  readonly id: string
  readonly user: string
}

const UPID =
  /^UPID:([a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?):([0-9A-Fa-f]{8}):([0-9A-Fa-f]{8,9}):([0-9A-Fa-f]{8}):([^:\s/]+):([^:\s/]*):([^:\s/]+):$/
const MAX_LENGTH = 256

/**
 * Reads the name of a task.
 *
 * Throws: ERR_PVE_UPID when it is none.
 */
export function parseUpid(given: unknown): Upid {
  const isShort = typeof given === 'string' && given.length <= MAX_LENGTH
  const [text, node, pid, pstart, startTime, type, id, user] = (isShort && UPID.exec(given)) || []
  if (text === undefined) {
    throw pveFailed('ERR_PVE_UPID', `${lineOf(given, 120)} is no name of a task`)
  }
  return {
    text,
    node: node!,
    pid: Number.parseInt(pid!, 16),
    pstart: Number.parseInt(pstart!, 16),
    startTime: Number.parseInt(startTime!, 16),
    type: type!,
    id: id!,
    user: user!,
  }
}

/** How a task ended. */
export type TaskOutcome =
  | { readonly kind: 'ok' }
  | { readonly kind: 'warnings'; readonly count: number }
  /** It stopped without saying how: its node went down, or its log is cut off. */
  | { readonly kind: 'unknown' }
  | { readonly kind: 'failed'; readonly why: string }

/** Reads the exit status of a task that stopped. */
export function outcomeOf(exitStatus: unknown): TaskOutcome {
  if (exitStatus === 'OK') return { kind: 'ok' }
  const text = typeof exitStatus === 'string' ? exitStatus : ''
  const count = /^WARNINGS: (\d{1,9})$/.exec(text)?.[1]
  if (count !== undefined) return { kind: 'warnings', count: Number(count) }
  if (text === '' || text === 'unexpected status') return { kind: 'unknown' }
  return { kind: 'failed', why: lineOf(text) }
}
