// SPDX-License-Identifier: Apache-2.0
/** This agent has not put the bundle aside. */
import { instantOf } from '../protocol/index.ts'
import { ask, pass, refuse, type Checked } from './checked.ts'
import type { QuarantineStore } from './ports.ts'

/** Checks that a bundle is not in quarantine. */
export function checkQuarantine(
  plugin: { readonly name: string; readonly digest: string },
  store: QuarantineStore,
): Checked<true> {
  const found = ask(() => store.find(plugin.digest))
  if (!found.ok) return found
  if (found.value === undefined) return pass(true)
  const { reason, sinceMs } = found.value
  return refuse('quarantined', { plugin: plugin.name, why: reason, since: instantOf(sinceMs) })
}
