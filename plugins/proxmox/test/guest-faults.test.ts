// SPDX-License-Identifier: GPL-3.0-or-later
/** Lost, false and late answers to requests that change something: one request, and the truth about what it did. */
import { describe, expect, it } from '@jest/globals'
import { runJob } from '@sallyport/sdk/testing'
import { plugin } from '../src/index.ts'
import type { FaultRule } from '../src/simulator/contract.ts'
import { openSimulated } from './support/simulated-handle.ts'
import type { Simulated } from './support/simulated-handle.ts'

type JobName = keyof typeof plugin.jobs

function run(
  at: Simulated,
  job: JobName,
  input: object,
  resume?: { kept: unknown; plan?: unknown },
) {
  const use = { pve: at.pve } as never
  return runJob(plugin, job, { input: { ...input }, use, ...(resume && { resume }) })
}

/** Requests that were sent and change something, whether or not they were answered. */
function sent(at: Simulated): string[] {
  return at.pve.calls.map(({ target }) => target).filter((target) => !target.startsWith('GET '))
}

interface Change {
  readonly job: JobName
  readonly operation: string
  readonly vmid: number
  readonly input?: object
  readonly before?: (at: Simulated) => void
  readonly isDone: (at: Simulated) => boolean
}

const CHANGES: readonly Change[] = [
  {
    job: 'guest.start',
    operation: 'POST /nodes/{node}/lxc/{vmid}/status/start',
    vmid: 103,
    isDone: (at) => at.guest(103).status === 'running',
  },
  {
    job: 'guest.stop',
    operation: 'POST /nodes/{node}/qemu/{vmid}/status/stop',
    vmid: 100,
    isDone: (at) => at.guest(100).status === 'stopped',
  },
  {
    job: 'guest.resize',
    operation: 'PUT /nodes/{node}/qemu/{vmid}/resize',
    vmid: 110,
    input: { disk: 'scsi0', size: '80G' },
    isDone: (at) => /size=80G/.test(String(at.guest(110).config['scsi0'])),
  },
  {
    job: 'guest.snapshot.create',
    operation: 'POST /nodes/{node}/lxc/{vmid}/snapshot',
    vmid: 105,
    input: { snapshot: 'before' },
    isDone: (at) => at.guest(105).snapshots.length === 1,
  },
  {
    job: 'guest.delete',
    operation: 'DELETE /nodes/{node}/qemu/{vmid}',
    vmid: 110,
    before: (at) => {
      at.guest(110).status = 'stopped'
    },
    isDone: (at) => at.guest(110) === undefined,
  },
]

const DONE: readonly FaultRule['fault'][] = [
  { kind: 'reset-after' },
  { kind: 'hang', isDone: true },
]

const NOT_DONE: readonly FaultRule['fault'][] = [
  { kind: 'reset-before' },
  { kind: 'hang', isDone: false },
  { kind: 'status', status: 596, message: 'Broken pipe' },
  { kind: 'html' },
]

function sceneOf(change: Change, fault?: FaultRule['fault']) {
  const at = openSimulated()
  change.before?.(at)
  const input = { node: at.guest(change.vmid).node, vmid: change.vmid, ...change.input }
  if (fault !== undefined) at.simulator.addFault({ operation: change.operation, fault })
  return { at, input }
}

describe.each(CHANGES)('$job', (change) => {
  it.each(DONE)('is found done after %j, without a second request', async (fault) => {
    const { at, input } = sceneOf(change, fault)
    const { output, verification } = await run(at, change.job, input)
    expect(output).toMatchObject({ changed: true })
    expect(verification).toMatchObject({ verdict: 'verified' })
    expect(change.isDone(at)).toBe(true)
    expect(sent(at)).toHaveLength(1)
  })

  const notDone = change.job === 'guest.start' ? NOT_DONE : NOT_DONE.slice(0, 1)

  it.concurrent.each(notDone)(
    'is found not done after %j, without a second request',
    async (fault) => {
      const { at, input } = sceneOf(change, fault)
      await expect(run(at, change.job, input)).rejects.toMatchObject({
        code: 'ERR_PVE_NOT_STARTED',
        retryable: true,
        details: { effect: 'none' },
      })
      expect(change.isDone(at)).toBe(false)
      expect(sent(at)).toHaveLength(1)
      expect(at.effects()).toEqual([])
    },
    15_000,
  )

  it('is refused in words where Proxmox VE says so, without a second request', async () => {
    const { at, input } = sceneOf(change, { kind: 'status', status: 500, message: 'boom' })
    await expect(run(at, change.job, input)).rejects.toMatchObject({ code: 'ERR_PVE_REFUSED' })
    expect(sent(at)).toHaveLength(1)
  })

  it('does not take another task for its own', async () => {
    const upid = 'UPID:pve1:0000C346:00A0B0C0:68D7279C:qmstart:999:root@pam:'
    const { at, input } = sceneOf(change, { kind: 'other-upid', upid })
    await expect(run(at, change.job, input)).rejects.toMatchObject({
      code: 'ERR_PVE_UPID',
      details: { effect: 'unknown', upid },
    })
    expect(sent(at)).toHaveLength(1)
  })

  it('is taken up again from what it kept, by looking alone', async () => {
    const { at, input } = sceneOf(change, { kind: 'reset-after' })
    const { kept, plan } = await run(at, change.job, input)
    expect(kept).toHaveLength(2)
    for (const each of kept) {
      const { output } = await run(at, change.job, input, { kept: each, plan })
      expect(output).toMatchObject({ changed: true })
    }
    expect(sent(at)).toHaveLength(1)
  })
})

