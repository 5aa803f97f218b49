// SPDX-License-Identifier: Apache-2.0
/** Backups as files: written whole or not at all, read line by line with a bound for each. */
import { parseJson } from '@sallyport/core/protocol'
import { createHash, randomBytes } from 'node:crypto'
import { createReadStream, createWriteStream } from 'node:fs'
import { link, rm } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { createGunzip, createGzip } from 'node:zlib'
import type { z } from 'zod'
import {
  badBackup,
  BackupHead,
  BackupLine,
  MAX_LINE_BYTES,
  type BackupRow,
  type BackupTable,
} from './backup-form.ts'

const LINE_FEED = 0x0a
const PRIVATE_FILE_MODE = 0o600

/**
 * Writes the lines beside the place, and gives the file its name when all of it is on the disk. Returns its size.
 *
 * Throws: the errors of the file system; EEXIST when the place is taken.
 */
export async function writeBackupFile(
  path: string,
  lines: AsyncIterable<Uint8Array>,
): Promise<number> {
  const name = `.${basename(path)}.${randomBytes(8).toString('hex')}.part`
  const draft = join(dirname(path), name)
  try {
    const sink = createWriteStream(draft, { flags: 'wx', mode: PRIVATE_FILE_MODE, flush: true })
    await pipeline(Readable.from(lines), createGzip(), sink)
    // A link fails where something stands already; a rename would replace it.
    await link(draft, path)
    return sink.bytesWritten
  } finally {
    await rm(draft, { force: true })
  }
}

/** What is told of a backup as it is read. */
export interface BackupVisitor {
  begin(head: BackupHead): Promise<void>
  table(table: BackupTable): Promise<void>
  row(row: BackupRow): Promise<void>
}

/**
 * Reads a backup to its end. What was told before counts only when this returns.
 *
 * Trust: form and checksum are checked; whoever can write the file can write both.
 * Throws: ERR_HUB_BACKUP, what the visitor throws, the errors of the file system.
 */
export async function readBackupFile(path: string, visitor: BackupVisitor): Promise<void> {
  const hash = createHash('sha256')
  let [rowCount, isBegun, isEnded] = [0, false, false]
  for await (const bytes of linesOf(path)) {
    if (isEnded) throw badBackup('something follows its end')
    if (!isBegun) {
      await visitor.begin(parseLine(BackupHead, bytes))
      isBegun = true
    } else {
      const line = parseLine(BackupLine, bytes)
      if ('end' in line) {
        const { end } = line
        const digest = `sha256:${hash.digest('hex')}`
        if (end.rowCount !== rowCount || end.digest !== digest) {
          throw badBackup('its checksum is another')
        }
        isEnded = true
        continue
      }
      if ('table' in line) await visitor.table(line)
      else {
        rowCount += 1
        await visitor.row(line)
      }
    }
    hash.update(bytes).update('\n')
  }
  if (!isEnded) throw badBackup('its end is missing')
}

function parseLine<T>(shape: z.ZodType<T>, bytes: Uint8Array): T {
  let value: unknown
  try {
    value = parseJson(bytes, MAX_LINE_BYTES)
  } catch (cause) {
    throw badBackup('a line of it is not JSON', cause)
  }
  const parsed = shape.safeParse(value)
  if (parsed.success) return parsed.data
  throw badBackup('a line of it has another form', parsed.error)
}

async function* linesOf(path: string): AsyncGenerator<Uint8Array> {
  const source = createReadStream(path)
  const unzipped = createGunzip()
  source.on('error', (error) => unzipped.destroy(error))
  source.pipe(unzipped)
  let rest: Uint8Array[] = []
  let length = 0
  try {
    for await (const chunk of unzipped as AsyncIterable<Buffer>) {
      let from = 0
      for (let at = chunk.indexOf(LINE_FEED); at !== -1; at = chunk.indexOf(LINE_FEED, from)) {
        yield Buffer.concat([...rest, chunk.subarray(from, at)])
        ;[rest, length, from] = [[], 0, at + 1]
      }
      rest.push(chunk.subarray(from))
      length += chunk.length - from
      if (length > MAX_LINE_BYTES) throw badBackup('a line of it is too long')
    }
  } catch (error) {
    const { code } = error as { code?: unknown }
    throw typeof code === 'string' && code.startsWith('Z_')
      ? badBackup('it is damaged', error)
      : error
  } finally {
    source.destroy()
  }
  if (length > 0) throw badBackup('its last line is cut off')
}
