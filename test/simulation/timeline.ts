// SPDX-License-Identifier: Apache-2.0
/** Simulated time: one thing happens at a time, and the next only when everything that followed from it has come to rest. */

/** A process that may die. What it waits for never comes then. */
export class Life {
  readonly name: string
  isAlive = true

  constructor(name: string) {
    this.name = name
  }

  /** Throws: Dead. Every port of a process asks, so that code which is cut off reaches nothing. */
  expectAlive(): void {
    if (!this.isAlive) throw new Dead(this.name)
  }
}

/** A dead process went on. Why no CodedError: nothing may handle it as an accident. */
export class Dead extends Error {}

/** Something that is going to happen. */
export interface Happening {
  readonly atMs: number
  readonly order: number
  /** Whose it is; it does not happen once they are dead. */
  readonly life: Life | undefined
  readonly run: () => void | Promise<void>
  isCancelled: boolean
}

/** The clock of the world and what is going to happen. Units: milliseconds since the beginning of the run. */
export class Timeline {
  nowMs = 0
  /** Asked before each thing that happens to a process. It may end it. */
  onTurn: (life: Life) => void = () => undefined
  readonly #coming: Happening[] = []
  #orders = 0

  /** Has something happen after a while, unless `life` has ended by then. */
  after(ms: number, run: Happening['run'], life?: Life): Happening {
    const atMs = this.nowMs + Math.max(0, Math.round(ms))
    const coming = { atMs, order: (this.#orders += 1), life, run, isCancelled: false }
    this.#coming.push(coming)
    return coming
  }

  /** Resolves after a while. Rejects when `signal` is aborted. */
  sleep(ms: number, life: Life, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(new Error('aborted'))
      const onAbort = (): void => {
        coming.isCancelled = true
        reject(new Error('aborted'))
      }
      const coming = this.after(
        ms,
        () => {
          signal?.removeEventListener('abort', onAbort)
          resolve()
        },
        life,
      )
      signal?.addEventListener('abort', onAbort, { once: true })
    })
  }

  /** Lets the next thing happen and waits until all is quiet. Says whether there was one before `endMs`. */
  async step(endMs: number): Promise<boolean> {
    const next = this.#takeNext(endMs)
    if (next === undefined) return false
    this.nowMs = next.atMs
    if (next.life !== undefined) this.onTurn(next.life)
    if (next.life?.isAlive !== false) await next.run()
    await quiet()
    return true
  }

  #takeNext(endMs: number): Happening | undefined {
    for (;;) {
      let first = -1
      for (let n = 0; n < this.#coming.length; n += 1) {
        if (first < 0 || isBefore(this.#coming[n]!, this.#coming[first]!)) first = n
      }
      const found = this.#coming[first]
      if (found === undefined || found.atMs > endMs) return undefined
      this.#coming.splice(first, 1)
      if (!found.isCancelled && found.life?.isAlive !== false) return found
    }
  }
}

function isBefore(a: Happening, b: Happening): boolean {
  return a.atMs < b.atMs || (a.atMs === b.atMs && a.order < b.order)
}

/** Why one turn of the event loop: all that is not waiting for a port of ours has run by then, however long its chain. */
function quiet(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}
