// SPDX-License-Identifier: Apache-2.0
/** Small private files of the operator: strict JSON, written whole or not at all, readable by this account alone. */
import { mkdir, readFile, readdir } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { encodeJson, parseJson } from '@sallyport/core/protocol'
import { CodedError } from '@sallyport/sdk'
import type { z } from 'zod'

const MAX_RECORD_BYTES = 1_048_576

/** Reads a record; undefined when there is none. Throws: ERR_RECORD_FORM, ERR_JSON_… */
export async function readRecord<T>(path: string, shape: z.ZodType<T>): Promise<T | undefined> {
  const bytes = await readFile(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined
    throw error
  })
  if (bytes === undefined) return undefined
  const checked = shape.safeParse(parseJson(bytes, MAX_RECORD_BYTES))
  if (checked.success) return checked.data
  const [issue] = checked.error.issues
  throw new CodedError('ERR_RECORD_FORM', `${path} is damaged`, {
    details: { path, at: issue?.path.join('.'), why: issue?.message },
  })
}

/** Writes a record with mode 0600 in a folder with mode 0700. */
export async function writeRecord<T>(path: string, shape: z.ZodType<T>, value: T): Promise<void> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 })
  // Commands that only read do not pay for loading the database.
  const { writeDurably } = await import('@sallyport/core/stores')
  writeDurably(path, encodeJson(shape.parse(value)), { mustBeNew: false })
}

/** Reads every record of a folder; none when there is no folder. */
export async function readRecords<T>(folder: string, shape: z.ZodType<T>): Promise<T[]> {
  const names = await readdir(folder).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return []
    throw error
  })
  const paths = names.filter((name) => name.endsWith('.json')).sort()
  const records = await Promise.all(paths.map((name) => readRecord(join(folder, name), shape)))
  return records.filter((record) => record !== undefined)
}
