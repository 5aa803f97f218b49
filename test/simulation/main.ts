// SPDX-License-Identifier: Apache-2.0
/** `npm run simulate`: many seeds, one seed with everything that happens in it, or the mutations. */
import { availableParallelism } from 'node:os'
import { parseArgs } from 'node:util'
import { MUTATIONS } from './mutations.ts'
import type { Verdict } from './run-seed.ts'
import { simulate } from './simulate.ts'

const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: '10000' },
    from: { type: 'string', default: '1' },
    seed: { type: 'string' },
    mutation: { type: 'string' },
    reached: { type: 'boolean', default: false },
    mutations: { type: 'boolean', default: false },
  },
})
const laneCount = Math.min(availableParallelism(), 8)
const startedAt = performance.now()

if (values.seed !== undefined) process.exitCode = await trace(Number(values.seed))
else if (values.mutations) process.exitCode = await tryMutations(Number(values.seeds))
else process.exitCode = await runMany(Number(values.from), Number(values.seeds))

async function runMany(from: number, seedCount: number): Promise<number> {
  const { mutation } = values
  const broken = mutation === undefined ? {} : { mutation }
  const outcome = await simulate({ from, seedCount, laneCount, ...broken })
  for (const verdict of outcome.verdicts) complain(verdict)
  if (values.reached) for (const [what, count] of outcome.reached) console.log(count, what)
  const failed = outcome.verdicts.length
  console.log(`${outcome.seedCount} seeds, ${failed} failed, ${seconds()} s`)
  return failed === 0 ? 0 : 1
}

async function trace(seed: number): Promise<number> {
  const { mutation } = values
  const broken = mutation === undefined ? {} : { mutation }
  const one = { from: seed, seedCount: 1, laneCount: 1, isTraced: true, ...broken }
  const [verdict] = (await simulate(one)).verdicts
  for (const line of verdict!.lines) console.log(line)
  console.log(`seed ${seed}, digest ${verdict!.digest}`)
  for (const { invariant, what } of verdict!.violations) console.log(`${invariant}: ${what}`)
  return verdict!.violations.length === 0 ? 0 : 1
}

/** Says of each mutation at which seed it was found. */
async function tryMutations(seedCount: number): Promise<number> {
  let missedCount = 0
  for (const { name } of MUTATIONS) {
    const tried = { from: 1, seedCount, laneCount, mutation: name, maxFailures: 1 }
    const [first] = (await simulate(tried)).verdicts
    if (first === undefined) missedCount += 1
    const found = first && `seed ${first.seed}, ${first.violations[0]!.invariant}`
    console.log(`${(found ?? 'NOT FOUND').padEnd(18)} ${name}`)
  }
  console.log(`${MUTATIONS.length - missedCount} of ${MUTATIONS.length} found, ${seconds()} s`)
  return missedCount === 0 ? 0 : 1
}

function complain({ seed, violations }: Verdict): void {
  for (const { invariant, what } of violations) console.log(`seed ${seed}: ${invariant}: ${what}`)
  console.log(`  everything that happened: npm run simulate -- --seed ${seed}`)
}

function seconds(): string {
  return ((performance.now() - startedAt) / 1_000).toFixed(1)
}
