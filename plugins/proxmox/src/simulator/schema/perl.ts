// SPDX-License-Identifier: GPL-3.0-or-later
/** The vendor's patterns: Perl's, held against the whole text. */

const known = new Map<string, RegExp>()

/** Whether a text as a whole matches a Perl pattern. */
export function matchesPerl(pattern: string, text: string): boolean {
  const expression = known.get(pattern) ?? new RegExp(`^(?:${fromPerl(pattern)})$`)
  known.set(pattern, expression)
  return expression.test(text)
}

/**
 * `(?^:` and `(?^u:` set the flags back, `{,9}` begins at nothing, and `(?>…)` never gives back what it took: that is written as
 * a look ahead and what it found.
 */
function fromPerl(pattern: string): string {
  let atomics = 0
  return pattern
    .replaceAll(/\(\?\^u?:/g, '(?:')
    .replaceAll('(?^i:', '(?i:')
    .replaceAll(/\(\?>([^()]*)\)/g, (_, inside: string) => {
      atomics++
      return `(?:(?=(?<a${atomics}>${inside}))\\k<a${atomics}>)`
    })
    .replaceAll(/\{,(\d+)\}/g, '{0,$1}')
}
