// SPDX-License-Identifier: Apache-2.0
/** Many seeds on several threads. */
import { Worker } from 'node:worker_threads'
import type { LaneOrder, LaneWord } from './lane.ts'
import type { Verdict } from './run-seed.ts'

/** What is to be simulated. */
export interface Simulation {
  readonly from: number
  readonly seedCount: number
  readonly laneCount: number
  readonly isTraced?: boolean
  readonly mutation?: string
  readonly maxFailures?: number
}

/** What came of it. */
export interface Outcome {
  readonly seedCount: number
  /** In how many seeds each thing was seen to happen. */
  readonly reached: ReadonlyMap<string, number>
  /** Seeds that failed, and all seeds where they are traced; by rising seed. */
  readonly verdicts: readonly Verdict[]
}

/** Runs the seeds. Rejects when a thread falls. */
export async function simulate(simulation: Simulation): Promise<Outcome> {
  const { from, seedCount, laneCount, isTraced = false, mutation, maxFailures = 10 } = simulation
  const to = from + seedCount - 1
  const lanes = Array.from({ length: Math.min(laneCount, seedCount) }, (_, lane) =>
    runLane({ from: from + lane, to, stride: laneCount, isTraced, mutation, maxFailures }),
  )
  const words = (await Promise.all(lanes)).flat()
  const verdicts = words.flatMap((word) => ('verdict' in word ? [word.verdict] : []))
  const ends = words.flatMap((word) => ('seedCount' in word ? [word] : []))
  return {
    seedCount: ends.reduce((sum, end) => sum + end.seedCount, 0),
    reached: summed(ends.map((end) => end.reached)),
    verdicts: verdicts.toSorted((a, b) => a.seed - b.seed),
  }
}

function runLane(order: LaneOrder): Promise<LaneWord[]> {
  const words: LaneWord[] = []
  const worker = new Worker(new URL('./lane.ts', import.meta.url), { workerData: order })
  return new Promise((resolve, reject) => {
    worker.on('message', (word: LaneWord) => words.push(word))
    worker.on('error', reject)
    worker.on('exit', () => resolve(words))
  })
}

function summed(maps: readonly ReadonlyMap<string, number>[]): ReadonlyMap<string, number> {
  const sums = new Map<string, number>()
  for (const [what, count] of maps.flatMap((map) => [...map])) {
    sums.set(what, (sums.get(what) ?? 0) + count)
  }
  return new Map([...sums].toSorted(([a], [b]) => (a < b ? -1 : 1)))
}
