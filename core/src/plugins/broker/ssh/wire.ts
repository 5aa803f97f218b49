// SPDX-License-Identifier: Apache-2.0
/** Reads and writes the data types of the SSH protocol. Source: RFC 4251, section 5. */

/** Bound of one string unless a caller sets another; no key, signature or list of names is longer. */
const MAX_STRING_BYTES = 35_000

/**
 * Reads one value after the other.
 *
 * Trust: the bytes come from a hostile peer. Nothing here throws: from the first value that is not whole, every value
 * is empty and `isWhole` is false. Ask it before a value is used.
 */
export class WireReader {
  readonly #bytes: Uint8Array
  #at = 0
  #isWhole = true

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes
  }

  /** Whether every value so far was there. */
  get isWhole(): boolean {
    return this.#isWhole
  }

  /** Whether every value was there and nothing is left. */
  get isDone(): boolean {
    return this.#isWhole && this.#at === this.#bytes.length
  }

  byte(): number {
    return this.#take(1)[0] ?? 0
  }

  uint32(): number {
    return [...this.#take(4)].reduce((value, byte) => value * 256 + byte, 0)
  }

  /** So many bytes, without a length before them. */
  bytes(length: number): Uint8Array {
    return this.#take(length)
  }

  /** A byte that must be 0 or 1. */
  boolean(): boolean {
    const value = this.byte()
    if (value > 1) this.#fail()
    return value === 1
  }

  string(maxBytes: number = MAX_STRING_BYTES): Uint8Array {
    const length = this.uint32()
    return length > maxBytes ? this.#fail() : this.#take(length)
  }

  /** A string of printable ASCII. */
  text(maxBytes: number = MAX_STRING_BYTES): string {
    const bytes = this.string(maxBytes)
    if (bytes.every((byte) => byte > 0x1f && byte < 0x7f))
      return Buffer.from(bytes).toString('latin1')
    this.#fail()
    return ''
  }

  /** A string of UTF-8. */
  utf8(maxBytes: number): string {
    const bytes = this.string(maxBytes)
    const text = Buffer.from(bytes).toString('utf8')
    if (Buffer.from(text).equals(bytes)) return text
    this.#fail()
    return ''
  }

  /** A list of names; empty when there is none in it. */
  names(): string[] {
    const text = this.text()
    return text === '' ? [] : text.split(',')
  }

  /** A positive integer, most significant byte first, in as few bytes as hold it. */
  positiveInteger(): Uint8Array {
    const bytes = this.string()
    const [first = 0x80, second = 0] = bytes
    const isShortest = first !== 0 || second >= 0x80
    if (first >= 0x80 || !isShortest) return this.#fail()
    return first === 0 ? bytes.subarray(1) : bytes
  }

  #take(length: number): Uint8Array {
    if (this.#bytes.length - this.#at < length) return this.#fail()
    this.#at += length
    return this.#bytes.subarray(this.#at - length, this.#at)
  }

  #fail(): Uint8Array {
    this.#isWhole = false
    this.#at = this.#bytes.length
    return new Uint8Array()
  }
}

/** A byte as it is on the wire. */
export function wireByte(value: number): Uint8Array {
  return Uint8Array.of(value)
}

/** A number of four bytes as it is on the wire. */
export function wireUint32(value: number): Uint8Array {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32BE(value)
  return bytes
}

/** A string as it is on the wire: its length, then its bytes; a text as UTF-8. */
export function wireString(value: Uint8Array | string): Uint8Array {
  const bytes = typeof value === 'string' ? Buffer.from(value) : value
  return Buffer.concat([wireUint32(bytes.length), bytes])
}

/** A positive integer, most significant byte first, as it is on the wire. */
export function wireInteger(bytes: Uint8Array): Uint8Array {
  const first = bytes.findIndex((byte) => byte !== 0)
  const shortest = first === -1 ? new Uint8Array() : bytes.subarray(first)
  const needsSign = (shortest[0] ?? 0) >= 0x80
  return wireString(needsSign ? Buffer.concat([Uint8Array.of(0), shortest]) : shortest)
}
