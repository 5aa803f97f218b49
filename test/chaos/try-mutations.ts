// SPDX-License-Identifier: Apache-2.0
/** Plants each fault in turn, and says how soon chaos found it. */
import { mutationNamed } from '../support/mutation.ts'
import { History } from './history.ts'
import { MUTATIONS, type ChaosMutation } from './mutations.ts'
import { runChaos, type ChaosReport } from './run-chaos.ts'

/** How long everything is troubled, and how long its end is waited for. */
const LENGTH_MS = 25_000
const PATIENCE_MS = 60_000

/** Few, so that each suffers more. */
const AGENT_COUNT = 2

/** Tries all of them, or one. Returns whether each was found. */
export async function tryMutations(name?: string): Promise<boolean> {
  const tried = name === undefined ? MUTATIONS : [mutationNamed(MUTATIONS, name)]
  let foundCount = 0
  for (const mutation of tried) {
    const startedAt = performance.now()
    const { violations, jobCount } = await tryOne(mutation)
    const seconds = ((performance.now() - startedAt) / 1_000).toFixed(0)
    const rules = [...new Set(violations.map(({ rule }) => rule))]
    if (rules.length > 0) foundCount += 1
    console.log(`${rules.length > 0 ? 'found' : 'NOT FOUND'} ${mutation.name}`)
    console.log(`    seed ${mutation.seed}, ${seconds} s, ${jobCount} jobs: ${rules.join('; ')}`)
  }
  console.log(`${foundCount} of ${tried.length} found`)
  return foundCount === tried.length
}

function tryOne({ name, seed, hasPostgres = false }: ChaosMutation): Promise<ChaosReport> {
  const history = new History()
  return runChaos(
    {
      seed,
      agentCount: AGENT_COUNT,
      hubCount: hasPostgres ? 2 : 1,
      hasPostgres,
      hasRedis: false,
      mutation: name,
      course: { kind: 'everything', lengthMs: LENGTH_MS },
      patienceMs: PATIENCE_MS,
      isHasty: true,
    },
    history,
  )
}
