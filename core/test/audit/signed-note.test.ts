// SPDX-License-Identifier: Apache-2.0
/** Signed notes: a published one verifies, ours come back, everything else is refused. */
import { describe, expect, it } from '@jest/globals'
import { noteKeyHash } from '@sallyport/core/audit'
import {
  MAX_NOTE_LENGTH,
  decodeBase64,
  parseNote,
  signNote,
  verifyNote,
} from '../../src/audit/signed-note.ts'
import { KEY, OTHER_KEY } from './memory-audit-store.ts'

/** The example of the Go package golang.org/x/mod/sumdb/note: key and note. */
const PUBLISHED = {
  name: 'PeterNeumann',
  keyHash: 'c74f20a3',
  publicKey: decodeBase64('ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW').slice(1),
  note:
    'If you think cryptography is the answer to your problem,\n' +
    "then you don't know what your problem is.\n\n" +
    '\u2014 PeterNeumann ' +
    'x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n',
}

const NAME = 'sallyport/agent/a'
const NOTE = signNote('one\n\ntwo\n', NAME, KEY)
const [SIGNATURE_LINE] = NOTE.split('\n').slice(-2) as [string]

describe('a signed note', () => {
  it('made by another implementation verifies', () => {
    const { name, keyHash, publicKey, note } = PUBLISHED
    expect(Buffer.from(noteKeyHash(name, publicKey)).toString('hex')).toBe(keyHash)
    expect(verifyNote(parseNote(note), name, publicKey)).toBe(true)
    expect(verifyNote(parseNote(note.replace('answer', 'Answer')), name, publicKey)).toBe(false)
  })

  it('comes back with its text, blank lines and all', () => {
    expect(parseNote(NOTE).text).toBe('one\n\ntwo\n')
    expect(verifyNote(parseNote(NOTE), NAME, KEY.publicKey)).toBe(true)
  })

  it('is not verified under another name or by another key', () => {
    expect(verifyNote(parseNote(NOTE), 'sallyport/agent/b', KEY.publicKey)).toBe(false)
    expect(verifyNote(parseNote(NOTE), NAME, OTHER_KEY.publicKey)).toBe(false)
  })

  it('keeps its worth when a witness adds a line', () => {
    const witness = signNote('one\n\ntwo\n', 'witness.example', OTHER_KEY).split('\n').at(-2)
    const note = parseNote(`${NOTE}${witness}\n`)
    expect(note.signatures.map((signature) => signature.name)).toEqual([NAME, 'witness.example'])
    expect(verifyNote(note, NAME, KEY.publicKey)).toBe(true)
    expect(verifyNote(note, 'witness.example', OTHER_KEY.publicKey)).toBe(true)
  })

  it('loses its worth by one bad line of its own key', () => {
    const other = signNote('three\n', NAME, KEY).split('\n').at(-2)
    expect(verifyNote(parseNote(`${NOTE}${other}\n`), NAME, KEY.publicKey)).toBe(false)
  })

  it.each([
    ['nothing', ''],
    ['text without signatures', 'one\n'],
    ['no newline at the end', NOTE.slice(0, -1)],
    ['no signature line after the blank line', 'one\n\n'],
    ['a blank line at the end', `${NOTE}\n`],
    ['a hyphen for the dash', NOTE.replace('\u2014', '-')],
    ['a name with a plus', NOTE.replace(NAME, 'a+b')],
    ['a name with a space', NOTE.replace(NAME, 'a b')],
    ['a name with a wide space', NOTE.replace(NAME, 'a\u3000b')],
    ['a signature that is not base64', `one\n\n\u2014 ${NAME} ????\n`],
    ['base64 in another spelling', `one\n\n\u2014 ${NAME} AAAAAAB=\n`],
    ['a key hash and no signature', `one\n\n\u2014 ${NAME} AAAAAA==\n`],
    ['a carriage return', NOTE.replace('two', 'two\r')],
    ['a tab', NOTE.replace('two', 'two\t')],
    ['half a character', NOTE.replace('two', '\ud800')],
    ['more text than a note has', `${'x'.repeat(MAX_NOTE_LENGTH)}\n\n${SIGNATURE_LINE}\n`],
  ])('is not read from %s', (_, text) => {
    expect(() => parseNote(text)).toThrowCode('ERR_NOTE_FORM')
  })

  it('is read with the sixteen signatures that every reader must take', () => {
    const note = `${NOTE}${`${SIGNATURE_LINE}\n`.repeat(15)}`
    expect(parseNote(note).signatures).toHaveLength(16)
  })
})
