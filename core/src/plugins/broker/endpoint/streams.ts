// SPDX-License-Identifier: Apache-2.0
/** The open streams of one run, a bounded number for each plugin. */
import { CodedError } from '@sallyport/sdk'
import type { OpenAnswer } from './service.ts'

/** Open streams of one plugin, all its runs together. */
export const MAX_STREAMS_PER_PLUGIN = 8

/** Streams under way by plugin. */
const counts = new Map<string, number>()

interface OpenStream {
  readonly answer: OpenAnswer
  /** Reads wait for one another. */
  last: Promise<unknown>
}

/** Hands out the pieces of streams by number, and ends all of them with the run. */
export class Streams {
  readonly #pluginName: string
  readonly #open = new Map<number, OpenStream>()
  #lastId = 0

  constructor(pluginName: string, over: AbortSignal) {
    this.#pluginName = pluginName
    over.addEventListener('abort', () => [...this.#open.keys()].forEach((id) => this.close(id)), {
      once: true,
    })
  }

  /** Takes the stream that `begin` opens; it has its place from the start. Throws: ERR_LIMIT, and what `begin` throws. */
  async add(begin: () => Promise<OpenAnswer>): Promise<{ id: number; answer: OpenAnswer }> {
    const count = counts.get(this.#pluginName) ?? 0
    if (count >= MAX_STREAMS_PER_PLUGIN) {
      throw new CodedError('ERR_LIMIT', `more than ${MAX_STREAMS_PER_PLUGIN} open streams`)
    }
    counts.set(this.#pluginName, count + 1)
    try {
      const answer = await begin()
      const id = ++this.#lastId
      this.#open.set(id, { answer, last: Promise.resolve() })
      return { id, answer }
    } catch (error) {
      this.#free()
      throw error
    }
  }

  /** The next piece; null after the last and after the end. Throws: ERR_ARGUMENT_FORM, and what the pieces throw. */
  async read(id: number): Promise<Uint8Array | null> {
    const stream = this.#open.get(id)
    if (stream === undefined && id <= this.#lastId) return null
    if (stream === undefined) throw new CodedError('ERR_ARGUMENT_FORM', `there is no stream ${id}`)
    const next = stream.last.then(() => stream.answer.pieces.next())
    stream.last = next.catch(() => undefined)
    try {
      const { done, value } = await next
      if (done !== true) return value
      this.close(id)
      return null
    } catch (error) {
      // Whoever closes a stream while it is read has read its end.
      if (!this.#open.has(id)) return null
      this.close(id)
      throw error
    }
  }

  /** Ends a stream; none is fine too. */
  close(id: number): void {
    const stream = this.#open.get(id)
    if (stream === undefined) return
    this.#open.delete(id)
    this.#free()
    stream.answer.cut()
  }

  #free(): void {
    const count = (counts.get(this.#pluginName) ?? 1) - 1
    if (count === 0) counts.delete(this.#pluginName)
    else counts.set(this.#pluginName, count)
  }
}
