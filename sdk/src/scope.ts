// SPDX-License-Identifier: Apache-2.0
/** What a scope means: the one reading of path globs and argument shapes, for the broker and for the fakes alike. */
import type { ArgumentShape } from './permission.ts'

/**
 * Whether a path, absolute or `@name/…` below a bound folder, matches one of the globs of a file permission.
 *
 * Trust: pure text; the caller resolves symbolic links first. A path with an empty, `.` or `..` segment never matches.
 * Shape: `*` is any text within one segment, `**` as a whole segment any number of segments, also none. A bound folder
 * is covered only by globs that name it.
 *
 * @example
 * pathMatches(['/sys/class/hwmon/**'], '/sys/class/hwmon') // true
 */
export function pathMatches(globs: readonly string[], path: string): boolean {
  const segments = segmentsOf(path)
  return segments !== undefined && globs.some((glob) => segmentsMatch(glob, segments))
}

/**
 * Whether a program's arguments have the approved shape: as many, each the exact text or a whole match of its pattern.
 *
 * @example
 * argumentsMatch(['-c', { pattern: '[0-9]+' }], ['-c', '12']) // true
 */
export function argumentsMatch(shapes: readonly ArgumentShape[], args: readonly string[]): boolean {
  if (shapes.length !== args.length) return false
  return shapes.every((shape, index) => argumentMatches(shape, args[index]!))
}

function argumentMatches(shape: ArgumentShape, arg: string): boolean {
  if (typeof arg !== 'string' || arg.includes('\0')) return false
  if (typeof shape === 'string') return shape === arg
  return new RegExp(`^(?:${shape.pattern})$`, 'u').test(arg)
}

/** The first segment is empty, or the name of a bound folder; it is literal in a glob too. */
const FIRST_SEGMENT = /^(?:@[a-z][A-Za-z0-9]{0,31})?$/

function segmentsOf(path: string): string[] | undefined {
  if (path.includes('\0')) return undefined
  if (path === '/') return ['']
  const [first, ...rest] = path.split('/') as [string, ...string[]]
  if (!FIRST_SEGMENT.test(first) || path === '') return undefined
  return rest.some((part) => part === '' || part === '.' || part === '..')
    ? undefined
    : [first, ...rest]
}

// Walks both lists once; after a mismatch it goes back to the last `**` only, so the cost is at most their product.
function segmentsMatch(glob: string, path: readonly string[]): boolean {
  const wanted = segmentsOf(glob)
  if (wanted === undefined) return false
  let at = 0
  let want = 0
  let retryWant = -1
  let retryAt = 0
  while (at < path.length) {
    if (wanted[want] === '**') {
      retryWant = ++want
      retryAt = at
    } else if (want < wanted.length && segmentMatches(wanted[want]!, path[at]!)) {
      want += 1
      at += 1
    } else if (retryWant >= 0) {
      want = retryWant
      at = ++retryAt
    } else return false
  }
  return wanted.slice(want).every((rest) => rest === '**')
}

function segmentMatches(glob: string, segment: string): boolean {
  if (!glob.includes('*')) return glob === segment
  const [first = '', ...rest] = glob.split('*')
  const last = rest.pop() ?? ''
  if (!segment.startsWith(first)) return false
  let from = first.length
  for (const part of rest) {
    const found = segment.indexOf(part, from)
    if (found < 0) return false
    from = found + part.length
  }
  return segment.length - last.length >= from && segment.endsWith(last)
}
