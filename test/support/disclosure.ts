// SPDX-License-Identifier: Apache-2.0
/** Looks for words in bytes, whatever they are written in: what a thief of a database would try. */
import { createHash } from 'node:crypto'

/** Bytes and where they are from. */
export interface Haystack {
  readonly where: string
  readonly bytes: Buffer
}

/** A word that was found. */
export interface Disclosure {
  readonly word: string
  readonly form: string
  readonly where: string
}

/** Levels of text within text that are read: base64url of an envelope with a payload with an envelope, and one more. */
const MAX_DEPTH = 4
const HASHES = ['md5', 'sha1', 'sha256', 'sha512'] as const
/** Long enough to be no word of a language. */
const ENCODED = /[A-Za-z0-9+/_-]{12,}={0,2}/g

/** Every word in every form; of names that hold one of the words, their plain hashes. */
export function disclosuresIn(
  all: readonly Haystack[],
  words: readonly string[],
  names: readonly string[] = [],
): Disclosure[] {
  const known = words.flatMap((word) => formsOf(word).map((form) => ({ word, ...form })))
  const hashed = [...words, ...names]
  const digests = new Map(hashed.flatMap((word) => digestsOf(word).map((text) => [text, word])))
  return all.flatMap(unfold).flatMap(({ where, bytes }) => {
    const text = bytes.toString('latin1')
    const lower = text.toLowerCase()
    const found = known.filter(({ needle, isExact }) => (isExact ? text : lower).includes(needle))
    const asHash = [...lower.matchAll(/[0-9a-f]{32,128}/g), ...text.matchAll(/[\w+/-]{22,88}/g)]
      .flatMap(([run]) => digests.get(run) ?? [])
      .map((word) => ({ word, form: 'hash' }))
    return [...found, ...asHash].map(({ word, form }) => ({ word, form, where }))
  })
}

interface Form {
  readonly form: string
  /** In lower case unless it `isExact`. Characters are bytes. */
  readonly needle: string
  readonly isExact: boolean
}

/** A word as text in either case, reversed, in two bytes a character, as digits, escaped, and as base64 at each offset. */
export function formsOf(word: string): Form[] {
  const bytes = Buffer.from(word)
  const lower = word.toLowerCase()
  const hex = bytes.toString('hex')
  const utf16 = Buffer.from(lower, 'utf16le')
  const loose: [string, string][] = [
    ['plain', lower],
    ['reversed', [...lower].toReversed().join('')],
    ['hexadecimal', hex],
    ['hexadecimal of capitals', Buffer.from(word.toUpperCase()).toString('hex')],
    ['UTF-16, little end first', utf16.toString('latin1')],
    ['UTF-16, big end first', Buffer.from(utf16).swap16().toString('latin1')],
    ['URL-encoded', encodeURIComponent(lower).toLowerCase()],
    ['URL-encoded whole', hex.replace(/../g, '%$&')],
    ['escaped', [...lower].map((c) => `\\u00${c.charCodeAt(0).toString(16)}`).join('')],
  ]
  const exact = new Set([word, word.toUpperCase()].flatMap((each) => base64At(Buffer.from(each))))
  return [
    ...loose.map(([form, needle]) => ({ form, needle, isExact: false })),
    ...[...exact].map((needle) => ({ form: 'base64', needle, isExact: true })),
  ]
}

/** What all texts that hold these bytes have in common, for each of the three places within four digits. */
function base64At(bytes: Buffer): string[] {
  return [0, 1, 2].flatMap((offset) => {
    const padded = Buffer.concat([Buffer.alloc(offset), bytes])
    const whole = padded.subarray(0, padded.length - (padded.length % 3)).toString('base64')
    const sure = whole.slice(offset === 0 ? 0 : 4)
    return [sure, sure.replaceAll('+', '-').replaceAll('/', '_')]
  })
}

function digestsOf(word: string): string[] {
  return HASHES.flatMap((name) => {
    const digest = createHash(name).update(word).digest()
    const half = digest.subarray(0, 16)
    return [digest, half].flatMap((bytes) => [
      bytes.toString('hex'),
      bytes.toString('base64url'),
      bytes.toString('base64'),
    ])
  })
}

/** The bytes, and what any encoded text in them says, and what is in that. */
function unfold(stack: Haystack): Haystack[] {
  const all = [stack]
  for (let [level, depth] = [[stack], 0]; level.length > 0 && depth < MAX_DEPTH; depth += 1) {
    level = level.flatMap(decoded)
    all.push(...level)
  }
  return all
}

function decoded({ where, bytes }: Haystack): Haystack[] {
  const runs = bytes.toString('latin1').match(ENCODED) ?? []
  const texts = runs.map((run) => Buffer.from(run, 'base64'))
  return texts.length === 0 ? [] : [{ where: `${where}, decoded`, bytes: joined(texts) }]
}

/** Why a line break between them: two texts that meet make no word. */
function joined(texts: readonly Buffer[]): Buffer {
  return Buffer.concat(texts.flatMap((text) => [text, Buffer.from('\n')]))
}
