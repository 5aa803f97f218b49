// SPDX-License-Identifier: Apache-2.0
/** The ladder that repeated invalid attempts climb: back-off, penalty, lock-out, and for keys quarantine. */
import type { HubLimits } from '../limits.ts'
import type { OpenTallies, Tallies } from './tallies.ts'

/** The steps that are written down. */
export type Step = 'backed-off' | 'penalised' | 'locked-out' | 'quarantined'

/** What one more invalid attempt comes to. */
export interface Climb {
  /** The step that is reached with this attempt and was not before. */
  readonly step: Step | undefined
  /** Attempts that were counted. */
  readonly count: number
  /** How long the answer is held back. Units: milliseconds. */
  readonly penaltyMs: number
}

/** Why a subject is refused now, and for how long. */
export interface Block {
  readonly reason: 'backed-off' | 'locked-out'
  /** Units: milliseconds. */
  readonly leftMs: number
}

/** Who climbs. */
export interface Climber {
  /** Name under which attempts are counted. */
  readonly subject: string
  /** Whether so many lock-outs end in quarantine. */
  readonly mayBeQuarantined: boolean
}

/** Points of a block say which one it is. */
const BACKED_OFF = 1
const LOCKED_OUT = 2

/** Counts invalid attempts and says who is refused for them. */
export class Ladder {
  readonly #limits: HubLimits
  readonly #attempts: Tallies
  readonly #blocks: Tallies
  readonly #lockOuts: Tallies

  constructor(limits: HubLimits, open: OpenTallies) {
    this.#limits = limits
    this.#attempts = open({ name: 'attempts', windowMs: limits.attemptsMs })
    this.#blocks = open({ name: 'blocks', windowMs: limits.lockOutMs })
    this.#lockOuts = open({ name: 'lock-outs', windowMs: limits.lockOutsMs })
  }

  /** Whether this subject is refused now. */
  async blockOf(subject: string): Promise<Block | undefined> {
    const { points, leftMs } = await this.#blocks.read(subject)
    if (points === 0) return undefined
    return { reason: points >= LOCKED_OUT ? 'locked-out' : 'backed-off', leftMs }
  }

  /** Counts one invalid attempt. */
  async climb({ subject, mayBeQuarantined }: Climber): Promise<Climb> {
    const { lockOutAfter, lockOutMs, quarantineAfter } = this.#limits
    const { points: count } = await this.#attempts.add(subject, 1)
    if (count < lockOutAfter) {
      const waitMs = backOffMs(count, this.#limits)
      if (waitMs > 0) await this.#blocks.set(subject, BACKED_OFF, waitMs)
      return { step: stepAt(count, this.#limits), count, penaltyMs: this.#penaltyMs(count) }
    }
    // Why not more: those that were on their way already do not lock out twice.
    if (count > lockOutAfter) return { step: undefined, count, penaltyMs: this.#penaltyMs(count) }
    await this.#blocks.set(subject, LOCKED_OUT, lockOutMs)
    await this.#attempts.set(subject, count, lockOutMs)
    const lockOuts = await this.#lockOuts.add(subject, 1)
    const isOver = mayBeQuarantined && lockOuts.points >= quarantineAfter
    return { step: isOver ? 'quarantined' : 'locked-out', count, penaltyMs: this.#penaltyMs(count) }
  }

  /** Forgets all that is counted of a subject, which is trusted again. */
  async forgive(subject: string): Promise<void> {
    for (const tallies of [this.#attempts, this.#blocks, this.#lockOuts]) {
      await tallies.forget(subject)
    }
  }

  #penaltyMs(count: number): number {
    return count >= this.#limits.penaltyAfter ? this.#limits.penaltyMs : 0
  }
}

/** How long the next attempt is refused after so many: it doubles, up to a most. Units: milliseconds. */
export function backOffMs(
  count: number,
  limits: Pick<HubLimits, 'backOffAfter' | 'backOffFirstMs' | 'backOffMaxMs'>,
): number {
  const { backOffAfter, backOffFirstMs, backOffMaxMs } = limits
  if (count < backOffAfter) return 0
  return Math.min(backOffFirstMs * 2 ** (count - backOffAfter), backOffMaxMs)
}

function stepAt(count: number, { backOffAfter, penaltyAfter }: HubLimits): Step | undefined {
  if (count === penaltyAfter) return 'penalised'
  return count === backOffAfter ? 'backed-off' : undefined
}
