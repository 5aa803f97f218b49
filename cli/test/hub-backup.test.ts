// SPDX-License-Identifier: Apache-2.0
/** A hub whose folder is lost, restored by command line: its agent comes back by itself and does nothing twice. */
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { startInBackground } from './support/background.ts'
import type { Background } from './support/background.ts'
import { documentOf, makeHome, run } from './support/program.ts'
import type { Ended, TestHome } from './support/program.ts'
import { until } from '../../test/support/until.ts'

const SLOW_MS = 120_000

const scope = new AsyncDisposableStack()
let home: TestHome
let hub: Background
let env: Record<string, string>
let backup: string

const sallyport = (...args: string[]): Promise<Ended> => run(args, { env })

async function json(...args: string[]): Promise<Record<string, any>> {
  const ended = await sallyport(...args, '--json')
  expect({ ...ended, args }).toMatchObject({ exitCode: 0, stderr: '' })
  return documentOf(ended)
}

const startHub = async (port: string) =>
  scope.use(await startInBackground(['hub', 'start', '--port', port], env))
const startAgent = async () => scope.use(await startInBackground(['agent', 'start'], env))

/** Rows in the database of the hub. */
function countOf(rows: string): number {
  using db = new DatabaseSync(join(home.folder, 'hub', 'hub.db'), { readOnly: true })
  return Number(db.prepare(`SELECT count(*) AS count FROM ${rows}`).get()!['count'])
}

beforeAll(async () => {
  home = scope.use(await makeHome())
  env = { ...home.env }
  backup = join(home.folder, 'hub.spbk')
  await json('init', '--name', 'ada', '--site', 'home')
  hub = await startHub('0')
  env['SALLYPORT_HUB'] = hub.started['url']!
  const { code } = await json('agent', 'code', 'pve1')
  await json('agent', 'enrol', code as string)
  const agent = await startAgent()
  await json('agent', 'list')
  await agent[Symbol.asyncDispose]()
  // It waits at the hub when the backup is made, and is done after it.
  const isolate = ['incident', 'isolate', 'pve1', '--why', 'a test', '--yes', '--timeout', '1s']
  expect((await sallyport(...isolate)).exitCode).toBe(4)
}, SLOW_MS)
afterAll(() => scope.disposeAsync())

describe('a backup of a hub that runs', () => {
  it(
    'is one file, and is not written over another',
    async () => {
      const made = await json('hub', 'backup', '--out', backup)
      expect(made).toMatchObject({ format: 'sallyport.hub-backup/1', file: backup, agentCount: 1 })
      const again = await sallyport('hub', 'backup', '--out', backup)
      expect(again).toMatchObject({ exitCode: 2 })
      expect(again.stderr).toContain('ERR_FILE_EXISTS')
    },
    SLOW_MS,
  )

  it(
    'is not restored over a hub that runs, nor over one that serves a site',
    async () => {
      const running = await sallyport('hub', 'restore', backup)
      expect(running.exitCode).toBe(3)
      expect(running.stderr).toContain('ERR_STATE_LOCKED')
    },
    SLOW_MS,
  )
})

describe('a hub that is restored', () => {
  it(
    'is confirmed by its operator, who learns which agents it lacks; what an agent did already it does no second time',
    async () => {
      await useBetween()
      const port = new URL(env['SALLYPORT_HUB']!).port
      await hub[Symbol.asyncDispose]()
      const full = await sallyport('hub', 'restore', backup)
      expect(full.stderr).toContain('ERR_HUB_NOT_EMPTY')
      await rm(join(home.folder, 'hub'), { recursive: true })

      const { sites } = await json('hub', 'restore', backup)
      expect(sites).toMatchObject([{ epoch: 2, rootVersion: 1, agentCount: 1 }])
      hub = await startHub(port)
      const waits = await sallyport('agent', 'list')
      expect(waits.stderr).toContain('ERR_EPOCH_UNCONFIRMED')
      expect(waits.stderr).toContain('sallyport hub confirm')

      const confirmed = await json('hub', 'confirm', sites[0].confirmCode as string)
      expect(confirmed).toMatchObject({ epoch: 2, rootVersion: 1 })
      expect(confirmed['missingAgents']).toMatchObject([{ name: 'pve2' }])
      expect(confirmed['toldAgents']).toMatchObject([{ name: 'pve1' }])
      const agent = await startAgent()
      await until(() => countOf("envelopes WHERE state = 'answered'") === 2)
      await agent[Symbol.asyncDispose]()
      expect(await timesOf('isolation.accepted')).toBe(1)
      expect([await timesOf('hub.doubted'), await timesOf('hub.believed')]).toEqual([1, 1])
      expect(doubtOfAgent()).toBeNull()
    },
    SLOW_MS,
  )
})

/** How often the agent wrote an event down. */
async function timesOf(event: string): Promise<number> {
  return (await json('audit', 'query', '--event', event))['fittingCount'] as number
}

/** Why the agent doubts its hub. */
function doubtOfAgent(): unknown {
  using db = new DatabaseSync(join(home.folder, 'agent', 'agent.db'), { readOnly: true })
  return db.prepare('SELECT doubt FROM witness').get()!['doubt']
}

/** After the backup, an agent does what waited, and another one comes. */
async function useBetween(): Promise<void> {
  const agent = await startAgent()
  await until(() => countOf("envelopes WHERE state = 'answered'") === 1)
  await agent[Symbol.asyncDispose]()
  const { code } = await json('agent', 'code', 'pve2')
  const stateDir = join(home.folder, 'agent-2')
  await json('agent', 'enrol', code as string, '--state-dir', stateDir)
  const second = await startInBackground(['agent', 'start', '--state-dir', stateDir], env)
  await until(() => countOf('agents WHERE descriptor IS NOT NULL') === 2)
  await json('agent', 'list')
  await second[Symbol.asyncDispose]()
}
