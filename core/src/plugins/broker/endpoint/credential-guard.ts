// SPDX-License-Identifier: Apache-2.0
/** Keeps the values of a binding's credential out of what a plugin gets to read. */
import type { EndpointBinding } from '../../bindings/binding.ts'

/** Shorter parts are no secrets, and would be found everywhere. */
const MIN_LENGTH = 8

/**
 * Texts that no answer may hold: each header's value, its secret part alone, and both as JSON and addresses write them.
 *
 * Trust: revealed here because nobody else can look for them.
 */
export function credentialTexts(headers: EndpointBinding['headers']): Buffer[] {
  const values = Object.values(headers).map((value) => value.reveal())
  const texts = values.flatMap((value) => [value, ...partsOf(value)])
  const written = texts.flatMap((text) => [
    text,
    JSON.stringify(text).slice(1, -1),
    encodeURIComponent(text.toWellFormed()),
  ])
  return [...new Set(written)]
    .filter((text) => text.length >= MIN_LENGTH)
    .map((text) => Buffer.from(text))
}

/** What follows a scheme, what follows the last `=` or `:`, and the password of a "Basic" credential. */
function partsOf(value: string): string[] {
  const bare = value.replace(/^\S+\s+/, '')
  const basic = /^basic\s/i.test(value) ? Buffer.from(bare, 'base64').toString() : ''
  const password = basic.slice(basic.indexOf(':') + 1)
  return [bare, /[^=:]*$/.exec(value)![0], ...(password === basic ? [] : [password])]
}

/** Thrown inside when an answer repeats a credential. */
export class CredentialEcho extends Error {}

/** Lets an answer through piece by piece, as long as none of the texts is in it. */
export class CredentialGuard {
  readonly #texts: readonly Buffer[]
  #held: Buffer = Buffer.alloc(0)

  constructor(texts: readonly Buffer[]) {
    this.#texts = texts
  }

  /**
   * The part of the answer so far that cannot become one of the texts any more.
   *
   * Why: what may be the beginning of one waits for the next piece, so that not even half of it gets out.
   * Throws: CredentialEcho.
   */
  pass(piece: Uint8Array): Uint8Array {
    const seen = Buffer.concat([this.#held, piece])
    if (this.#texts.some((text) => seen.includes(text))) throw new CredentialEcho()
    const heldBytes = Math.max(0, ...this.#texts.map((text) => beginningBytes(seen, text)))
    this.#held = seen.subarray(seen.length - heldBytes)
    return seen.subarray(0, seen.length - heldBytes)
  }

  /** What waited for a piece that did not come. */
  rest(): Uint8Array {
    return this.#held
  }

  /** Whether a text is free of them. */
  permits(text: string): boolean {
    const bytes = Buffer.from(text)
    return !this.#texts.some((each) => bytes.includes(each))
  }
}

/** Length of the longest end of `seen` with which `text` begins. */
function beginningBytes(seen: Buffer, text: Buffer): number {
  for (let length = Math.min(seen.length, text.length - 1); length > 0; length -= 1) {
    if (seen.subarray(seen.length - length).equals(text.subarray(0, length))) return length
  }
  return 0
}
