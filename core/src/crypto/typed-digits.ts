// SPDX-License-Identifier: Apache-2.0
/** Bytes as digits that people type: base 32 without the letters that are taken for numbers, in groups of four. */

/** Digits of Crockford's base 32: no I, L, O and U. */
const DIGITS = '0123456789ABCDEFGHJKMNPQRSTVWXYZ'
const GROUP = 4

/** Writes bytes behind a prefix: `SP1-7K3Q-…`. Throws: RangeError when the bits do not fill whole digits. */
export function typedDigits(prefix: string, bytes: Uint8Array): string {
  if ((bytes.length * 8) % 5 !== 0) throw new RangeError('bytes must fill whole digits')
  let value = BigInt(`0x${Buffer.from(bytes).toString('hex')}`)
  let digits = ''
  for (let count = 0; count < (bytes.length * 8) / 5; count += 1, value >>= 5n) {
    digits = DIGITS[Number(value & 31n)]! + digits
  }
  return [prefix, ...digits.match(new RegExp(`.{1,${GROUP}}`, 'g'))!].join('-')
}

/**
 * Reads so many bytes as typed: any case, spaces or hyphens anywhere, O for 0, I and L for 1; undefined when the text
 * is something else.
 */
export function readTypedDigits(
  prefix: string,
  text: string,
  byteCount: number,
): Uint8Array | undefined {
  const bytes = readAnyTypedDigits(prefix, text, byteCount)
  return bytes?.length === byteCount ? bytes : undefined
}

/** The same for as many bytes as fill the digits, up to a count. */
export function readAnyTypedDigits(
  prefix: string,
  text: string,
  maxBytes: number,
): Uint8Array | undefined {
  // Letters of other alphabets can turn into these as capitals.
  const isPlain = text.length <= maxLength(maxBytes) && /^[\x20-\x7e\s]*$/.test(text)
  const typed = isPlain ? text.replace(/[\s-]/g, '').toUpperCase() : ''
  const read = typed.replace(/O/g, '0').replace(/[IL]/g, '1')
  const digits = read.slice(prefix.length)
  const byteCount = (digits.length * 5) / 8
  const isWhole = read.startsWith(prefix) && Number.isInteger(byteCount) && byteCount <= maxBytes
  if (!isWhole || [...digits].some((digit) => !DIGITS.includes(digit))) return undefined
  let value = 0n
  for (const digit of digits) value = (value << 5n) | BigInt(DIGITS.indexOf(digit))
  const hex = value.toString(16).padStart(2 * byteCount, '0')
  return byteCount === 0 ? new Uint8Array() : Buffer.from(hex, 'hex')
}

/** Digits, and room for spaces between them and a line's end or two. */
function maxLength(maxBytes: number): number {
  return 128 + maxBytes * 4
}
