// SPDX-License-Identifier: Apache-2.0
/** Two operators and a customer in three homes, by command line alone: nobody runs alone what needs all of them. */
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { startInBackground } from './support/background.ts'
import { ROOT, documentOf, makeHome, run } from './support/program.ts'
import type { Ended, TestHome } from './support/program.ts'

const SLOW_MS = 240_000

const scope = new AsyncDisposableStack()
let [ann, ben, shop]: TestHome[] = []
let hub = ''

/** A command of one of them. */
const at = (who: TestHome, ...args: string[]): Promise<Ended> =>
  run(args, { env: { ...who.env, SALLYPORT_HUB: hub } })

async function json(who: TestHome, ...args: string[]): Promise<Record<string, any>> {
  const ended = await at(who, ...args, '--json')
  expect({ ...ended, args }).toMatchObject({ exitCode: 0 })
  return documentOf(ended)
}

/** Makes keys of one more person and has ann take them up. */
async function joinAs(who: TestHome, name: string, ...role: string[]): Promise<void> {
  const site = join(ann!.folder, 'operator', 'site.json')
  const made = await json(who, 'init', '--join', site, '--name', name, '--hub', hub)
  await json(ann!, 'trust', 'add', made['identity'].file as string, ...role, '--yes')
}

beforeAll(async () => {
  const homes = await Promise.all([makeHome(), makeHome(), makeHome()])
  for (const home of homes) scope.use(home)
  ;[ann, ben, shop] = homes
  await json(ann, 'init', '--name', 'ann', '--site', 'home', '--profile', 'msp')
  const started = await startInBackground(['hub', 'start', '--port', '0'], { ...ann.env })
  hub = scope.use(started).started['url']!
  const code = await json(ann, 'agent', 'code', 'pve1')
  await json(ann, ...(code['enrolLine'] as string).split(' ').slice(1))
  scope.use(await startInBackground(['agent', 'start'], { ...ann.env, SALLYPORT_HUB: hub }))
  await json(ann, 'agent', 'list')
  const sensors = join(ROOT, 'plugins', 'sensors')
  const { file } = await json(ann, 'plugin', 'build', sensors, '--out', ann.folder)
  await json(ann, 'plugin', 'keygen', '--name', 'maker')
  await json(ann, 'plugin', 'sign', file)
  await json(ann, 'plugin', 'approve', file, '--agent', 'pve1', '--yes')
  await joinAs(ben, 'ben', '--role', 'operator')
  await joinAs(shop, 'shop', '--role', 'customer', '--concerns', 'agent/pve1')
  const need = ['sensors/host', 'read', '--operators', '2', '--customers', '1']
  await json(ann, 'trust', 'threshold', ...need, '--yes')
}, SLOW_MS)

afterAll(() => scope.disposeAsync())

describe('a job that needs two operators and a customer', () => {
  let id = ''

  it(
    'is left awaiting by the first of them, with the command for the others',
    async () => {
      const said = await at(ann!, 'job', 'run', 'sensors/host', '--agent', 'pve1')
      expect(said).toMatchObject({ exitCode: 0 })
      expect(said.stderr).toContain(
        'sensors/host needs 3 signatures: operators (1 of 2 with yours), customer (0 of 1)',
      )
      expect(said.stdout).toContain('sallyport job sign ')
      const job = await json(ann!, 'job', 'run', 'sensors/host', '--agent', 'pve1')
      expect(job).toMatchObject({ state: 'awaiting', awaiting: { have: { operators: 1 } } })
      id = job['job'].jobId as string
      const { awaiting } = await json(ann!, 'job', 'list')
      expect(awaiting).toHaveLength(2)
      const other = (awaiting as { id: string }[]).find((each) => each.id !== id)!.id
      expect(await json(ann!, 'job', 'withdraw', other)).toMatchObject({ state: 'withdrawn' })
      expect((await at(ben!, 'job', 'sign', other, '--yes')).stderr).toContain('ERR_WITHDRAWN')
    },
    SLOW_MS,
  )

  it(
    'is reviewed and signed by the colleague, who knows the agent and the plugin by their signatures alone',
    async () => {
      const review = await at(ben!, 'job', 'review', id)
      expect(review.stdout).toContain('sensors/host on pve1: awaiting')
      expect(review.stdout).toMatch(
        /effect +looks, and changes nothing, says sensors .* approved by ann/,
      )
      expect(review.stdout).toMatch(/still needed +operators \(1 of 2\), customer \(0 of 1\)/)
      const unasked = await at(ben!, 'job', 'sign', id)
      expect(unasked).toMatchObject({ exitCode: 2 })
      expect(await json(ben!, 'job', 'sign', id, '--yes')).toMatchObject({
        state: 'awaiting',
        have: { operators: 2, customers: 0 },
      })
      for (const who of [ann!, ben!]) {
        const again = await at(who, 'job', 'sign', id, '--yes')
        expect(again).toMatchObject({ exitCode: 3 })
        expect(again.stderr).toContain('ERR_SIGNATURE_NOT_NEEDED')
      }
    },
    SLOW_MS,
  )

  it(
    'runs with the customer’s signature, and each of them verifies the answer',
    async () => {
      const done = await json(shop!, 'job', 'sign', id, '--yes')
      expect(done).toMatchObject({ format: 'sallyport.job/1', state: 'done', job: { jobId: id } })
      expect(await json(ann!, 'job', 'show', id)).toMatchObject({ state: 'done' })
      expect(await json(ben!, 'job', 'show', id)).toMatchObject({ state: 'done' })
      const cancelled = await json(ben!, 'job', 'cancel', id, '--why', 'too late')
      expect(cancelled).toMatchObject({ found: 'ended' })
    },
    SLOW_MS,
  )
})

describe('an agent that a colleague isolates', () => {
  it(
    'takes no job until that is lifted',
    async () => {
      const why = ['--why', 'looking into it', '--yes']
      expect(await json(ben!, 'incident', 'isolate', 'pve1', ...why)).toMatchObject({
        isIsolated: true,
        wasIsolated: false,
      })
      const refused = await at(ann!, 'job', 'run', 'sensors/read', '--agent', 'pve1')
      expect(refused).toMatchObject({ exitCode: 3 })
      expect(refused.stderr).toContain('(isolated)')
      await json(ann!, 'incident', 'lift', 'pve1', ...why)
      expect(await json(ann!, 'job', 'run', 'sensors/read', '--agent', 'pve1')).toMatchObject({
        state: 'done',
      })
    },
    SLOW_MS,
  )
})
