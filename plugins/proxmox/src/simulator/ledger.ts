// SPDX-License-Identifier: GPL-3.0-or-later
/** What was asked and done, for tests, and those who look on. */
import type { Exchange, LedgerEntry } from './contract.ts'

/** How many entries are kept at most; the oldest go first, many at once. */
export const MAX_ENTRIES = 20_000

/** Entries and lookers-on. */
export interface Ledger {
  readonly entries: readonly LedgerEntry[]
  write(exchange: Exchange): void
  observe(listener: (exchange: Exchange) => void): void
}

/** Starts with an empty ledger. */
export function openLedger(maxEntries = MAX_ENTRIES): Ledger {
  const entries: LedgerEntry[] = []
  const listeners: ((exchange: Exchange) => void)[] = []
  return {
    entries,
    write: (exchange) => {
      const { sent: _sent, data: _data, errors: _errors, ...entry } = exchange
      if (entries.length >= maxEntries) entries.splice(0, Math.ceil(maxEntries / 10))
      entries.push(entry)
      for (const listener of listeners) listener(exchange)
    },
    observe: (listener) => void listeners.push(listener),
  }
}
