// SPDX-License-Identifier: Apache-2.0
/** What a second look after the run found, in one line. */
import type { Result } from '@sallyport/core/protocol'
import type { Paint } from './paint.ts'
import { safeText } from './safe-text.ts'

/** The verdict and what was seen. Trust: the words are the plugin's. */
export function verdictLine(
  { verdict, message }: NonNullable<Result['verification']>,
  paint: Paint,
): string {
  const word = verdict === 'verified' ? paint.good(verdict) : paint.warn(verdict)
  return `${word}  ${safeText(message)}`
}
