// SPDX-License-Identifier: Apache-2.0
/** Reads what is left of a JSON text: objects in order, duplicate keys kept, everything broken set aside. */

/** An object of the text. `isCut` when the text ended inside it or a part of it; `junk` holds lines that are no JSON. */
export interface LooseNode {
  readonly key: string | undefined
  readonly members: { readonly key: string; readonly value: LooseValue }[]
  readonly junk: string[]
  isCut: boolean
}

/** A value; `null` where the text has NaN, an infinity or nothing readable. */
export type LooseValue = number | string | null | LooseNode

type Token =
  | { kind: 'open' | 'close' | 'space' | 'cut'; end: number }
  | { kind: 'key' | 'text' | 'junk'; text: string; end: number }
  | { kind: 'scalar'; value: number | null; end: number }

/**
 * Reads a text that should be JSON and often is not quite.
 *
 * Shape: members of the result are members of any document in the text, also of several documents in a row and
 * of a fragment without its outer braces. Stray commas are passed over. One pass, no recursion.
 */
export function parseLoose(text: string): LooseNode {
  const root = makeNode(undefined)
  const open = [root]
  let key: string | undefined
  for (let at = 0; at < text.length;) {
    const token = nextToken(text, at)
    const node = open.at(-1)!
    at = token.end
    if (token.kind === 'space') continue
    if (token.kind === 'open') open.push(openNode(node, key))
    else if (token.kind === 'close' && open.length > 1) open.pop()
    else if (token.kind === 'junk') node.junk.push(token.text)
    else if (token.kind === 'scalar' && key !== undefined) {
      node.members.push({ key, value: token.value })
    } else if (token.kind === 'text' && key !== undefined) {
      node.members.push({ key, value: token.text })
    }
    key = token.kind === 'key' ? token.text : undefined
  }
  root.isCut = open.length > 1
  for (const node of open.slice(1)) node.isCut = true
  return root
}

// A document has no key: its members belong to whatever it stands in.
function openNode(parent: LooseNode, key: string | undefined): LooseNode {
  if (key === undefined) return { ...parent, isCut: false }
  const node = makeNode(key)
  parent.members.push({ key, value: node })
  return node
}

function makeNode(key: string | undefined): LooseNode {
  return { key, members: [], junk: [], isCut: false }
}

const SPACE = /[\s,:[\]]+/y
const WORD = /[^\s,:[\]{}"]+/y
const NUMBER = /^[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?$/i
const NO_NUMBER = /^[-+]?(nan|inf|infinity|null|n\/a)$/i

function nextToken(text: string, at: number): Token {
  if (text[at] === '{') return { kind: 'open', end: at + 1 }
  if (text[at] === '}') return { kind: 'close', end: at + 1 }
  if (text[at] === '"') return stringToken(text, at)
  const space = matchAt(SPACE, text, at)
  if (space !== undefined) return { kind: 'space', end: at + space.length }
  return wordToken(text, at, matchAt(WORD, text, at)!)
}

// A number that touches the end of the text may have lost digits, so it is no number.
function wordToken(text: string, at: number, word: string): Token {
  const end = at + word.length
  if (NO_NUMBER.test(word)) return { kind: 'scalar', value: null, end }
  if (!NUMBER.test(word)) return junkToken(text, at)
  return end === text.length ? { kind: 'cut', end } : { kind: 'scalar', value: Number(word), end }
}

/** What JSON may have behind a string. */
const CLOSING: ReadonlySet<string> = new Set([':', ',', '}', '\n'])

// Labels are printed unescaped, so a quote ends a string only where JSON could go on behind it.
function stringToken(text: string, at: number): Token {
  const lineEnd = endOfLine(text, at)
  for (let quote = text.indexOf('"', at + 1); quote >= 0; quote = text.indexOf('"', quote + 1)) {
    if (quote >= lineEnd) break
    const after = matchAt(/[^\S\n]*/y, text, quote + 1)!.length + quote + 1
    const next = text[after] ?? '\n'
    if (!CLOSING.has(next)) continue
    const content = unescape(text.slice(at + 1, quote))
    if (next === ':') return { kind: 'key', text: content, end: after + 1 }
    return { kind: 'text', text: content, end: quote + 1 }
  }
  return lineEnd === text.length ? { kind: 'cut', end: lineEnd } : junkToken(text, at)
}

function junkToken(text: string, at: number): Token {
  const end = endOfLine(text, at)
  return { kind: 'junk', text: text.slice(at, end).trim(), end }
}

function endOfLine(text: string, at: number): number {
  const end = text.indexOf('\n', at)
  return end < 0 ? text.length : end
}

function matchAt(pattern: RegExp, text: string, at: number): string | undefined {
  pattern.lastIndex = at
  return pattern.exec(text)?.[0]
}

// Only escapes that JSON knows; any other backslash was printed as it is.
function unescape(text: string): string {
  return text.replace(/\\(?:u([0-9a-f]{4})|(["\\/]))/gi, (_all, hex: string, plain: string) =>
    hex === undefined ? plain : String.fromCharCode(Number.parseInt(hex, 16)),
  )
}
