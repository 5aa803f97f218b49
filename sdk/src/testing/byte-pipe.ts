// SPDX-License-Identifier: Apache-2.0
/** Two ends of a connection in memory, in the shape of the sockets that handles give. */
import type { ByteSocket } from '../handles.ts'

type Listener = (...args: never[]) => void

/** The two ends: what one writes, the other reads. */
export function bytePipe(): [ByteSocket, ByteSocket] {
  const near = new PipeEnd()
  const far = new PipeEnd()
  near.other = far
  far.other = near
  return [near, far]
}

/** One end. Bytes wait until someone listens for `data` or iterates. */
class PipeEnd implements ByteSocket {
  other: PipeEnd | undefined
  readonly #listeners = new Map<string, Set<Listener>>()
  readonly #waiting: Uint8Array[] = []
  #hasEnded = false
  #isOtherOver = false
  #isDestroyed = false
  #isFlowing = false
  #wake: () => void = () => undefined

  write(given: Uint8Array | string): boolean {
    if (this.#hasEnded || this.#isDestroyed) return false
    const bytes = typeof given === 'string' ? new TextEncoder().encode(given) : given.slice()
    queueMicrotask(() => this.other!.#receive(bytes))
    return true
  }

  end(bytes?: Uint8Array | string): this {
    if (bytes !== undefined) this.write(bytes)
    if (this.#hasEnded) return this
    this.#hasEnded = true
    queueMicrotask(() => this.other!.#receiveEnd())
    return this
  }

  destroy(error?: Error): this {
    if (this.#isDestroyed) return this
    this.end()
    this.#isDestroyed = true
    if (error !== undefined) this.#emit('error', error)
    this.#emit('close')
    this.#wake()
    return this
  }

  on(event: string, listener: Listener): this {
    const known = this.#listeners.get(event) ?? new Set()
    this.#listeners.set(event, known.add(listener))
    if (event === 'data') this.#flow()
    return this
  }

  once(event: string, listener: Listener): this {
    const first: Listener = (...args) => {
      this.#listeners.get(event)!.delete(first)
      listener(...args)
    }
    return this.on(event, first)
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array> {
    try {
      while (!this.#isDestroyed) {
        const next = this.#waiting.shift()
        if (next !== undefined) yield next
        else if (this.#isOtherOver) return
        else await new Promise<void>((resolve) => (this.#wake = resolve))
      }
    } finally {
      this.destroy()
    }
  }

  #flow(): void {
    this.#isFlowing = true
    queueMicrotask(() => {
      for (const bytes of this.#waiting.splice(0)) this.#emit('data', bytes)
      if (this.#isOtherOver) this.#emitEnd()
    })
  }

  #receive(bytes: Uint8Array): void {
    if (this.#isDestroyed) return
    if (this.#isFlowing && this.#waiting.length === 0) return this.#emit('data', bytes)
    this.#waiting.push(bytes)
    this.#wake()
  }

  #receiveEnd(): void {
    this.#isOtherOver = true
    if (this.#isFlowing && this.#waiting.length === 0) this.#emitEnd()
    this.#wake()
  }

  /** Why both: a socket ends its own side when the other one has ended. */
  #emitEnd(): void {
    if (this.#isDestroyed) return
    this.#emit('end')
    this.destroy()
  }

  #emit(event: string, ...args: unknown[]): void {
    for (const listener of [...(this.#listeners.get(event) ?? [])]) listener(...(args as never[]))
  }
}
