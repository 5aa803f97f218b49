// SPDX-License-Identifier: Apache-2.0
/** Measures a message channel before its bytes are collected or read. */

/** Length prefix of a message. Source: Node.js, `lib/internal/child_process/serialization.js`, "advanced". */
const PREFIX_BYTES = 4

const WINDOW_MS = 1_000

/** Bounds of a channel. */
export interface MeterLimits {
  readonly maxFrameBytes: number
  readonly maxFramesPerSecond: number
}

/**
 * Follows the length prefixes in a stream of messages.
 *
 * Trust: works on the raw bytes of a hostile peer; keeps a few numbers and no byte.
 * Why: Node's own reader collects a message of any length before anyone can look at it.
 */
export class FrameMeter {
  readonly #limits: MeterLimits
  readonly #now: () => number
  #prefix = 0
  #prefixBytes = 0
  #restBytes = 0
  #frameCount = 0
  #windowStart = 0

  constructor(limits: MeterLimits, now: () => number) {
    this.#limits = limits
    this.#now = now
  }

  /** Takes the next bytes; says what is wrong with them, if anything. */
  take(bytes: Uint8Array): string | undefined {
    let at = 0
    while (at < bytes.length) {
      if (this.#restBytes > 0) {
        const passed = Math.min(this.#restBytes, bytes.length - at)
        this.#restBytes -= passed
        at += passed
        continue
      }
      const fault = this.#takePrefixByte(bytes[at]!)
      if (fault !== undefined) return fault
      at += 1
    }
    return undefined
  }

  #takePrefixByte(byte: number): string | undefined {
    this.#prefix = this.#prefix * 256 + byte
    this.#prefixBytes += 1
    if (this.#prefixBytes < PREFIX_BYTES) return undefined
    const length = this.#prefix
    this.#prefix = 0
    this.#prefixBytes = 0
    this.#restBytes = length
    if (length > this.#limits.maxFrameBytes) return `a message of ${length} bytes`
    return this.#countFrame()
  }

  #countFrame(): string | undefined {
    const now = this.#now()
    if (now - this.#windowStart >= WINDOW_MS) {
      this.#windowStart = now
      this.#frameCount = 0
    }
    this.#frameCount += 1
    if (this.#frameCount <= this.#limits.maxFramesPerSecond) return undefined
    return `more than ${this.#limits.maxFramesPerSecond} messages in a second`
  }
}
