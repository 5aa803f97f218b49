// SPDX-License-Identifier: Apache-2.0
/** Makes one pattern of texts that differ in one segment only; an author asks for it, it is never done unasked. */

/**
 * Joins paths of the same length that differ in exactly one segment, which becomes `wildcard`.
 *
 * @example
 * joinSegments(['/sys/a/name', '/sys/b/name'], '*') // ['/sys/*\/name']
 */
export function joinSegments(paths: readonly string[], wildcard: string): string[] {
  let joined = [...paths]
  for (;;) {
    const next = joinOnce(joined, wildcard)
    if (next.length === joined.length) return next
    joined = next
  }
}

function joinOnce(paths: readonly string[], wildcard: string): string[] {
  for (const path of paths) {
    const segments = path.split('/')
    for (let at = segments.length - 1; at > 1; at -= 1) {
      const pattern = segments.with(at, wildcard).join('/')
      const same = paths.filter((each) => isSameBut(each, segments, at))
      if (same.length > 1) return [...paths.filter((each) => !same.includes(each)), pattern].sort()
    }
  }
  return [...paths]
}

function isSameBut(path: string, segments: readonly string[], at: number): boolean {
  const others = path.split('/')
  return (
    others.length === segments.length &&
    others.every((part, index) => index === at || part === segments[index])
  )
}
