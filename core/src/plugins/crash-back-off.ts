// SPDX-License-Identifier: Apache-2.0
/** How long a plugin that keeps ending badly is left alone. */

/** First pause and longest pause. */
export interface BackOffBounds {
  readonly firstMs: number
  readonly longestMs: number
}

const DEFAULT_BOUNDS: BackOffBounds = { firstMs: 1_000, longestMs: 300_000 }

/**
 * Counts bad ends in a row, per plugin digest. The first costs nothing, so that the next job still runs; from the second
 * on each doubles the pause.
 *
 * Time: `nowMs` is monotonic.
 */
export class CrashBackOff {
  readonly #bounds: BackOffBounds
  readonly #crashes = new Map<string, { count: number; untilMs: number }>()

  constructor(bounds: BackOffBounds = DEFAULT_BOUNDS) {
    this.#bounds = bounds
  }

  /** Milliseconds until the plugin may be started again; 0 when it may now. */
  waitMs(digest: string, nowMs: number): number {
    return Math.max(0, Math.ceil((this.#crashes.get(digest)?.untilMs ?? 0) - nowMs))
  }

  /** The plugin's process ended badly. */
  crashed(digest: string, nowMs: number): void {
    const count = (this.#crashes.get(digest)?.count ?? 0) + 1
    const doubled = count < 2 ? 0 : this.#bounds.firstMs * 2 ** Math.min(count - 2, 30)
    const pauseMs = Math.min(doubled, this.#bounds.longestMs)
    this.#crashes.set(digest, { count, untilMs: nowMs + pauseMs })
  }

  /** A run ended as runs should: the plugin is sound again. */
  recovered(digest: string): void {
    this.#crashes.delete(digest)
  }
}
