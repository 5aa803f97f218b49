// SPDX-License-Identifier: Apache-2.0
/** Agents that are ended while a task of their cluster runs: the next one finds out how it ended, and starts nothing again. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { Field } from '../support/field.ts'
import { addSite, buildProxmox, type Site } from '../support/proxmox-field.ts'
import {
  addStep,
  asked,
  countsOf,
  hold,
  letGo,
  nextTask,
  seen,
  type SimTask,
} from '../support/proxmox-tasks.ts'

const SLOW_MS = 120_000
const scope = new AsyncDisposableStack()
let field: Field
let site: Site

const VZDUMP = 'POST /nodes/{node}/vzdump'
const MIGRATE = 'POST /nodes/{node}/qemu/{vmid}/migrate'
const BACKUP = { node: 'pve1', vmid: 103, storage: 'nas' }
const MOVE = { node: 'pve2', vmid: 104, target: 'pve1' }

beforeAll(async () => {
  field = scope.use(await Field.open())
  const bundle = await buildProxmox(field)
  site = await addSite(field, scope, { name: 'pve1', bundle, cluster: { version: '9.2' } })
}, SLOW_MS)

afterAll(() => scope.disposeAsync())

describe('an agent that is ended during a job', () => {
  interface Begun {
    readonly label: string
    readonly first: number
  }

  /** Submits a job and waits for nothing. */
  async function begin(job: string, input: Record<string, unknown>): Promise<Begun> {
    const { agent } = site
    const first = site.pve.ledger.length
    const signed = field.operator.job(agent, {
      jobType: `proxmox/${job}`,
      input: input as never,
    })
    const label = await field.operator.submit(agent, field.operator.sign(signed), signed.jobId)
    return { label, first }
  }

  const answerTo = ({ label }: Begun) => field.operator.answerTo(site.agent, label, 60_000)

  /** Begins a job and ends the agent once the task of it is followed. */
  async function endedWhileFollowing(
    signal: 'SIGKILL' | 'SIGTERM',
    [job, operation, input]: readonly [string, string, Record<string, unknown>],
  ): Promise<Begun & { readonly task: SimTask }> {
    const held = nextTask(site, operation, hold)
    const begun = await begin(job, input)
    const task = await held
    await seen(site, task)
    await field.end('pve1', signal)
    return { ...begun, task }
  }

  const ONCE = [1, 1]
  const backup = ['guest.backup', VZDUMP, BACKUP] as const
  const move = ['guest.migrate', MIGRATE, MOVE] as const

  it(
    'by SIGKILL, while its task ends: the next one finds the backup that was made',
    async () => {
      const begun = await endedWhileFollowing('SIGKILL', backup)
      letGo(begun.task)
      await field.startAgent('pve1')
      expect(await answerTo(begun)).toMatchObject({
        state: 'done',
        output: { changed: true, upid: begun.task.upid, volumeId: expect.stringContaining('nas:') },
        verification: { verdict: 'verified' },
      })
      expect(countsOf(site, VZDUMP, begun.first)).toEqual(ONCE)
    },
    SLOW_MS,
  )

  it.each(['SIGKILL', 'SIGTERM'] as const)(
    'by %s, with a task that goes on: the next one follows it to its end',
    async (signal) => {
      site.pve.simulator.world.guests.get(MOVE.vmid)!.node = MOVE.node
      const begun = await endedWhileFollowing(signal, move)
      await field.startAgent('pve1')
      await seen(site, begun.task)
      letGo(begun.task)
      expect(await answerTo(begun)).toMatchObject({
        state: 'done',
        output: { changed: true, node: 'pve1', upid: begun.task.upid },
        verification: { verdict: 'verified' },
      })
      expect(countsOf(site, MIGRATE, begun.first)).toEqual(ONCE)
    },
    SLOW_MS,
  )

  it(
    'while its task fails: the next one says why',
    async () => {
      const begun = await endedWhileFollowing('SIGKILL', backup)
      addStep({ fails: 'no space left on device' })(begun.task)
      letGo(begun.task)
      await field.startAgent('pve1')
      expect(await answerTo(begun)).toMatchObject({
        state: 'failed',
        failure: { code: 'ERR_PVE_TASK', details: { exitStatus: 'no space left on device' } },
      })
      expect(countsOf(site, VZDUMP, begun.first)).toEqual(ONCE)
    },
    SLOW_MS,
  )

  it(
    'before its request was done: the next one says that nothing happened, and does not ask again',
    async () => {
      const fault = { kind: 'hang', isDone: false } as const
      site.pve.simulator.addFault({ operation: VZDUMP, times: 1, fault })
      const begun = await begin('guest.backup', BACKUP)
      await asked(site, VZDUMP)
      await field.end('pve1', 'SIGKILL')
      await field.startAgent('pve1')
      expect(await answerTo(begun)).toMatchObject({
        state: 'failed',
        failure: { code: 'ERR_PVE_NOT_STARTED', details: { effect: 'none' }, retryable: true },
      })
      expect(countsOf(site, VZDUMP, begun.first)).toEqual([1, 0])
    },
    SLOW_MS,
  )

  it(
    'before it learnt the name of its task: the next one finds it',
    async () => {
      const fault = { kind: 'hang', isDone: true } as const
      site.pve.simulator.addFault({ operation: VZDUMP, times: 1, fault })
      const begun = await begin('guest.backup', BACKUP)
      await asked(site, VZDUMP)
      await field.end('pve1', 'SIGKILL')
      await field.startAgent('pve1')
      expect(await answerTo(begun)).toMatchObject({
        state: 'done',
        verification: { verdict: 'verified' },
      })
      expect(countsOf(site, VZDUMP, begun.first)).toEqual(ONCE)
    },
    SLOW_MS,
  )
})

it('every exchange is as the vendor’s schema has it', () => {
  site.schema.expectNoFaults()
})
