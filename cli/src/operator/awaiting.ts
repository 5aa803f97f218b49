// SPDX-License-Identifier: Apache-2.0
/** What is left for a colleague, in words: how many signatures it needs and what the colleague types. */
import { EXIT } from '../output/exit-codes.ts'
import { Problem } from '../output/problem.ts'
import { needText } from './signatures.ts'
import type { SignatureStanding } from './signatures.ts'
import type { Operator } from './operator.ts'
import { selfOf } from './people.ts'

/** Something that waits for more signatures. */
export interface Awaiting {
  /** Id of the document. */
  readonly id: string
  readonly standing: SignatureStanding
}

/** What is awaited, as `--json` shows it. */
export function awaitingJson({ id, standing }: Awaiting): object {
  const { need, have } = standing
  return { id, need, have, commands: commandsFor(id) }
}

/** The lines for whoever signed first. */
export function awaitingText(operator: Operator, { id, standing }: Awaiting): string {
  return [
    `awaiting: it ${needText(standing, selfOf(operator).role)}`,
    'your colleague looks at it and signs:',
    ...commandsFor(id).map((line) => `  ${line}`),
  ].join('\n')
}

/** The same where a command wanted an answer at once. */
export function awaitingProblem(operator: Operator, awaiting: Awaiting): Problem {
  const { id, standing } = awaiting
  return new Problem('ERR_AWAITING', `it ${needText(standing, selfOf(operator).role)}`, {
    exit: EXIT.done,
    details: { id },
    unharmed: 'Your signature is there; nothing was given to an agent yet.',
    remedy: 'Your colleague looks at it and signs:',
    commands: commandsFor(id),
  })
}

function commandsFor(id: string): string[] {
  return [`sallyport job review ${id}`, `sallyport job sign ${id}`]
}
