// SPDX-License-Identifier: Apache-2.0
/** What went wrong, in the four parts a person needs: what, why, what is unharmed, what to do next. */
import { CodedError } from '@sallyport/sdk'
import type { ExitCode } from './exit-codes.ts'

/** The parts of a problem besides its code and its message. */
export interface ProblemParts {
  readonly exit: ExitCode
  /** One sentence that says what is as it was. */
  readonly unharmed: string
  /** One sentence that says what to do next. */
  readonly remedy: string
  /** Command lines that carry the remedy out, exactly as they can be typed. */
  readonly commands?: readonly string[]
  /** Names and values that explain it; shown to people and, as they are, in JSON. */
  readonly details?: Readonly<Record<string, unknown>>
  readonly cause?: unknown
}

/** An error with all that its screen needs. */
export class Problem extends CodedError {
  readonly exit: ExitCode
  readonly unharmed: string
  readonly remedy: string
  readonly commands: readonly string[]

  constructor(code: string, message: string, parts: ProblemParts) {
    super(code, message, { details: { ...parts.details }, cause: parts.cause })
    this.name = 'Problem'
    this.exit = parts.exit
    this.unharmed = parts.unharmed
    this.remedy = parts.remedy
    this.commands = parts.commands ?? []
  }
}

/** The remedy as one text, with its command lines. */
export function remedyText(problem: Problem): string {
  return [problem.remedy, ...problem.commands].join(' ').trim()
}

/** How an error looks in every `--json` answer. */
export interface ErrorJson {
  readonly code: string
  readonly message: string
  readonly details: Readonly<Record<string, unknown>>
  readonly remedy: string
}

/** The problem for `--json`. */
export function problemJson(problem: Problem): ErrorJson {
  const { code, message, details } = problem
  return { code, message, details, remedy: remedyText(problem) }
}
