// SPDX-License-Identifier: Apache-2.0
/** Remembers which heads of the hub's log were shown to whom. Kept in memory between sweeps: only those who stay away long matter. */
import { BoundedMap } from '../sessions/bounded-map.ts'
import type { Writes } from './writes.ts'

/** Whose head, and the sizes: the one they hold, and the one they were answered, which they hold if the answer arrived. */
export interface SeenHead {
  readonly siteId: string
  readonly keyId: string
  readonly shown: number
  readonly answered: number
}

const MAX_UNWRITTEN = 100_000
const BATCH_ROWS = 200

/** Notes heads. */
export class SeenHeads {
  readonly #writes: Writes
  #unwritten = new BoundedMap<string, SeenHead>(MAX_UNWRITTEN)

  constructor(writes: Writes) {
    this.#writes = writes
  }

  /** Notes that somebody was shown a head. */
  note(head: SeenHead): void {
    this.#unwritten.set(`${head.siteId} ${head.keyId}`, head)
  }

  /** Writes what was noted. */
  async write(): Promise<void> {
    const heads = [...this.#unwritten.values()]
    this.#unwritten = new BoundedMap(MAX_UNWRITTEN)
    for (let at = 0; at < heads.length; at += BATCH_ROWS) {
      const rows = heads.slice(at, at + BATCH_ROWS).map(({ siteId, keyId, shown, answered }) => ({
        site_id: siteId,
        key_id: keyId,
        shown,
        answered,
      }))
      await this.#writes.run((db) =>
        db
          .insertInto('seen_heads')
          .values(rows)
          .onConflict((conflict) =>
            conflict.columns(['site_id', 'key_id']).doUpdateSet(({ ref }) => ({
              shown: ref('excluded.shown'),
              answered: ref('excluded.answered'),
            })),
          )
          .execute(),
      )
    }
  }
}
