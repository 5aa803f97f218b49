// SPDX-License-Identifier: Apache-2.0
/** Which plugins have ended badly too often to be started again before an operator has looked. */

/** How often within which time. */
export interface QuarantineBounds {
  readonly crashCount: number
  readonly windowMs: number
}

/** Five bad ends within ten minutes; with the pauses of the back-off that takes at least seven seconds. */
export const QUARANTINE: QuarantineBounds = { crashCount: 5, windowMs: 600_000 }

/** Why a plugin is in quarantine: how it ended last. */
export interface QuarantineReason {
  readonly code: string
  readonly message: string
  readonly crashCount: number
}

/**
 * Counts the bad ends of each plugin digest within a time.
 *
 * Trust: runs that go well in between change nothing, or a plugin could crash for ever by behaving now and then.
 * Time: `nowMs` is monotonic.
 */
export class Quarantine {
  readonly #bounds: QuarantineBounds
  readonly #crashes = new Map<string, number[]>()
  readonly #reasons = new Map<string, QuarantineReason>()

  constructor(bounds: QuarantineBounds = QUARANTINE) {
    this.#bounds = bounds
  }

  /** Why the plugin is in quarantine; undefined when it is not. */
  reason(digest: string): QuarantineReason | undefined {
    return this.#reasons.get(digest)
  }

  /** The plugin's process ended badly. Returns the reason when that puts it into quarantine. */
  crashed(
    digest: string,
    ending: { readonly code: string; readonly message: string },
    nowMs: number,
  ): QuarantineReason | undefined {
    const { crashCount, windowMs } = this.#bounds
    const recent = (this.#crashes.get(digest) ?? []).filter((atMs) => atMs > nowMs - windowMs)
    recent.push(nowMs)
    this.#crashes.set(digest, recent)
    if (recent.length < crashCount || this.#reasons.has(digest)) return undefined
    const { code, message } = ending
    const reason = { code, message, crashCount: recent.length }
    this.#reasons.set(digest, reason)
    return reason
  }

  /** An operator has let the plugin out: it starts from nothing. */
  release(digest: string): void {
    this.#crashes.delete(digest)
    this.#reasons.delete(digest)
  }
}
