// SPDX-License-Identifier: GPL-3.0-or-later
/** What all changes of users, groups, roles and access control lists have in common. */
import { dies } from '../contract.ts'
import type { Call } from '../contract.ts'
import { isQuorate } from '../quorum.ts'

const FILE = "'file-user_cfg'"

/** Changes the one file that holds them all: not without quorum, and an error says which change it was. */
export function changeAccess(call: Call, what: string, change: () => void): null {
  if (!isQuorate(call.world)) throw dies(`${what} failed: cfs-lock ${FILE} error: no quorum!`)
  change()
  return null
}

/** The plain error of a change, as the lock words it. */
export function refusedChange(what: string, why: string): Error {
  return dies(`${what} failed: error during cfs-locked ${FILE} operation: ${why}`)
}