describe('a guest that the HA manager looks after', () => {
  it.each([
    ['guest.start', 103, 'ct:103', 'stopped', 'hastart'],
    ['guest.stop', 100, 'vm:100', 'started', 'hastop'],
    ['guest.shutdown', 101, 'ct:101', 'started', 'hastop'],
  ] as const)('%s of %i is waited for until it is so', async (job, vmid, sid, state, type) => {
    const at = openSimulated({ secondMs: 20 })
    at.world.ha.resources.set(sid, { sid, state, group: undefined, comment: '' })
    const input = { node: at.guest(vmid).node, vmid }
    const { output, plan, verification } = await run(at, job, input)
    expect(plan).toMatchObject({
      changes: expect.arrayContaining([
        { op: 'note', what: expect.stringContaining('HA manager') },
      ]),
    })
    expect(output).toMatchObject({ changed: true, upid: expect.stringContaining(type) })
    expect(verification).toMatchObject({ verdict: 'verified' })
    expect(sent(at)).toHaveLength(1)
  })
})

describe('changing settings', () => {
  const operation = 'PUT /nodes/{node}/lxc/{vmid}/config'
  const isDone = (at: Simulated) => at.guest(103).config['cores'] === 7
  const change: Change = {
    job: 'guest.config',
    operation,
    vmid: 103,
    input: { cores: 7 },
    isDone,
  }

  it.each(DONE)('is found done after %j', async (fault) => {
    const { at, input } = sceneOf(change, fault)
    const { output } = await run(at, 'guest.config', input)
    expect(output).toMatchObject({
      changed: true,
      notes: [expect.stringContaining('the answer was lost')],
    })
    expect(sent(at)).toHaveLength(1)
  })

  it.concurrent.each(NOT_DONE)(
    'is found not done after %j',
    async (fault) => {
      const { at, input } = sceneOf(change, fault)
      await expect(run(at, 'guest.config', input)).rejects.toMatchObject({
        code: 'ERR_PVE_NOT_STARTED',
        details: { effect: 'none' },
      })
      expect(isDone(at)).toBe(false)
      expect(sent(at)).toHaveLength(1)
    },
    15_000,
  )

  it('of which somebody else changed the file meanwhile is refused', async () => {
    const { at, input } = sceneOf(change)
    let looks = 0
    at.simulator.observe(({ operation: seen }) => {
      if (seen === 'GET /nodes/{node}/lxc/{vmid}/config' && ++looks === 2) {
        at.guest(103).config['cores'] = 5
      }
    })
    await expect(run(at, 'guest.config', input)).rejects.toMatchObject({ code: 'ERR_PVE_REFUSED' })
    expect(at.guest(103).config['cores']).toBe(5)
  })

  it('is taken up again by looking alone', async () => {
    const { at, input } = sceneOf(change)
    at.guest(103).config['cores'] = 7
    const { output } = await run(at, 'guest.config', input, { kept: { changes: [] } })
    expect(output).toMatchObject({ changed: true })
    expect(sent(at)).toEqual([])
  })
})

describe('a guest that has only just started', () => {
  it('is seen up again after a reboot, although its uptime tells nothing', async () => {
    const at = openSimulated()
    at.guest(100).startedAtMs = at.world.now()
    const { output, verification } = await run(at, 'guest.reboot', { node: 'pve1', vmid: 100 })
    expect(output).toMatchObject({ changed: true, notes: [] })
    expect(verification).toMatchObject({ verdict: 'verified' })
  })
})
