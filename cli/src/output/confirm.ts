// SPDX-License-Identifier: Apache-2.0
/** Asks before what matters. The safe answer is the default, and nothing is ever asked without a terminal. */
import { EXIT } from './exit-codes.ts'
import { Problem } from './problem.ts'
import type { Talk } from './talk.ts'

/** What is asked. */
export interface Question {
  readonly shown: string
  readonly question: string
  readonly isAgreed: boolean
  /** What is as it was after a no. */
  readonly unharmed?: string
}

/**
 * Shows what is about to be done and asks for a yes.
 *
 * Throws: ERR_NOT_CONFIRMED when the answer is no, ERR_CONFIRMATION_NEEDED when nobody can be asked.
 */
export async function confirmOrStop(
  talk: Talk,
  { shown, question, isAgreed, unharmed = 'Nothing was signed or sent.' }: Question,
): Promise<void> {
  if (isAgreed) return talk.say(shown)
  if (!process.stdin.isTTY || !process.stderr.isTTY) {
    talk.say(`${shown}\n`)
    throw needsFlag(unharmed)
  }
  process.stderr.write(`${shown}\n\n`)
  const { confirm } = await import('@inquirer/prompts')
  if (await confirm({ message: question, default: false }, { output: process.stderr })) return
  throw new Problem('ERR_NOT_CONFIRMED', 'you said no', {
    exit: EXIT.refused,
    unharmed,
    remedy: '',
  })
}

function needsFlag(unharmed: string): Problem {
  return new Problem(
    'ERR_CONFIRMATION_NEEDED',
    'this needs a yes, and there is no terminal to ask on',
    {
      exit: EXIT.usage,
      unharmed,
      remedy: 'Read what it says, then add --yes.',
    },
  )
}
