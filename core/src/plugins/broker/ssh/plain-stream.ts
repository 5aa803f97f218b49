// SPDX-License-Identifier: Apache-2.0
/** One direction of an SSH connection before it is encrypted: an identification line, then packets. */
import { WireReader } from './wire.ts'

/** Source: RFC 4253, section 4.2: at most 255 characters with CR and LF. */
const MAX_LINE_BYTES = 255

/** Source: RFC 4253, section 6.1: the largest packet every side must take. */
const MAX_PACKET_BYTES = 35_000

/** What a key exchange takes, with room for what a host may say besides. */
const MAX_PLAIN_BYTES = 262_144

const IDENTIFICATION = /^SSH-(?:2\.0|1\.99)-[\x21-\x7e][\x20-\x7e]*\r?\n$/

/** The line, or a packet; `bytes` are as they came. `payload` is empty for the line. */
export interface PlainPiece {
  readonly bytes: Uint8Array
  readonly payload: Uint8Array
}

/**
 * Takes the stream apart.
 *
 * Trust: the bytes come from a hostile host or a hostile plugin; a bounded number of them is held.
 * Why no line may stand before the identification, as RFC 4253 lets a host do: readers differ in where they see the
 * beginning then, and the one that matters is the plugin's.
 */
export class PlainStream {
  #held: Uint8Array = new Uint8Array()
  #plainCount = 0
  #hasLine = false

  /** Adds bytes; false when there are too many of them. */
  add(bytes: Uint8Array): boolean {
    this.#held = Buffer.concat([this.#held, bytes])
    this.#plainCount += bytes.length
    return this.#plainCount <= MAX_PLAIN_BYTES
  }

  /** The next whole piece; `partial` when more bytes are needed, `malformed` when none can follow. */
  next(): PlainPiece | 'partial' | 'malformed' {
    return this.#hasLine ? this.#nextPacket() : this.#nextLine()
  }

  /** What has not been taken apart, which then is not held any more. */
  rest(): Uint8Array {
    const rest = this.#held
    this.#held = new Uint8Array()
    return rest
  }

  #nextLine(): PlainPiece | 'partial' | 'malformed' {
    const end = this.#held.indexOf(0x0a)
    if (end === -1) {
      const isBegun = this.#held.length < MAX_LINE_BYTES && beginsLine(this.#held)
      return isBegun ? 'partial' : 'malformed'
    }
    const line = this.#held.subarray(0, end + 1)
    const isLine =
      line.length <= MAX_LINE_BYTES && IDENTIFICATION.test(Buffer.from(line).toString('latin1'))
    if (!isLine) return 'malformed'
    this.#hasLine = true
    return { bytes: this.#cutOff(line.length), payload: new Uint8Array() }
  }

  /** Source: RFC 4253, section 6: length, length of the padding, payload, padding of 4 bytes or more. */
  #nextPacket(): PlainPiece | 'partial' | 'malformed' {
    if (this.#held.length < 5) return 'partial'
    const reader = new WireReader(this.#held)
    const length = reader.uint32()
    const paddingLength = reader.byte()
    if (length > MAX_PACKET_BYTES || paddingLength < 4 || length < paddingLength + 2) {
      return 'malformed'
    }
    if (this.#held.length < 4 + length) return 'partial'
    const bytes = this.#cutOff(4 + length)
    return { bytes, payload: bytes.subarray(5, bytes.length - paddingLength) }
  }

  #cutOff(length: number): Uint8Array {
    const bytes = this.#held.subarray(0, length)
    this.#held = this.#held.subarray(length)
    return bytes
  }
}

/** Why: whatever is no line need not be waited for. */
function beginsLine(bytes: Uint8Array): boolean {
  const prefix = Buffer.from('SSH-')
  return prefix.subarray(0, bytes.length).equals(bytes.subarray(0, prefix.length))
}
