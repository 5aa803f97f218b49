// SPDX-License-Identifier: Apache-2.0
/** Which of two versions is the higher one. */

/**
 * Orders versions: below zero when `one` is lower than `other`, zero when neither is.
 *
 * Shape: both have passed `Version`. Numbers are compared as digits, so that none is too large.
 * Source: Semantic Versioning 2.0.0, section 11.
 */
export function compareVersions(one: string, other: string): number {
  const [a, b] = [parse(one), parse(other)]
  const release = compareLists(a.release, b.release)
  if (release !== 0 || a.pre === b.pre) return release
  if (a.pre === undefined) return 1
  if (b.pre === undefined) return -1
  return compareLists(a.pre.split('.'), b.pre.split('.'))
}

function parse(version: string): { release: string[]; pre: string | undefined } {
  const dash = version.indexOf('-')
  const release = (dash < 0 ? version : version.slice(0, dash)).split('.')
  return { release, pre: dash < 0 ? undefined : version.slice(dash + 1) }
}

/** A list that begins with the whole of another one is the higher of the two. */
function compareLists(one: readonly string[], other: readonly string[]): number {
  for (const [at, a] of one.entries()) {
    const b = other[at]
    if (b === undefined) return 1
    const order = compareIdentifiers(a, b)
    if (order !== 0) return order
  }
  return one.length - other.length
}

/** Numbers by value and below any word; words by their characters. */
function compareIdentifiers(one: string, other: string): number {
  const [a, b] = [digitsOf(one), digitsOf(other)]
  if (a !== undefined && b !== undefined) return a.length - b.length || compareText(a, b)
  if (a !== undefined) return -1
  if (b !== undefined) return 1
  return compareText(one, other)
}

function digitsOf(identifier: string): string | undefined {
  return /^[0-9]+$/.test(identifier) ? identifier.replace(/^0+(?=.)/, '') : undefined
}

function compareText(one: string, other: string): number {
  if (one === other) return 0
  return one < other ? -1 : 1
}
