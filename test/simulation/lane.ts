// SPDX-License-Identifier: Apache-2.0
/** One thread of a simulation: runs its share of the seeds and tells what came of them. */
import { parentPort, workerData } from 'node:worker_threads'
import { install, mutationNamed } from '../support/mutation.ts'
import { MUTATIONS } from './mutations.ts'
import type { Verdict } from './run-seed.ts'

/** What a lane is to do. */
export interface LaneOrder {
  readonly from: number
  readonly to: number
  /** From one of its seeds to the next. */
  readonly stride: number
  readonly isTraced: boolean
  readonly mutation: string | undefined
  /** Failed seeds after which it stops. */
  readonly maxFailures: number
}

/** What a lane tells: a seed that failed or was traced, and how many it ran in the end. */
export type LaneWord = { readonly verdict: Verdict } | LaneEnd

/** What a lane did. */
export interface LaneEnd {
  readonly seedCount: number
  /** In how many seeds each thing was seen to happen. */
  readonly reached: ReadonlyMap<string, number>
}

/** One seed in so many is run twice, to see that nothing but the seed decides. */
const TWICE_EVERY = 250

const order = workerData as LaneOrder
if (order.mutation !== undefined) install(mutationNamed(MUTATIONS, order.mutation))
// After the mutation: what is imported before it is whole.
const { runSeed } = await import('./run-seed.ts')

let seedCount = 0
let failureCount = 0
const reached = new Map<string, number>()
for (let seed = order.from; seed <= order.to; seed += order.stride) {
  if (failureCount >= order.maxFailures) break
  const verdict = await judged(seed)
  seedCount += 1
  for (const what of verdict.reached) reached.set(what, (reached.get(what) ?? 0) + 1)
  if (verdict.violations.length > 0) failureCount += 1
  if (verdict.violations.length > 0 || order.isTraced) tell({ verdict })
}
tell({ seedCount, reached })

async function judged(seed: number): Promise<Verdict> {
  const verdict = await runSeed(seed, order.isTraced)
  if (seed % TWICE_EVERY !== 0) return verdict
  const again = await runSeed(seed)
  if (again.digest === verdict.digest) return verdict
  const what = `the digest is ${verdict.digest}, then ${again.digest}`
  return { ...verdict, violations: [...verdict.violations, { invariant: 'determinism', what }] }
}

function tell(word: LaneWord): void {
  parentPort!.postMessage(word)
}
