// SPDX-License-Identifier: Apache-2.0
/** A schedule by command line: the agent runs it while the hub is away, and reports when it is back. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { freshStores, storeArgs } from '../support/hub-stores.ts'
import { patient } from '../support/patience.ts'
import {
  ROOT,
  sallyport,
  sallyportJson,
  start,
  temporaryFolder,
  type Running,
} from '../support/programs.ts'

let home: string
let hub: Running
let place: string[]
let url: string
const scope = new AsyncDisposableStack()
const MINUTE_MS = 60_000

interface Runs {
  runs: {
    result: {
      jobId: string
      state: string
      output: { cpu: { coreCount: number } }
      schedule: { scheduleId: string; dueAt: string }
    }
    verified: { auditIndex: number }
  }[]
}

function as(): string[] {
  return ['--hub', url, '--passphrase-file', join(home, 'passphrase')]
}

const cli = <T>(...args: string[]) => sallyportJson<T>([...args, ...as()], { home })

beforeAll(async () => {
  home = scope.use(await temporaryFolder()).path
  await writeFile(
    join(home, 'passphrase'),
    '5f3a9c0e7b1d42868e9f6a0c3d5b7e1924c8f0a6b2d4e6183c5a7f9e0b1d2c34\n',
    { mode: 0o600 },
  )
  const passphrase = ['--passphrase-file', join(home, 'passphrase')]
  await sallyportJson(['init', ...passphrase], { home })
  place = storeArgs(await freshStores(scope), join(home, 'hub'))
  hub = await start(['hub', 'start', '--port', '0', ...place], { home })
  scope.defer(() => hub.end('SIGKILL').then(() => {}))
  url = String(hub.ready['url'])
  const { code } = await cli<{ code: string }>('agent', 'code', 'pve1')
  await sallyportJson(['agent', 'enrol', code, '--hub', url], { home })
  scope.use(await start(['agent', 'start'], { home }))
  await sallyportJson(['plugin', 'build', join(ROOT, 'plugins/sensors'), '--out', home], { home })
  const bundle = join(home, 'sensors-0.1.0.spb')
  await sallyportJson(['plugin', 'keygen', ...passphrase], { home })
  await sallyportJson(['plugin', 'sign', bundle, ...passphrase], { home })
  await cli('plugin', 'approve', bundle, '--agent', 'pve1', '--yes')
})

afterAll(async () => {
  await scope.disposeAsync()
})

describe('a schedule by hand', () => {
  it('shows its next times, runs with the hub away, and reports when it is back', async () => {
    const added = await cli<{ agents: { state: string; next: string[]; scheduleId: string }[] }>(
      'schedule',
      'add',
      'readings',
      'sensors/host',
      '--agent',
      'pve1',
      ...['--cron', soonEachMinute(), '--time-zone', 'Europe/Vienna', '--until', '1d'],
    )
    const [{ next, scheduleId, state }] = added.agents as [(typeof added.agents)[0]]
    expect(state).toBe('accepted')
    expect(next).toHaveLength(5)
    await hub.end('SIGTERM')
    const dueAt = next.find((each) => Date.parse(each) > Date.now())!
    await sleep(Date.parse(dueAt) - Date.now() + 1_500)
    hub = await start(['hub', 'start', '--port', new URL(url).port, ...place], { home })

    const run = await runOf(dueAt)
    expect(run.result).toMatchObject({ state: 'done', schedule: { scheduleId, dueAt } })
    expect(run.result.output.cpu.coreCount).toBeGreaterThan(0)
    const listed = await cli<{ schedules: { state: string; last: unknown }[] }>('schedule', 'list')
    expect(listed.schedules).toMatchObject([
      { state: 'active', last: { result: { state: 'done' } } },
    ])
    const shown = await sallyport(['schedule', 'runs', 'readings', ...as()], { home })
    expect(shown.stdout).toMatch(/pve1\s+done/)
  })

  it('is paused, resumed and removed by signed word', async () => {
    const stateOf = async () => {
      const { schedules } = await cli<{ schedules: { state: string }[] }>(
        'schedule',
        'list',
        '--all',
      )
      return schedules.map(({ state }) => state)
    }
    await cli('schedule', 'pause', 'readings')
    expect(await stateOf()).toEqual(['paused'])
    await cli('schedule', 'resume', 'readings')
    const next = await sallyport(['schedule', 'next', 'readings', ...as()], { home })
    expect(next.stdout).toMatch(/Europe\/Vienna, in \d+ s/)
    await cli('schedule', 'remove', 'readings')
    expect(await stateOf()).toEqual(['removed'])
    const gone = await sallyport(['schedule', 'next', 'readings', ...as()], { home })
    expect(gone.code).toBe(2)
  })

  it('is refused before anything is signed when its times cannot be', async () => {
    const typed = ['schedule', 'add', 'dense', 'sensors/host', '--agent', 'pve1']
    const refused = await sallyport([...typed, '--cron', '*/10 * * * * *', ...as()], { home })
    expect(refused.code).toBe(2)
    expect(refused.stderr).toContain('the shortest period is a minute')
  })
})

/** Once a minute, the first time in a moment. Why each minute: a machine under load may be late for the first one. */
function soonEachMinute(): string {
  return `${new Date(Date.now() + 8_000).getUTCSeconds()} * * * * *`
}

/** Asks until there is the report of a due time. */
async function runOf(dueAt: string): Promise<Runs['runs'][0]> {
  const untilMs = Date.now() + patient(MINUTE_MS)
  for (;;) {
    const { runs } = await cli<Runs>('schedule', 'runs', 'readings')
    const run = runs.find(({ result }) => result.schedule.dueAt === dueAt)
    if (run !== undefined) return run
    if (Date.now() > untilMs) throw new Error(`there is no report of ${dueAt}`)
    await sleep(500)
  }
}
