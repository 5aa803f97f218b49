// SPDX-License-Identifier: Apache-2.0
/** What happens to each exchange on a line: the n-th draw of a line depends on the seed and the line alone. */
import { Chance } from '../simulation/random.ts'

/** What happens to one exchange. Units: milliseconds. */
export interface ExchangeLuck {
  /**
   * `lose-request`: cut before a byte reaches the hub. `lose-answer`: cut when the first byte of the answer comes.
   * `cut-answer`: cut in the middle of it. `repeat`: the request reaches a hub once more, and nobody hears that answer.
   */
  readonly fault: 'none' | 'lose-request' | 'lose-answer' | 'cut-answer' | 'repeat'
  readonly requestDelayMs: number
  readonly answerDelayMs: number
  /** Which of the hubs, from 0 up to, not including, 1. */
  readonly hub: number
}

/** Nothing happens. */
export const NO_LUCK: ExchangeLuck = {
  fault: 'none',
  requestDelayMs: 0,
  answerDelayMs: 0,
  hub: 0,
}

/** Draws the exchanges of one line. */
export function drawsOf(seed: number, line: string): () => ExchangeLuck {
  const chance = new Chance(seed ^ hashOf(line))
  return () => {
    const what = chance.next()
    const isSlow = chance.happens(0.1)
    const requestDelayMs = isSlow ? chance.between(20, 3_000) : 0
    const answerDelayMs = chance.happens(0.1) ? chance.between(20, 3_000) : 0
    return { fault: faultOf(what), requestDelayMs, answerDelayMs, hub: chance.next() }
  }
}

function faultOf(what: number): ExchangeLuck['fault'] {
  if (what < 0.04) return 'lose-request'
  if (what < 0.09) return 'lose-answer'
  if (what < 0.11) return 'cut-answer'
  return what < 0.14 ? 'repeat' : 'none'
}

/** FNV-1a. */
function hashOf(text: string): number {
  let hash = 0x811c_9dc5
  for (const char of text) hash = Math.imul(hash ^ char.codePointAt(0)!, 0x0100_0193)
  return hash
}
