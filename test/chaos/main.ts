// SPDX-License-Identifier: Apache-2.0
/** `npm run chaos`: hubs and agents are killed, frozen and cut off at random, from a seed, and the history is judged. */
import { createWriteStream } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { History, type Happening } from './history.ts'
import { runChaos } from './run-chaos.ts'

const USAGE = `npm run chaos -- [--seed <n>] [--minutes 3] [--agents 4] [--postgres] [--hubs 1]
                 [--history <file>] [--quiet]

The seed decides what is done to whom and when, every job, and the troubles of every line. --postgres
starts a PostgreSQL and, unless --hubs says otherwise, two hubs on it.`

const MINUTE_MS = 60_000

const { values } = parseArgs({
  options: {
    seed: { type: 'string' },
    minutes: { type: 'string', default: '3' },
    agents: { type: 'string', default: '4' },
    postgres: { type: 'boolean', default: false },
    hubs: { type: 'string' },
    history: { type: 'string' },
    quiet: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
})
if (values.help) {
  console.log(USAGE)
  process.exit(0)
}

/** Programs are started again and again: compiled once, they start in a third of the time. */
process.env['NODE_COMPILE_CACHE'] ??= join(tmpdir(), 'sallyport-compiled', 'node')

const seed = Number(values.seed ?? Math.floor(Math.random() * 2 ** 31))
console.log(`seed ${seed}`)
const file = values.history === undefined ? undefined : createWriteStream(values.history)
const history = new History((happening, atMs) => {
  file?.write(`${JSON.stringify({ atMs, ...happening })}\n`)
  if (!values.quiet) say(happening, atMs)
})
const report = await runChaos(
  {
    seed,
    agentCount: Number(values.agents),
    hubCount: Number(values.hubs ?? (values.postgres ? 2 : 1)),
    hasPostgres: values.postgres,
    lengthMs: Number(values.minutes) * MINUTE_MS,
    patienceMs: 3 * MINUTE_MS,
  },
  history,
)
file?.end()
const { violations, ends, ...figures } = report
for (const [what, value] of Object.entries(figures)) console.log(`${what.padEnd(18)} ${value}`)
for (const [state, count] of Object.entries(ends)) console.log(`  ${state.padEnd(16)} ${count}`)
for (const { jobId, rule } of violations) console.log(`NOT HELD: ${rule}: ${jobId}`)
console.log(`seed ${seed}: ${violations.length === 0 ? 'every rule held' : 'rules were broken'}`)
process.exitCode = violations.length === 0 ? 0 : 1

/** What is done to the programs, as it happens. */
function say(happening: Happening, atMs: number): void {
  if (happening.kind !== 'done-to') return
  console.log(`${(atMs / 1_000).toFixed(1).padStart(7)} s  ${happening.who} ${happening.what}`)
}
