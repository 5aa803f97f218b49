// SPDX-License-Identifier: GPL-3.0-or-later
/** Finds the task that a request has started whose answer was lost. Only ever looks. */
import { setTimeout as delay } from 'node:timers/promises'
import { isCodedError } from '@sallyport/sdk'
import type { Pve } from './pve.ts'
import { LIST_LIMIT } from './task-routes.ts'
import { parseUpid } from './upid.ts'
import type { Upid } from './upid.ts'
import { rowsOf } from './values.ts'

/** What a request was to start. */
export interface WantedTask {
  readonly node: string
  /** The types it may have: `qmstart`, or `hastart` where the HA manager does it. */
  readonly types: readonly string[]
  /** What it is about, the number of a guest as a rule; empty for a node. */
  readonly id: string
}

/** Whether a task is of the wanted kind. */
export function isWanted(upid: Upid, wanted: WantedTask): boolean {
  const { node, types, id } = wanted
  return upid.node === node && types.includes(upid.type) && upid.id === id
}

/** The tasks of the wanted kind that the node knows now, oldest first. */
export async function listTasks(pve: Pve, wanted: WantedTask): Promise<Upid[]> {
  const vmid = /^[1-9][0-9]{2,8}$/.test(wanted.id) ? { vmid: Number(wanted.id) } : {}
  const query = { ...vmid, source: 'all' as const, limit: LIST_LIMIT }
  const rows = rowsOf(await pve.nodes.$(wanted.node).tasks.$get(query))
  return rows
    .flatMap(({ upid }) => readable(upid))
    .filter((upid) => isWanted(upid, wanted))
    .toSorted((a, b) => a.startTime - b.startTime)
}

/** Why a row that is no task is left out: other tasks than the wanted one are no concern of this job. */
function readable(given: unknown): Upid[] {
  try {
    return [parseUpid(given)]
  } catch {
    return []
  }
}

/** What a search found: the task, none although the node was asked, or nothing because it could not be asked. */
export type FoundTask =
  | { readonly found: 'task'; readonly upid: Upid }
  | { readonly found: 'none' }
  | { readonly found: 'unseen'; readonly cause: unknown }

/**
 * Looks for a task of the wanted kind that was not there before, several times, for a request may still be on its way.
 *
 * Why by what was there before and not by time: the clock of the node is not the clock of this host.
 */
export async function findNewTask(
  pve: Pve,
  wanted: WantedTask & { readonly seen: readonly string[] },
  search: { readonly waitsMs: readonly number[]; readonly signal: AbortSignal },
): Promise<FoundTask> {
  let last: FoundTask = { found: 'none' }
  for (const waitMs of search.waitsMs) {
    await delay(waitMs, undefined, { signal: search.signal })
    try {
      const upid = (await listTasks(pve, wanted)).find(({ text }) => !wanted.seen.includes(text))
      if (upid !== undefined) return { found: 'task', upid }
      last = { found: 'none' }
    } catch (cause) {
      if (!isCodedError(cause)) throw cause
      last = { found: 'unseen', cause }
    }
  }
  return last
}
