// SPDX-License-Identifier: Apache-2.0
/** The oldest entries of an audit log as files of lines, one entry a line, in a folder beside the database. */
import { mkdirSync, readFileSync, readdirSync, rmSync } from 'node:fs'
import { Buffer } from 'node:buffer'
import { basename, join } from 'node:path'
import { digestOf } from '../crypto/index.ts'
import type { AuditRow } from '../audit/index.ts'
import { syncDirectory, writeDurably } from './durable-file.ts'

const FOLDER = 'audit'
const NEWLINE = 0x0a
const PRIVATE_DIRECTORY_MODE = 0o700

/** One archive as the database knows it. */
export interface ArchiveRow {
  readonly from: number
  readonly to: number
  readonly file: string
  readonly digest: string
}

/** Finds archived entries, each file read once. */
export interface ArchiveReader {
  /** The bytes, or why they are not there. */
  entry(index: number): { readonly bytes: Uint8Array; readonly missing?: string }
}

/** The folder. Trust: its files may have been written by anyone; the hashes in the database and the signed heads tell. */
export class ArchiveFolder {
  readonly #path: string

  constructor(stateDirectory: string) {
    this.#path = join(stateDirectory, FOLDER)
  }

  /** Writes consecutive entries so that a crash leaves the whole file or none. Throws: the errors of the file system. */
  write(rows: readonly AuditRow[]): { file: string; digest: string } {
    const [first, last] = [rows[0]!, rows.at(-1)!]
    const file = `${FOLDER}/${first.index}-${last.index}.jsonl`
    const bytes = Buffer.concat(rows.flatMap((row) => [row.bytes, Uint8Array.of(NEWLINE)]))
    mkdirSync(this.#path, { recursive: true, mode: PRIVATE_DIRECTORY_MODE })
    syncDirectory(join(this.#path, '..'))
    writeDurably(join(this.#path, basename(file)), bytes, { mustBeNew: false })
    return { file, digest: digestOf(bytes) }
  }

  /** Reads the archives that `rows` names, which is asked only when an archived entry is. */
  reader(rows: () => readonly ArchiveRow[]): ArchiveReader {
    let known: readonly ArchiveRow[] | undefined
    let open: { row: ArchiveRow; lines: Lines } | undefined
    return {
      entry: (index) => {
        known ??= rows()
        const row = known.find(({ from, to }) => from <= index && index < to)
        if (row === undefined) return missing('no archive has it')
        if (open?.row !== row) open = { row, lines: this.#lines(row) }
        const { lines } = open
        if (lines.missing !== undefined) return missing(lines.missing)
        const bytes = lines.found[index - row.from]
        return bytes === undefined ? missing(`${row.file} ends before it`) : { bytes }
      },
    }
  }

  /** Removes files that no archive of the database is, and names them. */
  tidy(known: readonly string[]): string[] {
    const strays = this.#names().filter((name) => !known.includes(`${FOLDER}/${name}`))
    for (const name of strays) rmSync(join(this.#path, name), { force: true })
    return strays
  }

  #names(): string[] {
    try {
      const found = readdirSync(this.#path, { withFileTypes: true })
      return found.filter((entry) => entry.isFile()).map(({ name }) => name)
    } catch {
      return []
    }
  }

  /** Why a surplus is named: a file that has more in it than was archived is not the file that was. */
  #lines({ file, from, to, digest }: ArchiveRow): Lines {
    try {
      const bytes = readFileSync(join(this.#path, basename(file)))
      const found = linesOf(bytes)
      const isLonger = digestOf(bytes) !== digest && found.length > to - from
      return isLonger ? { found, missing: `${file} has more in it than was archived` } : { found }
    } catch (error) {
      const isCoded = typeof error === 'object' && error !== null && 'code' in error
      const code = isCoded ? String(error.code) : 'unknown'
      return { found: [], missing: `${file} cannot be read (${code})` }
    }
  }
}

interface Lines {
  readonly found: readonly Uint8Array[]
  readonly missing?: string
}

/** Whole lines only: what follows the last newline was cut off. */
function linesOf(bytes: Uint8Array): Uint8Array[] {
  const lines: Uint8Array[] = []
  let start = 0
  for (let end = bytes.indexOf(NEWLINE); end >= 0; end = bytes.indexOf(NEWLINE, start)) {
    lines.push(bytes.subarray(start, end))
    start = end + 1
  }
  return lines
}

function missing(why: string): { bytes: Uint8Array; missing: string } {
  return { bytes: new Uint8Array(0), missing: why }
}
