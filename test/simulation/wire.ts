// SPDX-License-Identifier: Apache-2.0
/** The simulated network between the hub and everybody else: late, lost, repeated, and therefore in any order. */
import { CodedError } from '@sallyport/sdk'
import type { Troubles } from './luck.ts'
import { note } from './note.ts'
import type { Chance } from './random.ts'
import type { Life, Timeline } from './timeline.ts'
import type { Trace } from './trace.ts'

/** Time until whoever asked gives up on an answer. Units: milliseconds. */
const PATIENCE_MS = 3_000

/** What the network is made of. */
export interface WireWorld {
  readonly chance: Chance
  readonly timeline: Timeline
  readonly trace: Trace
  troubles: Troubles
}

/** Requests to the hub. */
export class Wire {
  /** Whether the hub takes requests. */
  isHubUp = true
  readonly #world: WireWorld

  constructor(world: WireWorld) {
    this.#world = world
  }

  /** Asks the hub; `serve` is what it does, once or twice. Throws: ERR_HUB_UNREACHABLE, what `serve` throws. */
  call<T>(what: string, serve: () => T | Promise<T>, life: Life): Promise<T> {
    const { timeline, chance, troubles } = this.#world
    const isLost = chance.happens(troubles.messageLost)
    const isTwice = chance.happens(troubles.messageTwice)
    const isAnswerLost = chance.happens(troubles.messageLost)
    return new Promise((resolve, reject) => {
      const giveUp = (): void => {
        timeline.after(PATIENCE_MS, () => reject(unreachable()), life)
      }
      const deliver = async (): Promise<void> => {
        if (!this.isHubUp || isLost) {
          note(this.#world, life.name, `${what}: ${isLost ? 'lost' : 'the hub is away'}`)
          return giveUp()
        }
        // Why not awaited: a held request must not hold the world.
        void this.#serve(serve).then((outcome) => {
          if (isAnswerLost) {
            note(this.#world, life.name, `${what}: the answer is lost`)
            return giveUp()
          }
          timeline.after(
            this.#delay(),
            () => ('error' in outcome ? reject(outcome.error) : resolve(outcome.value)),
            life,
          )
        })
      }
      timeline.after(this.#delay(), deliver)
      if (isTwice)
        timeline.after(this.#delay() * 3, () => void (this.isHubUp && this.#serve(serve)))
    })
  }

  async #serve<T>(serve: () => T | Promise<T>): Promise<{ value: T } | { error: Error }> {
    try {
      return { value: await serve() }
    } catch (error) {
      return { error: error as Error }
    }
  }

  #delay(): number {
    const { chance, troubles } = this.#world
    const isSlow = chance.happens(troubles.messageSlow)
    return isSlow ? chance.between(200, 8_000) : chance.between(1, 40)
  }
}

/** What a client says of a hub that does not answer. */
export function unreachable(): CodedError {
  return new CodedError('ERR_HUB_UNREACHABLE', 'the hub does not answer')
}
