// SPDX-License-Identifier: Apache-2.0
/** What one check of the doctor found. */

/** One finding. `remedy` is there unless all is well. */
export interface Finding {
  readonly state: 'ok' | 'warning' | 'failed'
  /** What was looked at, in one word. */
  readonly check: string
  /** One line. */
  readonly text: string
  readonly code?: string
  readonly remedy?: string
}

/** A check: it finds one or more things and never throws. */
export type Check = () => Promise<Finding[]>

/** A finding that all is well. */
export function ok(check: string, text: string): Finding {
  return { state: 'ok', check, text }
}

/** A finding that needs someone, but stops nothing. */
export function warning(check: string, text: string, remedy: string): Finding {
  return { state: 'warning', check, text, remedy }
}

/** A finding that stops something. */
export function failed(
  check: string,
  text: string,
  about: { code: string; remedy: string },
): Finding {
  return { state: 'failed', check, text, ...about }
}
