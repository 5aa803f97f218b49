// SPDX-License-Identifier: Apache-2.0
/** What the limits of this process did, as numbers for the metrics: no address, no key and no site is in them. */
import type { Step } from './ladder.ts'

/** One count. */
export interface LimitCount {
  readonly what: Step | 'rate' | 'blocked' | 'quarantine' | 'connection' | 'bytes'
  readonly of: 'key' | 'source'
  readonly count: number
}

/** Counts since the start. */
export class LimitCounts {
  readonly #counts = new Map<string, LimitCount>()

  /** Counts one. */
  add(what: LimitCount['what'], of: LimitCount['of']): void {
    const name = `${what} ${of}`
    const count = (this.#counts.get(name)?.count ?? 0) + 1
    this.#counts.set(name, { what, of, count })
  }

  /** All counts that are not zero. */
  list(): LimitCount[] {
    return [...this.#counts.values()]
  }
}
