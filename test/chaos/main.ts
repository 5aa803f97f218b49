// SPDX-License-Identifier: Apache-2.0
/** `npm run chaos`: hubs and agents are killed, frozen and cut off at random, from a seed, and the history is judged. */
import { createWriteStream } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { History, type Happening } from './history.ts'
import { runChaos, type ChaosReport, type Course } from './run-chaos.ts'
import { tryMutations } from './try-mutations.ts'

const USAGE = `npm run chaos -- [--seed <n>] [--minutes 3] [--agents 4] [--postgres] [--redis] [--hubs 1]
                 [--kills <n> | --partition-minutes <n>] [--mutation <name>] [--history <file>] [--quiet]
npm run chaos -- --mutations | --mutation <name>

The seed decides what is done to whom and when, every job, and the troubles of every line. --postgres
starts a PostgreSQL and, unless --hubs says otherwise, two hubs on it; --redis starts a Redis beside it,
which falls too. --kills does nothing but kill a hub so many times, while jobs are submitted, leased and
answered; --partition-minutes does nothing but cut one agent off for so long. --mutation plants a fault
that test/chaos/mutations.ts names, and without --seed says how soon it was found with its own seed;
--mutations does so with each.`

const MINUTE_MS = 60_000
const PATIENCE_MS = 10 * MINUTE_MS

const { values } = parseArgs({
  options: {
    seed: { type: 'string' },
    minutes: { type: 'string', default: '3' },
    agents: { type: 'string', default: '4' },
    postgres: { type: 'boolean', default: false },
    redis: { type: 'boolean', default: false },
    hubs: { type: 'string' },
    kills: { type: 'string' },
    'partition-minutes': { type: 'string' },
    mutation: { type: 'string' },
    mutations: { type: 'boolean', default: false },
    history: { type: 'string' },
    quiet: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
})
/** Programs are started again and again: compiled once, they start in a third of the time. */
process.env['NODE_COMPILE_CACHE'] ??= join(tmpdir(), 'sallyport-compiled', 'node')

if (values.help) console.log(USAGE)
else if (values.mutations || isTrial()) {
  process.exitCode = (await tryMutations(values.mutation)) ? 0 : 1
} else process.exitCode = await runOne()

/** A fault without a seed is tried with its own. */
function isTrial(): boolean {
  return values.mutation !== undefined && values.seed === undefined
}

async function runOne(): Promise<number> {
  const seed = Number(values.seed ?? Math.floor(Math.random() * 2 ** 31))
  console.log(`seed ${seed}`)
  const file = values.history === undefined ? undefined : createWriteStream(values.history)
  const history = new History()
  history.listen((happening, atMs) => {
    file?.write(`${JSON.stringify({ atMs, ...happening })}\n`)
    if (!values.quiet) say(happening, atMs)
  })
  const stage = {
    agentCount: Number(values.agents),
    hubCount: Number(values.hubs ?? (values.postgres ? 2 : 1)),
    hasPostgres: values.postgres,
    hasRedis: values.redis,
    mutation: values.mutation,
  }
  const run = { seed, ...stage, course: courseOf(), patienceMs: PATIENCE_MS }
  const report = await runChaos(run, history)
  file?.end()
  tell(report)
  const isRight = report.violations.length === 0
  console.log(`seed ${seed}: ${isRight ? 'every rule held' : 'rules were broken'}`)
  return isRight ? 0 : 1
}

function courseOf(): Course {
  const { kills, 'partition-minutes': partition, minutes } = values
  if (kills !== undefined) return { kind: 'hub-kills', killCount: Number(kills) }
  if (partition === undefined) return { kind: 'everything', lengthMs: Number(minutes) * MINUTE_MS }
  return { kind: 'partition', forMs: Number(partition) * MINUTE_MS }
}

function tell({ violations, ends, ...figures }: ChaosReport): void {
  for (const [what, value] of Object.entries(figures)) console.log(`${what.padEnd(18)} ${value}`)
  for (const [state, count] of Object.entries(ends)) console.log(`  ${state.padEnd(16)} ${count}`)
  for (const { about, rule } of violations) console.log(`NOT HELD: ${rule}: ${about}`)
}

/** What is done to the programs, as it happens. */
function say(happening: Happening, atMs: number): void {
  if (happening.kind !== 'done-to') return
  console.log(`${(atMs / 1_000).toFixed(1).padStart(7)} s  ${happening.who} ${happening.what}`)
}
