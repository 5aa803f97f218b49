// SPDX-License-Identifier: Apache-2.0
/** Says what was meant when a command is mistyped. */
import { EXIT } from './output/exit-codes.ts'
import { Problem } from './output/problem.ts'

/** The problem with words that name neither a command nor a topic; undefined when help is the answer. */
export function unknownCommand(
  argv: readonly string[],
  ids: readonly string[],
  topics: readonly string[],
): Problem | undefined {
  const words = argv.slice(0, 2).filter((word) => !word.startsWith('-'))
  const [topic, verb] = words
  if (topic === undefined || (verb === undefined && topics.includes(topic))) return undefined
  const typed = verb === undefined ? topic : `${topic} ${verb}`
  const nearest = nearestOf(
    typed,
    ids.map((id) => id.replace(':', ' ')),
  )
  return new Problem('ERR_USAGE', `sallyport has no command ${JSON.stringify(typed)}`, {
    exit: EXIT.usage,
    unharmed: 'Nothing was done.',
    remedy: nearest === undefined ? 'These are the commands:' : 'The nearest is:',
    commands: [nearest === undefined ? 'sallyport --help' : `sallyport ${nearest}`],
  })
}

function nearestOf(typed: string, known: readonly string[]): string | undefined {
  const ranked = known
    .map((each) => ({ each, distance: distance(typed, each) }))
    .sort((a, b) => a.distance - b.distance)
  const [best] = ranked
  return best !== undefined && best.distance <= Math.max(2, typed.length / 3)
    ? best.each
    : undefined
}

/** Edits that turn one word into the other. Levenshtein's distance, one row at a time. */
function distance(a: string, b: string): number {
  let row = [...Array(b.length + 1).keys()]
  for (let i = 1; i <= a.length; i++) {
    const next = [i]
    for (let j = 1; j <= b.length; j++) {
      const isSame = a[i - 1] === b[j - 1]
      next[j] = Math.min(next[j - 1]! + 1, row[j]! + 1, row[j - 1]! + (isSame ? 0 : 1))
    }
    row = next
  }
  return row[b.length]!
}
