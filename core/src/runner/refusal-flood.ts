// SPDX-License-Identifier: Apache-2.0
/** Refusals that whoever delivers can bring about at will: each on record while they are few, counted by reason and minute when they are many. */
import type { AuditEventInput } from '../audit/index.ts'
import { instantOf } from '../protocol/index.ts'

/** Refusals of one minute that have an entry each. */
export const OWN_ENTRIES_PER_MINUTE = 240

const MINUTE_MS = 60_000

/** Decides which refusals get an entry of their own. Why: whoever can fill a mailbox could else fill the log. */
export class RefusalFlood {
  readonly #perMinute: number
  #minute = Number.NaN
  #ownCount = 0
  #reasons = new Map<string, number>()

  constructor(perMinute: number = OWN_ENTRIES_PER_MINUTE) {
    this.#perMinute = perMinute
  }

  /** Whether this one gets an entry; it is counted otherwise. Ask for what is `due` first. */
  hasOwnEntry(reason: string, nowMs: number): boolean {
    const minute = Math.floor(nowMs / MINUTE_MS)
    if (minute !== this.#minute) [this.#minute, this.#ownCount] = [minute, 0]
    if (this.#ownCount < this.#perMinute) {
      this.#ownCount += 1
      return true
    }
    this.#reasons.set(reason, (this.#reasons.get(reason) ?? 0) + 1)
    return false
  }

  /** The entry over what was counted in a minute that is over, or that `isEnd` ends. */
  due(nowMs: number, isEnd = false): AuditEventInput[] {
    const isOver = Math.floor(nowMs / MINUTE_MS) !== this.#minute
    if (this.#reasons.size === 0 || !(isOver || isEnd)) return []
    const counts = Object.fromEntries(this.#reasons)
    const since = instantOf(this.#minute * MINUTE_MS)
    return [{ event: 'job.refused-often', details: { since, counts } }]
  }

  /** What was due is on record. */
  settle(): void {
    this.#reasons = new Map()
  }
}
