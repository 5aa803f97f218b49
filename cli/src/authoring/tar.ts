// SPDX-License-Identifier: Apache-2.0
/** Packed folders as npm has them: a gzipped tar of plain files below `package/`, the same bytes from the same files. */
import { gunzipSync, gzipSync } from 'node:zlib'

const BLOCK = 512
const MAX_UNPACKED_BYTES = 33_554_432

/** The moment that npm writes into every entry, in seconds: what is packed says nothing of when. */
const FIXED_SECONDS = 499_162_500

/** Files by path, `/` between folders. */
export type PackedFiles = Readonly<Record<string, Uint8Array>>

/** Packs files, in the order of their names. Source: POSIX.1-2024, `pax`, section "ustar Interchange Format". */
export function pack(files: PackedFiles): Uint8Array {
  const entries = Object.keys(files)
    .sort()
    .flatMap((name) => [header(`package/${name}`, files[name]!.length), padded(files[name]!)])
  return gzipSync(Buffer.concat([...entries, Buffer.alloc(2 * BLOCK)]), { level: 9 })
}

/** The plain files of a packed folder, without `package/`. Throws: the error of zlib for what is not packed so. */
export function unpack(bytes: Uint8Array): PackedFiles {
  const tar = gunzipSync(bytes, { maxOutputLength: MAX_UNPACKED_BYTES })
  const files = new Map<string, Uint8Array>()
  for (let at = 0; at + BLOCK <= tar.length && tar[at] !== 0;) {
    const size = Number.parseInt(fieldText(tar, at + 124, 12), 8)
    if (!Number.isSafeInteger(size)) break
    const name = [fieldText(tar, at + 345, 155), fieldText(tar, at, 100)].filter(Boolean).join('/')
    const isFile = ['', '0'].includes(fieldText(tar, at + 156, 1))
    if (isFile) files.set(name.replace(/^[^/]+\//, ''), tar.subarray(at + BLOCK, at + BLOCK + size))
    at += BLOCK + Math.ceil(size / BLOCK) * BLOCK
  }
  return Object.fromEntries(files)
}

function header(name: string, size: number): Buffer {
  const block = Buffer.alloc(BLOCK)
  block.write(name, 0, 100)
  block.write(`${octal(0o644, 7)}\0${octal(0, 7)}\0${octal(0, 7)}\0`, 100)
  block.write(`${octal(size, 11)}\0${octal(FIXED_SECONDS, 11)}\0`, 124)
  // The sum is taken over the header with spaces in the place of the sum.
  block.write(' '.repeat(8), 148)
  block.write('0', 156)
  block.write('ustar\x0000', 257)
  const sum = block.reduce((total, byte) => total + byte, 0)
  block.write(`${octal(sum, 6)}\0 `, 148)
  return block
}

function octal(value: number, digits: number): string {
  return value.toString(8).padStart(digits, '0')
}

function padded(content: Uint8Array): Buffer {
  const block = Buffer.alloc(Math.ceil(content.length / BLOCK) * BLOCK)
  block.set(content)
  return block
}

function fieldText(tar: Buffer, at: number, length: number): string {
  const field = tar.subarray(at, at + length)
  const end = field.indexOf(0)
  return field.toString('utf8', 0, end < 0 ? length : end).trim()
}
