// SPDX-License-Identifier: GPL-3.0-or-later
/** Changes of a guest's configuration that wait until it is started again. */
import type { SimGuest } from '../world.ts'

/** The key under which a configuration file keeps what will be taken out. */
export const PENDING_DELETE = 'delete'

/** What will be taken out of a guest's configuration when it is started again. */
export function pendingDeletes(guest: SimGuest): string[] {
  const text = String(guest.pending[PENDING_DELETE] ?? '')
  return text.split(',').filter((key) => key !== '')
}

/** Writes down what will be taken out. */
export function setPendingDeletes(guest: SimGuest, keys: Iterable<string>): void {
  const text = [...new Set(keys)].sort().join(',')
  if (text === '') delete guest.pending[PENDING_DELETE]
  else guest.pending[PENDING_DELETE] = text
}

/** The configuration as it will be after a restart. */
export function configAfterRestart(guest: SimGuest): Record<string, string | number> {
  const { [PENDING_DELETE]: _, ...changes } = guest.pending
  const config = { ...guest.config, ...changes }
  for (const key of pendingDeletes(guest)) delete config[key]
  return config
}

/** Makes what waited for a restart so. */
export function applyPending(guest: SimGuest): void {
  guest.config = configAfterRestart(guest)
  guest.pending = {}
}
