// SPDX-License-Identifier: Apache-2.0
/** Does the same with several agents, so that one that fails does not stop the others. */
import { EXIT } from '../output/exit-codes.ts'
import type { ExitCode } from '../output/exit-codes.ts'
import { problemOf } from '../output/known-problems.ts'
import type { Problem } from '../output/problem.ts'
import type { PinnedAgent } from './agents.ts'

/** What came of one agent: a value, or the problem instead. */
export type AgentOutcome<T> =
  | { readonly agent: PinnedAgent; readonly value: T }
  | { readonly agent: PinnedAgent; readonly problem: Problem }

/** Runs `work` for every agent at once. Why: an agent that is away is waited for, and the others need not. */
export async function forEachAgent<T>(
  agents: readonly PinnedAgent[],
  work: (agent: PinnedAgent) => Promise<T>,
): Promise<AgentOutcome<T>[]> {
  return Promise.all(
    agents.map(async (agent) => {
      try {
        return { agent, value: await work(agent) }
      } catch (error) {
        return { agent, problem: problemOf(error) }
      }
    }),
  )
}

/** Done when all are; else the code that all problems share, or failed when they differ. */
export function exitOf(outcomes: readonly AgentOutcome<unknown>[]): ExitCode {
  const codes = new Set(outcomes.flatMap((each) => ('problem' in each ? [each.problem.exit] : [])))
  if (codes.size === 0) return EXIT.done
  return codes.size === 1 ? [...codes][0]! : EXIT.failed
}
