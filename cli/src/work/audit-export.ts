// SPDX-License-Identifier: Apache-2.0
/** Writes entries of an audit log for other programs. */
import { open, rm } from 'node:fs/promises'
import type { FileHandle } from 'node:fs/promises'
import { once } from 'node:events'
import { EXPORT_FORMATS } from '../audit/formats/index.ts'
import { withLog } from '../audit/open-log.ts'
import type { LogPlace, OpenLog } from '../audit/open-log.ts'
import { selectionOf } from '../audit/selection.ts'
import type { Selection, TypedSelection } from '../audit/selection.ts'
import type { Home } from '../home.ts'
import { EXIT } from '../output/exit-codes.ts'
import { fileExists } from '../output/file-exists.ts'
import { Problem } from '../output/problem.ts'
import type { Talk } from '../output/talk.ts'
import { counted } from '../output/words.ts'

/** What is asked for. */
export interface ExportRequest extends LogPlace, TypedSelection {
  readonly format: keyof typeof EXPORT_FORMATS
  /** Standard output unless given. */
  readonly out?: string | undefined
}

/** Enough for one write. */
const BATCH_CHARACTERS = 65_536

/** Writes them. Throws: ERR_USAGE, ERR_FILE_EXISTS, ERR_AUDIT_BROKEN, ERR_NOT_ENROLLED. */
export async function auditExport(
  { home, talk }: { home: Home; talk: Talk },
  asked: ExportRequest,
): Promise<void> {
  const { format, out } = asked
  const fits = selectionOf(asked, Date.now())
  if (talk.manner.isJson && out === undefined) throw needsFile()
  await withLog({ home, talk, place: asked }, async (log) => {
    if (out === undefined) {
      await toStandardOutput(batches(log, { fits, format }))
      return
    }
    const entryCount = await toFile(out, batches(log, { fits, format }))
    const { agent, isVerified } = log
    const document = {
      format: 'sallyport.audit-export/1',
      agent,
      isVerified,
      file: out,
      entryCount,
    }
    const what = counted(entryCount, 'entry', 'entries')
    talk.answer(document, () => `${talk.paint.good('written')} ${out}: ${what} of ${agent.name}`)
  })
}

interface Batch {
  readonly text: string
  readonly entryCount: number
}

function* batches(
  { agent, entries }: OpenLog,
  { fits, format }: { fits: Selection; format: keyof typeof EXPORT_FORMATS },
): Generator<Batch> {
  const { head, record } = EXPORT_FORMATS[format]
  let [text, entryCount] = [head, 0]
  for (const entry of entries) {
    if (!fits(entry)) continue
    text += record(agent, entry)
    entryCount += 1
    if (text.length < BATCH_CHARACTERS) continue
    yield { text, entryCount }
    ;[text, entryCount] = ['', 0]
  }
  yield { text, entryCount }
}

async function toStandardOutput(all: Iterable<Batch>): Promise<void> {
  for (const { text } of all) {
    if (!process.stdout.write(text)) await once(process.stdout, 'drain')
  }
}

/** Why gone again when it fails: half a file looks like a whole one. */
async function toFile(file: string, all: Iterable<Batch>): Promise<number> {
  await using handle = await openNew(file)
  let count = 0
  try {
    for (const { text, entryCount } of all) {
      await handle.write(text)
      count += entryCount
    }
  } catch (error) {
    await rm(file)
    throw error
  }
  return count
}

async function openNew(file: string): Promise<FileHandle> {
  try {
    return await open(file, 'wx', 0o600)
  } catch (error) {
    throw (error as NodeJS.ErrnoException).code === 'EEXIST' ? fileExists(file) : error
  }
}

function needsFile(): Problem {
  return new Problem('ERR_USAGE', '--json has nowhere to go beside the entries themselves', {
    exit: EXIT.usage,
    unharmed: 'Nothing was written.',
    remedy: 'Write the entries into a file with --out, or leave --json out.',
  })
}
