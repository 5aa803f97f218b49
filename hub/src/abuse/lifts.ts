// SPDX-License-Identifier: Apache-2.0
/** Lets a key in again, at every hub of the store: what each counted of it by itself is forgotten too. */
import type { WakeUps } from '../queue/wake-ups.ts'
import type { Guard } from './guard.ts'
import type { Quarantines } from './quarantines.ts'

/** What hubs tell each other, before the id of the key. */
const LIFTED = 'lifted '

/** What lifting a key takes. */
export interface LiftsParts {
  readonly quarantines: Pick<Quarantines, 'lift'>
  readonly guard: Pick<Guard, 'forgive'>
  readonly wakeUps: Pick<WakeUps, 'tell' | 'onHeard'>
}

/** Lifts keys here, and forgets what was counted of those that another hub lifted. */
export class Lifts {
  readonly #parts: LiftsParts

  constructor(parts: LiftsParts) {
    this.#parts = parts
    parts.wakeUps.onHeard((subject) => {
      if (subject.startsWith(LIFTED)) this.#forget(subject.slice(LIFTED.length))
    })
  }

  /** Returns whether the key was out. */
  async lift(siteId: string, keyId: string): Promise<boolean> {
    const { quarantines, guard, wakeUps } = this.#parts
    if (!(await quarantines.lift(siteId, keyId))) return false
    await guard.forgive(keyId)
    wakeUps.tell(`${LIFTED}${keyId}`)
    return true
  }

  /** Why no word of a failure: what is counted ends by itself. */
  #forget(keyId: string): void {
    void this.#parts.guard.forgive(keyId).catch(() => undefined)
  }
}
