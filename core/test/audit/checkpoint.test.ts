// SPDX-License-Identifier: Apache-2.0
/** Checkpoints: exact text, exact reading, and no belief without the signature of this log. */
import { describe, expect, it } from '@jest/globals'
import {
  auditOrigin,
  parseCheckpoint,
  rootOf,
  signCheckpoint,
  verifyCheckpoint,
} from '@sallyport/core/audit'
import { signNote } from '../../src/audit/signed-note.ts'
import { AGENT_ID, KEY, ORIGIN, OTHER_KEY } from './memory-audit-store.ts'

const ROOT = rootOf([])
const ROOT_TEXT = '47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU='
const NOTE = signCheckpoint({ origin: ORIGIN, size: 20_852_163, root: ROOT }, KEY)

const signed = (text: string): string => signNote(text, ORIGIN, KEY)

describe('a checkpoint', () => {
  it('is origin, size and root on three lines, signed under the origin', () => {
    const [origin, size, root, blank, signature, end] = NOTE.split('\n')
    expect(origin).toBe(`sallyport/agent/${AGENT_ID}`)
    expect([size, root, blank, end]).toEqual(['20852163', ROOT_TEXT, '', ''])
    expect(signature).toMatch(new RegExp(`^\u2014 ${origin} [A-Za-z0-9+/]{90}[A-Za-z0-9+/=]{2}$`))
  })

  it('has the same bytes whenever it is signed again', () => {
    expect(signCheckpoint({ origin: ORIGIN, size: 20_852_163, root: ROOT }, KEY)).toBe(NOTE)
  })

  it('comes back as it was', () => {
    const verdict = verifyCheckpoint(NOTE, ORIGIN, KEY.publicKey)
    expect(verdict).toEqual({
      ok: true,
      checkpoint: { origin: ORIGIN, size: 20_852_163, root: ROOT },
      epoch: 0,
    })
  })

  it('may be of an empty log and may carry further lines', () => {
    expect(parseCheckpoint(signed(`${ORIGIN}\n0\n${ROOT_TEXT}\n`)).size).toBe(0)
    expect(parseCheckpoint(signed(`${ORIGIN}\n1\n${ROOT_TEXT}\nmore\n`)).size).toBe(1)
  })

  it.each([
    ['two lines', `${ORIGIN}\n1\n`],
    ['one line', `${ORIGIN}\n`],
    ['an empty origin', `\n1\n${ROOT_TEXT}\n`],
    ['a size with a leading zero', `${ORIGIN}\n01\n${ROOT_TEXT}\n`],
    ['a negative size', `${ORIGIN}\n-1\n${ROOT_TEXT}\n`],
    ['a size beyond all counting', `${ORIGIN}\n9007199254740993\n${ROOT_TEXT}\n`],
    ['a short root', `${ORIGIN}\n1\nAAAA\n`],
    ['an empty line among the further ones', `${ORIGIN}\n1\n${ROOT_TEXT}\nmore\n\nmore\n`],
  ])('is not read from %s', (_, text) => {
    expect(() => parseCheckpoint(signed(text))).toThrowCode('ERR_CHECKPOINT_FORM')
    expect(verifyCheckpoint(signed(text), ORIGIN, KEY.publicKey)).toEqual({
      ok: false,
      why: 'it does not have the form of a checkpoint',
    })
  })

  it('is not read from a root in another alphabet', () => {
    const text = `${ORIGIN}\n1\n${ROOT_TEXT.replaceAll('+', '-').replaceAll('/', '_')}\n`
    expect(() => parseCheckpoint(signed(text))).toThrowCode('ERR_NOTE_FORM')
  })

  it('is not believed when another log signed it, or another key', () => {
    const other = auditOrigin('01890a5d-ac96-774b-bcce-b302099a8058')
    const foreign = signCheckpoint({ origin: other, size: 1, root: ROOT }, KEY)
    expect(verifyCheckpoint(foreign, ORIGIN, KEY.publicKey)).toEqual({
      ok: false,
      why: 'it is of another log',
    })
    expect(verifyCheckpoint(NOTE, ORIGIN, OTHER_KEY.publicKey)).toEqual({
      ok: false,
      why: 'it is not signed by the key of this log',
    })
  })

  it('is not believed with one character altered, wherever it is', () => {
    for (let at = 0; at < NOTE.length; at += 1) {
      const letter = NOTE[at] === 'A' ? 'B' : 'A'
      const text = `${NOTE.slice(0, at)}${letter}${NOTE.slice(at + 1)}`
      expect(verifyCheckpoint(text, ORIGIN, KEY.publicKey).ok).toBe(false)
    }
  })

  it('lets an accident of its reader through', () => {
    expect(() => verifyCheckpoint(undefined as unknown as string, ORIGIN, KEY.publicKey)).toThrow(
      TypeError,
    )
  })
})
