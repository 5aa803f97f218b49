// SPDX-License-Identifier: Apache-2.0
/** What an agent takes for a head of its hub, and for a head of its own log. */
import { describe, expect, it } from '@jest/globals'
import {
  HUB_ORIGIN,
  hubSizeOf,
  judgeGrowth,
  judgeOwnHead,
  signCheckpoint,
} from '@sallyport/core/audit'
import { signNote } from '../../src/audit/signed-note.ts'
import { KEY, ORIGIN, OTHER_KEY, logOf } from './memory-audit-store.ts'

const OWN = { origin: ORIGIN, key: KEY }
const ROOT = new Uint8Array(32).fill(5)

describe('a head of the log of a hub', () => {
  const body = (origin: string): string => `${origin}\n1\n${Buffer.from(ROOT).toString('base64')}\n`
  const note = (origin: string): string => signNote(body(origin), HUB_ORIGIN, OTHER_KEY)

  it('is one of that log alone, whatever else the key of the hub has signed', () => {
    const grown = { old: undefined, path: [] }
    const { publicKey } = OTHER_KEY
    expect(judgeGrowth(publicKey, { ...grown, note: note(HUB_ORIGIN) })).toBeUndefined()
    expect(judgeGrowth(publicKey, { ...grown, note: note(ORIGIN) })).toMatch(/did not sign/)
    expect(judgeGrowth(publicKey, { ...grown, note: 'nothing' })).toMatch(/did not sign/)
    expect(judgeGrowth(KEY.publicKey, { ...grown, note: note(HUB_ORIGIN) })).toMatch(/did not sign/)
    expect(hubSizeOf({ key: publicKey, note: note(HUB_ORIGIN) })).toBe(1)
    expect(hubSizeOf({ key: publicKey, note: note(ORIGIN) })).toBe(0)
    expect(hubSizeOf(undefined)).toBe(0)
  })
})

describe('a head of this log that somebody kept', () => {
  const { log } = logOf(2, 3)
  const headOf = (size: number, epoch: number, root = ROOT, key = KEY): string =>
    signCheckpoint({ origin: epoch === 0 ? ORIGIN : `${ORIGIN}/${epoch}`, size, root }, key)
  const judged = (note: string) => judgeOwnHead(note, log, OWN)

  it('of a later epoch says that this one was set back, be it shorter than the log or longer', () => {
    for (const size of [1, 5, 9]) {
      expect(judged(headOf(size, 1))).toEqual({ kind: 'set-back', epoch: 1, size })
    }
  })

  it('that is longer says so too, and one of the same size or smaller says that there are two', () => {
    expect(judged(headOf(6, 0))).toEqual({ kind: 'set-back', epoch: 0, size: 6 })
    for (const size of [2, 5]) {
      expect(judged(headOf(size, 0))).toEqual({ kind: 'fork', epoch: 0, size })
      const own = judged(headOf(size, 0, Uint8Array.from(log.rootAt(size))))
      expect(own).toEqual({ kind: 'fits', size, isOlder: false })
    }
  })

  it('counts with the signature of this agent alone', () => {
    expect(judged(headOf(6, 0, ROOT, OTHER_KEY))).toMatchObject({ kind: 'foreign' })
    expect(judged(headOf(6, 1, ROOT, OTHER_KEY))).toMatchObject({ kind: 'foreign' })
    expect(judged('nothing')).toMatchObject({ kind: 'foreign' })
  })
})
