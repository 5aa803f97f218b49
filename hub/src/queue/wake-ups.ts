// SPDX-License-Identifier: Apache-2.0
/** Wakes held requests in the tick in which something happened, and tells the other hubs of the store. */

/** Someone who waits for a subject. Dispose it to stop. */
export interface Watch extends Disposable {
  /**
   * Resolves when the subject was woken since the last call, when the time is up, or when `signal` or the drain ends it.
   *
   * Why: a wake-up between two calls is kept, so that nothing falls between looking and waiting.
   */
  next(timeoutMs: number, signal: AbortSignal): Promise<void>
}

/** Longest delay a timer can have. Source: HTML, section 8.6 (timers take 32-bit integers). */
const MAX_TIMER_MS = 2 ** 31 - 1

/** Subjects and who waits for them. */
export class WakeUps {
  readonly #watches = new Map<string, Set<OneWatch>>()
  readonly #listeners = new Set<(subject: string) => void>()
  readonly #tellOthers: (subject: string) => void
  readonly #wakeOthers: () => void
  #isDraining = false

  /** Where there are other hubs, `tellOthers` makes them hear of a subject, and `wakeOthers` wake everyone. */
  constructor(
    tellOthers: (subject: string) => void = () => undefined,
    wakeOthers: () => void = () => undefined,
  ) {
    this.#tellOthers = tellOthers
    this.#wakeOthers = wakeOthers
  }

  /** Begins to watch a subject. */
  watch(subject: string): Watch {
    const watch = new OneWatch(() => this.#forget(subject, watch))
    const watches = this.#watches.get(subject) ?? new Set()
    this.#watches.set(subject, watches.add(watch))
    if (this.#isDraining) watch.wake()
    return watch
  }

  /** Wakes everyone who watches the subject, at every hub. */
  wake(subject: string): void {
    this.#wakeHere(subject)
    this.#tellOthers(subject)
  }

  /** Tells the other hubs alone. */
  tell(subject: string): void {
    this.#tellOthers(subject)
  }

  /** Takes what another hub told. */
  hear(subject: string): void {
    this.#wakeHere(subject)
    for (const listener of this.#listeners) listener(subject)
  }

  /** Has every subject that another hub tells of told to a listener too. */
  onHeard(listener: (subject: string) => void): void {
    this.#listeners.add(listener)
  }

  /** Wakes everyone here once: something changed that may concern any of them. */
  wakeAll(): void {
    for (const subject of this.#watches.keys()) this.#wakeHere(subject)
  }

  /** The same at every hub. */
  wakeAllEverywhere(): void {
    this.wakeAll()
    this.#wakeOthers()
  }

  /** Watches in all. */
  get count(): number {
    let count = 0
    for (const watches of this.#watches.values()) count += watches.size
    return count
  }

  /** Whether the hub is going down, so that nobody should wait again. */
  get isDraining(): boolean {
    return this.#isDraining
  }

  /** Wakes everyone, now and from now on. */
  drain(): void {
    this.#isDraining = true
    this.wakeAll()
  }

  #wakeHere(subject: string): void {
    for (const watch of this.#watches.get(subject) ?? []) watch.wake()
  }

  #forget(subject: string, watch: OneWatch): void {
    const watches = this.#watches.get(subject)
    watches?.delete(watch)
    if (watches?.size === 0) this.#watches.delete(subject)
  }
}

class OneWatch implements Watch {
  readonly #forget: () => void
  #isWoken = false
  #resolve: (() => void) | undefined

  constructor(forget: () => void) {
    this.#forget = forget
  }

  wake(): void {
    this.#isWoken = true
    this.#resolve?.()
  }

  async next(timeoutMs: number, signal: AbortSignal): Promise<void> {
    if (!this.#isWoken && !signal.aborted) {
      const { promise, resolve } = Promise.withResolvers<void>()
      this.#resolve = resolve
      const timer = setTimeout(resolve, Math.min(Math.max(timeoutMs, 0), MAX_TIMER_MS))
      signal.addEventListener('abort', () => resolve(), { once: true })
      await promise
      clearTimeout(timer)
      this.#resolve = undefined
    }
    this.#isWoken = false
  }

  [Symbol.dispose](): void {
    this.#forget()
  }
}
