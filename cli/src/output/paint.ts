// SPDX-License-Identifier: Apache-2.0
/** Colours, where a terminal shows them. A colour never says what the text does not say. */
import type { Writable } from 'node:stream'
import { styleText } from 'node:util'

/** Puts a colour on text, or leaves it as it is. */
export interface Paint {
  /** Done, stands, verified. */
  good(text: string): string
  /** Needs you. */
  warn(text: string): string
  /** Refused or failed. */
  bad(text: string): string
  /** Identifiers and the less important. */
  dim(text: string): string
  /** What the eye should find first. */
  strong(text: string): string
}

/** Colours for one stream; plain text when it is no terminal, on NO_COLOR, or when `isWanted` is false. */
export function makePaint(stream: Writable, isWanted: boolean): Paint {
  const paint = (format: Parameters<typeof styleText>[0]) => (text: string) =>
    isWanted ? styleText(format, text, { stream }) : text
  return {
    good: paint('green'),
    warn: paint('yellow'),
    bad: paint('red'),
    dim: paint('dim'),
    strong: paint('bold'),
  }
}

/** Colours that are none, for text that goes into a file or a test. */
export const PLAIN: Paint = {
  good: (text) => text,
  warn: (text) => text,
  bad: (text) => text,
  dim: (text) => text,
  strong: (text) => text,
}
