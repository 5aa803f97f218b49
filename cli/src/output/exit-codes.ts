// SPDX-License-Identifier: Apache-2.0
/** The one table of exit codes. */

/** What the exit code of a command says. */
export const EXIT = {
  /** Done. */
  done: 0,
  /** It was tried and failed. */
  failed: 1,
  /** The command line was wrong; nothing was tried. */
  usage: 2,
  /** An agent, a check or a person said no. */
  refused: 3,
  /** The hub or the agent did not answer. */
  unreachable: 4,
  /** It may or may not have happened. */
  unknown: 5,
  /** A fault of this program. */
  bug: 70,
} as const

/** One of the exit codes. */
export type ExitCode = (typeof EXIT)[keyof typeof EXIT]
