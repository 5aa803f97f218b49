// SPDX-License-Identifier: Apache-2.0
/** What a plugin's process prints on standard error: the last of it is kept, too much of it is reported. */
import type { Readable } from 'node:stream'
import { CHANNEL_LIMITS } from './limits.ts'

/** Follows standard error of one process. */
export class StderrTail {
  #bytes = Buffer.alloc(0)
  #count = 0

  constructor(stream: Readable, onTooMuch: () => void) {
    stream.on('error', () => undefined) // The exit says more.
    stream.on('data', (chunk: Buffer) => {
      this.#count += chunk.length
      this.#bytes = Buffer.concat([this.#bytes, chunk]).subarray(-CHANNEL_LIMITS.keptStderrBytes)
      if (this.#count > CHANNEL_LIMITS.maxStderrBytes) onTooMuch()
    })
  }

  /** The end of it as text; control characters but line feeds are blanked. */
  get text(): string {
    return this.#bytes.toString('utf8').replaceAll(/[^\P{Cc}\n]/gu, ' ')
  }
}
