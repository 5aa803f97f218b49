// SPDX-License-Identifier: Apache-2.0
/** The two voices of a command: stdout is the answer, stderr is the conversation. */
import { makePaint } from './paint.ts'
import type { Paint } from './paint.ts'
import { safeJson } from './safe-text.ts'

/** How a person wants to be spoken to. */
export interface Manner {
  readonly isJson: boolean
  readonly isQuiet: boolean
  readonly isColoured: boolean
}

/** Where a command says what. */
export interface Talk {
  readonly manner: Manner
  /** Colours of the answer. */
  readonly paint: Paint
  /** Colours of the conversation. */
  readonly aside: Paint
  /** Prints the answer for people, or with `--json` the document instead. Called once. */
  answer(document: object, screen: () => string): void
  /** One line of a stream: with `--json` one JSON document on one line. */
  event(document: object, screen: () => string): void
  /** Says something that is not the answer. Silent under `--json` and `--quiet`. */
  say(text: string): void
  /** Says something that must be heard even under `--quiet`: warnings. */
  warn(text: string): void
}

/** The voices of this process. */
export function makeTalk(manner: Manner): Talk {
  const paint = makePaint(process.stdout, manner.isColoured)
  const aside = makePaint(process.stderr, manner.isColoured)
  const print = (text: string) => process.stdout.write(text === '' ? '' : `${text}\n`)
  const tell = (text: string) => process.stderr.write(`${text}\n`)
  return {
    manner,
    paint,
    aside,
    answer: (document, screen) => void print(manner.isJson ? safeJson(document) : screen()),
    event: (document, screen) => void print(manner.isJson ? oneLine(document) : screen()),
    say: (text) => void (manner.isJson || manner.isQuiet || tell(text)),
    warn: (text) => void (manner.isJson || tell(`${aside.warn('warning')}  ${text}`)),
  }
}

function oneLine(document: object): string {
  // Line breaks of the indented form stand between tokens only, so dropping them keeps the document.
  return safeJson(document).replace(/\n\s*/g, '')
}
