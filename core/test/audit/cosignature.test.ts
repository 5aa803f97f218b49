// SPDX-License-Identifier: Apache-2.0
/** A witness's signature on a head: it counts for exactly this head, this time, this witness. */
import { describe, expect, it } from '@jest/globals'
import {
  HUB_ORIGIN,
  cosignCheckpoint,
  rootOf,
  signCheckpoint,
  verifyCheckpoint,
  verifyCosignature,
} from '@sallyport/core/audit'
import { AT_MS, KEY, ORIGIN, OTHER_KEY } from './memory-audit-store.ts'

const NOTE = signCheckpoint({ origin: ORIGIN, size: 3, root: rootOf([]) }, KEY)
const WITNESSED = cosignCheckpoint(NOTE, { key: OTHER_KEY, atMs: AT_MS + 999 })

describe('a cosignature', () => {
  it('says when the head was witnessed, and leaves the signature of the log alone', () => {
    expect(verifyCosignature(WITNESSED, OTHER_KEY.publicKey)).toEqual({ ok: true, atMs: AT_MS })
    expect(verifyCheckpoint(WITNESSED, ORIGIN, KEY.publicKey)).toMatchObject({ ok: true })
    expect(WITNESSED.startsWith(`${NOTE}\u2014 ${HUB_ORIGIN} `)).toBe(true)
  })

  it('is not there under another key or name', () => {
    const why = 'the witness has not signed it'
    expect(verifyCosignature(NOTE, OTHER_KEY.publicKey)).toEqual({ ok: false, why })
    expect(verifyCosignature(WITNESSED, KEY.publicKey)).toEqual({ ok: false, why })
    expect(verifyCosignature(WITNESSED, OTHER_KEY.publicKey, 'other')).toEqual({ ok: false, why })
  })

  it('does not hold over another head or with another time', () => {
    const why = 'the signature of the witness does not hold'
    const moved = WITNESSED.replace('\n3\n', '\n4\n')
    expect(verifyCosignature(moved, OTHER_KEY.publicKey)).toEqual({ ok: false, why })
    const [head, encoded] = WITNESSED.split(`${HUB_ORIGIN} `) as [string, string]
    const bytes = Buffer.from(encoded, 'base64')
    bytes[11] = bytes[11]! ^ 1
    const late = `${head}${HUB_ORIGIN} ${bytes.toString('base64')}\n`
    expect(verifyCosignature(late, OTHER_KEY.publicKey)).toEqual({ ok: false, why })
    const short = `${head}${HUB_ORIGIN} ${bytes.subarray(0, 9).toString('base64')}\n`
    expect(verifyCosignature(short, OTHER_KEY.publicKey)).toEqual({ ok: false, why })
  })

  it('is not read from something that is no note', () => {
    const why = 'it does not have the form of a checkpoint'
    expect(verifyCosignature('x', KEY.publicKey)).toEqual({ ok: false, why })
  })
})
