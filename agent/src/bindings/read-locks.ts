// SPDX-License-Identifier: Apache-2.0
/** The locks on bindings in a state directory, for reading while the agent may be running. */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { BindingLockRow } from '@sallyport/core/runner'
import { openSqliteAgentStore } from '@sallyport/core/stores'
import { systemClock } from '@sallyport/core/wiring'
import { DATABASE } from '../record.ts'

/** All rows, also of bindings that were bound anew since; none where there is no database. Throws: ERR_STORE_…. */
export function readLocks(stateDir: string): BindingLockRow[] {
  const path = join(stateDir, DATABASE)
  if (!existsSync(path)) return []
  using store = openSqliteAgentStore(path, { clock: systemClock, mode: 'readOnly' })
  return store.bindingLocks.list()
}
