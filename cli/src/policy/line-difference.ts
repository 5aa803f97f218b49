// SPDX-License-Identifier: Apache-2.0
/** What differs between two texts, line by line. */

/** One line: in both, gone, or new. */
export interface DifferentLine {
  readonly op: 'same' | 'remove' | 'add'
  readonly text: string
}

/** Longest common lines first; what is left of both is gone or new. Texts of a few thousand lines. */
export function lineDifference(before: string, after: string): DifferentLine[] {
  const [a, b] = [before.split('\n'), after.split('\n')]
  const width = b.length + 1
  const lengths = new Uint32Array((a.length + 1) * width)
  for (let i = a.length - 1; i >= 0; i -= 1) {
    for (let j = b.length - 1; j >= 0; j -= 1) {
      const [down, right] = [lengths[(i + 1) * width + j]!, lengths[i * width + j + 1]!]
      const both = lengths[(i + 1) * width + j + 1]! + 1
      lengths[i * width + j] = a[i] === b[j] ? both : Math.max(down, right)
    }
  }
  const lines: DifferentLine[] = []
  let [i, j] = [0, 0]
  while (i < a.length || j < b.length) {
    if (i < a.length && j < b.length && a[i] === b[j]) {
      lines.push({ op: 'same', text: a[i]! })
      i += 1
      j += 1
    } else if (
      j === b.length ||
      (i < a.length && lengths[(i + 1) * width + j]! >= lengths[i * width + j + 1]!)
    ) {
      lines.push({ op: 'remove', text: a[i]! })
      i += 1
    } else {
      lines.push({ op: 'add', text: b[j]! })
      j += 1
    }
  }
  return lines
}

/** The lines that differ, with two around each. */
export function onlyDifferent(lines: readonly DifferentLine[], around = 2): DifferentLine[] {
  return lines.filter((line, at) => {
    if (line.op !== 'same') return true
    return lines.slice(Math.max(0, at - around), at + around + 1).some(({ op }) => op !== 'same')
  })
}
