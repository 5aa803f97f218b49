// SPDX-License-Identifier: Apache-2.0
/** Tasks of a cluster that fail, warn, talk much, never end, or are lost with their node. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { buildBundle } from '../support/build.ts'
import { Field } from '../support/field.ts'
import { addSite, buildProxmox, runOn, type Site } from '../support/proxmox-field.ts'
import { addStep, countsOf, hold, letGo, nextTask, seen } from '../support/proxmox-tasks.ts'

const SLOW_MS = 120_000
const scope = new AsyncDisposableStack()
let field: Field
let site: Site
/** Its plugin is in a hurry. */
let hasty: Site

const VZDUMP = 'POST /nodes/{node}/vzdump'
const START = 'POST /nodes/{node}/qemu/{vmid}/status/start'
const BACKUP = { node: 'pve1', vmid: 103, storage: 'nas' }
const TASK_STATUS = 'GET /nodes/{node}/tasks/{upid}/status'

beforeAll(async () => {
  field = scope.use(await Field.open())
  const bundle = await buildProxmox(field)
  const cluster = { version: '9.2' } as const
  site = await addSite(field, scope, { name: 'pve1', bundle, cluster })
  const hurried = await buildBundle('faults/plugins/hasty-proxmox.ts')
  hasty = await addSite(field, scope, { name: 'pve2', bundle: hurried, cluster })
}, SLOW_MS)

afterAll(() => scope.disposeAsync())

describe('a task', () => {
  it(
    'that never ends is named, can be waited for, and can be stopped',
    async () => {
      const held = nextTask(hasty, START, hold)
      const guest = { node: 'pve3', vmid: 108 }
      const { state, failure } = await runOn(field, hasty, 'guest.start', guest)
      const { upid } = await held
      expect({ state, failure }).toMatchObject({
        state: 'failed',
        failure: {
          code: 'ERR_PVE_TASK_RUNNING',
          message: expect.stringContaining(`proxmox/task.wait, node=pve3 and upid=${upid}`),
          details: { upid, node: 'pve3', effect: 'unknown' },
        },
      })
      const task = { node: 'pve3', upid }
      const wait = () => runOn(field, hasty, 'task.wait', { ...task, withinSeconds: 20 })
      expect(await wait()).toMatchObject({ state: 'done', output: { outcome: 'running' } })
      expect(await runOn(field, hasty, 'task.stop', task)).toMatchObject({
        state: 'done',
        output: { changed: true },
        verification: { verdict: 'verified' },
      })
      expect(await wait()).toMatchObject({
        output: { outcome: 'failed', exitStatus: 'received interrupt' },
      })
    },
    SLOW_MS,
  )

  it(
    'that nobody can look at for a while is followed to its end all the same',
    async () => {
      const { simulator } = hasty.pve
      const fault = (times: number, kind: object) =>
        simulator.addFault({ operation: TASK_STATUS, times, fault: kind as never })
      fault(4, { kind: 'reset-before' })
      fault(1, { kind: 'hang', isDone: false })
      fault(4, { kind: 'status', status: 596 })
      fault(1, { kind: 'html' })
      const backup = await runOn(field, hasty, 'guest.backup', BACKUP)
      expect(backup).toMatchObject({ state: 'done', verification: { verdict: 'verified' } })
    },
    SLOW_MS,
  )

  it(
    'that can be looked at no more is named',
    async () => {
      const task = nextTask(hasty, VZDUMP, hold)
      const fault = { kind: 'status', status: 500, message: 'boom' } as const
      hasty.pve.simulator.addFault({ operation: TASK_STATUS, times: 1, fault })
      const { state, failure } = await runOn(field, hasty, 'guest.backup', BACKUP)
      const { upid } = await task
      expect({ state, failure }).toMatchObject({
        state: 'failed',
        failure: { code: 'ERR_PVE_OUTCOME', details: { upid, effect: 'unknown' } },
      })
      expect(failure!.message).toContain('boom')
      letGo(await task)
    },
    SLOW_MS,
  )

  it(
    'that ends with warnings is done, with notes',
    async () => {
      void nextTask(site, VZDUMP, addStep({ warns: true, log: 'the disk is nearly full' }))
      expect(await runOn(field, site, 'guest.backup', BACKUP)).toMatchObject({
        state: 'done',
        output: {
          notes: ['the task ended with 1 warning', 'WARN: the disk is nearly full'],
        },
        verification: { verdict: 'verified' },
      })
    },
    SLOW_MS,
  )

  it(
    'that fails makes the job fail, with the reason and the last of its many lines',
    async () => {
      const lines = Array.from({ length: 1_800 }, (_, at) => `line ${at + 1}`).join('\n')
      const first = site.pve.ledger.length
      const task = nextTask(site, VZDUMP, addStep({ log: lines, fails: 'no space left on device' }))
      const { state, failure } = await runOn(field, site, 'guest.backup', BACKUP)
      const { upid } = await task
      expect({ state, failure }).toMatchObject({
        state: 'failed',
        failure: {
          code: 'ERR_PVE_TASK',
          message: expect.stringContaining('no space left on device'),
          details: { upid, exitStatus: 'no space left on device' },
        },
      })
      const last = failure!.details['lastLines'] as string[]
      expect(last).toHaveLength(12)
      expect(last.slice(-2)).toEqual(['line 1800', 'TASK ERROR: no space left on device'])
      expect(countsOf(site, VZDUMP, first)).toEqual([1, 1])
      const log = { node: 'pve1', upid, start: 1_000, limit: 700 }
      const { output } = await runOn(field, site, 'task.log', log)
      const { lines: read, isCut } = output as { lines: { text: string }[]; isCut: boolean }
      expect([read.length, isCut, read[0]?.text, read[699]?.text]).toEqual([
        ...[700, true, 'line 1001', 'line 1700'],
      ])
    },
    SLOW_MS,
  )

  it(
    'whose node restarts is lost, and nobody says that it was done',
    async () => {
      const task = nextTask(site, VZDUMP, hold)
      const backup = runOn(field, site, 'guest.backup', { ...BACKUP, node: 'pve3', vmid: 108 })
      await seen(site, await task)
      expect(await runOn(field, site, 'node.reboot', { node: 'pve3' })).toMatchObject({
        state: 'done',
      })
      expect(await backup).toMatchObject({
        state: 'failed',
        failure: {
          code: 'ERR_PVE_TASK',
          message: expect.stringContaining('stopped without saying how'),
          details: { upid: (await task).upid, effect: 'unknown' },
        },
      })
    },
    SLOW_MS,
  )
})

it('every exchange is as the vendor’s schema has it', () => {
  for (const { schema } of [site, hasty]) schema.expectNoFaults()
})
