// SPDX-License-Identifier: Apache-2.0
/** `npm run fleet`: many agents with real keys, sessions and polls against one hub, and a table of what it takes. */
import { availableParallelism, tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { headLine, readingLine, reportLines } from './lines.ts'
import { runFleet } from './run-fleet.ts'

const USAGE = `npm run fleet -- [--agents 5000] [--processes 2] [--ramp 30] [--idle 30] [--jobs 50]
                 [--wait 50] [--soak <minutes>]
                 [--restart SIGKILL|SIGTERM|none] [--patience 180] [--json]
                 [--hub <url> --site <file>] [-- <arguments of the hub>]

Without --hub it starts one of its own and restarts it. With --hub it writes its site file to <file> and
waits until the hub at <url>, started with --site <file>, serves it. Times are in seconds.`

const SECOND_MS = 1_000

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    agents: { type: 'string', default: '5000' },
    processes: { type: 'string', default: String(Math.min(availableParallelism(), 8)) },
    ramp: { type: 'string', default: '30' },
    idle: { type: 'string', default: '30' },
    jobs: { type: 'string', default: '50' },
    restart: { type: 'string', default: 'SIGKILL' },
    patience: { type: 'string', default: '180' },
    wait: { type: 'string', default: '50' },
    soak: { type: 'string' },
    hub: { type: 'string' },
    site: { type: 'string' },
    json: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
})

if (values.help || (values.hub === undefined) !== (values.site === undefined)) {
  console.error(USAGE)
  process.exit(values.help ? 0 : 2)
}
/** The hub is started twice: compiled once, it starts in a third of the time. */
process.env['NODE_COMPILE_CACHE'] ??= join(tmpdir(), 'sallyport-compiled', 'node')
const say = values.json ? console.error : console.log
const isOwn = values.hub === undefined
say(headLine())
const report = await runFleet(
  {
    agentCount: Number(values.agents),
    crowdCount: Number(values.processes),
    rampMs: Number(values.ramp) * SECOND_MS,
    idleMs: Number(values.idle) * SECOND_MS,
    jobCount: Number(values.jobs),
    restart: isOwn && values.restart !== 'none' ? (values.restart as NodeJS.Signals) : null,
    soakMs: values.soak === undefined ? undefined : Number(values.soak) * 60 * SECOND_MS,
    waitSeconds: Number(values.wait),
    patienceMs: Number(values.patience) * SECOND_MS,
    hub: isOwn ? undefined : { url: values.hub!, siteFile: values.site! },
    hubArguments: positionals,
  },
  (reading) => say(readingLine(reading)),
)
if (values.json) console.log(JSON.stringify(report))
else for (const line of reportLines(report)) console.log(line)
