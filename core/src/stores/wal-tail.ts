// SPDX-License-Identifier: Apache-2.0
/** What stands in a write-ahead log after its last whole transaction. Source: SQLite "Write-Ahead Log File Format". */
import { readFileSync } from 'node:fs'
import { CodedError } from '@sallyport/sdk'

const HEADER_BYTES = 32
const FRAME_HEADER_BYTES = 24
/** With the last bit set, checksums are of big-endian words. */
const MAGIC = 0x37_7f_06_82

interface Frame {
  readonly isWhole: boolean
  readonly isCommit: boolean
}

/**
 * Reads a write-ahead log before SQLite does, and returns how many of its frames belong to a transaction that a crash cut
 * off; 0 when there is no log.
 *
 * Why: SQLite reads up to the first frame that is damaged and takes the rest for never written. That is right for the
 * last transaction, which nobody was told of, and loses those after it when an earlier frame was damaged later.
 * Throws: ERR_STORE_CORRUPT when a damaged frame is followed by a further transaction.
 */
export function tornFrames(path: string): number {
  const bytes = readLog(path)
  if (bytes === undefined || bytes.byteLength < HEADER_BYTES) return 0
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  if ((view.getUint32(0) & 0xff_ff_ff_fe) >>> 0 !== MAGIC) return 0
  const frames = framesIn(view)
  const firstBad = frames.findIndex(({ isWhole }) => !isWhole)
  const end = firstBad < 0 ? frames.length : firstBad
  const lastCommit = frames.slice(0, end).findLastIndex(({ isCommit }) => isCommit)
  const ownCommit = frames.findIndex(({ isCommit }, n) => n >= end && isCommit)
  if (firstBad >= 0 && ownCommit >= 0 && ownCommit < frames.length - 1) {
    const message = `${path} is damaged at frame ${firstBad}, and transactions follow it. Keep a copy of the folder.`
    throw new CodedError('ERR_STORE_CORRUPT', message, { details: { path, frame: firstBad } })
  }
  return frames.length - 1 - lastCommit
}

/** The frames of the newest generation, in their order; those of an older one have another salt. */
function framesIn(view: DataView): Frame[] {
  const isLittle = (view.getUint32(0) & 1) === 0
  const frameBytes = FRAME_HEADER_BYTES + view.getUint32(8)
  const salt = view.getBigUint64(16)
  const sum = new Sum(view, isLittle)
  sum.add(0, 24)
  const frames: Frame[] = []
  for (let at = HEADER_BYTES; at + frameBytes <= view.byteLength; at += frameBytes) {
    if (view.getBigUint64(at + 8) !== salt) break
    sum.add(at, 8)
    sum.add(at + FRAME_HEADER_BYTES, frameBytes - FRAME_HEADER_BYTES)
    const isWhole = sum.is(view.getUint32(at + 16), view.getUint32(at + 20))
    frames.push({ isWhole, isCommit: view.getUint32(at + 4) !== 0 })
    // Each checksum goes on from the one before, as it stands in the file.
    sum.set(view.getUint32(at + 16), view.getUint32(at + 20))
  }
  return frames
}

/** Source: SQLite "Write-Ahead Log File Format", "Checksum Algorithm". */
class Sum {
  readonly #view: DataView
  readonly #isLittle: boolean
  #first = 0
  #second = 0

  constructor(view: DataView, isLittle: boolean) {
    this.#view = view
    this.#isLittle = isLittle
  }

  add(from: number, length: number): void {
    for (let at = from; at < from + length; at += 8) {
      this.#first = (this.#first + this.#view.getUint32(at, this.#isLittle) + this.#second) >>> 0
      this.#second =
        (this.#second + this.#view.getUint32(at + 4, this.#isLittle) + this.#first) >>> 0
    }
  }

  is(first: number, second: number): boolean {
    return this.#first === first && this.#second === second
  }

  set(first: number, second: number): void {
    this.#first = first
    this.#second = second
  }
}

function readLog(path: string): Uint8Array | undefined {
  try {
    return readFileSync(path)
  } catch {
    return undefined
  }
}
