// SPDX-License-Identifier: GPL-3.0-or-later
/** What cannot be done fails with the reason, what to do next, and no effect. */
import { describe, expect, it } from '@jest/globals'
import { runJob } from '@sallyport/sdk/testing'
import { plugin } from '../src/index.ts'
import { PVE_VERSIONS } from '../src/simulator/world.ts'
import { openSimulated } from './support/simulated-handle.ts'
import type { Simulated } from './support/simulated-handle.ts'

type JobName = keyof typeof plugin.jobs

async function run(at: Simulated, job: JobName, input: object): Promise<unknown> {
  return runJob(plugin, job, { input: { ...input }, use: { pve: at.pve } })
}

const UPID = 'UPID:pve1:0000C346:00A0B0C0:68D7279C:qmstart:100:root@pam:'

/** Every job on one guest, with an input that would do. */
const GUEST_JOBS: readonly (readonly [JobName, object])[] = [
  ['guest.start', {}],
  ['guest.stop', {}],
  ['guest.shutdown', { then: 'stop' }],
  ['guest.reboot', {}],
  ['guest.suspend', {}],
  ['guest.resume', {}],
  ['guest.config', { cores: 2 }],
  ['guest.resize', { cores: 2 }],
  ['guest.resize', { disk: 'scsi0', size: '900G' }],
  ['guest.delete', { purge: true }],
  ['guest.snapshot.create', { snapshot: 'before' }],
  ['guest.snapshot.rollback', { snapshot: 'before' }],
  ['guest.snapshot.delete', { snapshot: 'before' }],
]

describe.each(GUEST_JOBS)('%s %j', (job, input) => {
  it('of a guest that does not exist fails without effect', async () => {
    const at = openSimulated()
    await expect(run(at, job, { node: 'pve1', vmid: 4_711, ...input })).rejects.toMatchObject({
      code: 'ERR_PVE_NO_GUEST',
      message: expect.stringContaining('proxmox/guest.list') as unknown,
    })
    expect(at.effects()).toEqual([])
  })

  it.each([9000, 9001])('of the template %i fails without effect', async (vmid) => {
    const at = openSimulated()
    await expect(run(at, job, { node: 'pve1', vmid, ...input })).rejects.toMatchObject({
      code: 'ERR_PVE_TEMPLATE',
    })
    expect(at.effects()).toEqual([])
  })

  it('of a guest on another node fails without effect', async () => {
    const at = openSimulated()
    expect(at.guest(100).node).toBe('pve1')
    await expect(run(at, job, { node: 'pve2', vmid: 100, ...input })).rejects.toMatchObject({
      code: 'ERR_PVE_NO_GUEST',
    })
    expect(at.effects()).toEqual([])
  })

  it('of a guest on a node that is switched off fails without effect', async () => {
    const at = openSimulated({ offline: ['pve3'] })
    await expect(run(at, job, { node: 'pve3', vmid: 105, ...input })).rejects.toMatchObject({
      code: 'ERR_PVE_NODE_OFFLINE',
    })
    expect(at.effects()).toEqual([])
  })

  it('with a token that may not see the guest fails, and says what is missing', async () => {
    const at = openSimulated({ rights: { '/vms/101': 'PVEVMAdmin' } })
    await expect(run(at, job, { node: 'pve1', vmid: 100, ...input })).rejects.toMatchObject({
      code: 'ERR_PVE_PERMISSION',
      details: { path: '/vms/100', privileges: ['VM.Audit'] },
    })
    expect(at.effects()).toEqual([])
  })
})

/** One situation, the job in it, and how it fails. */
interface Refused {
  readonly name: string
  readonly job: JobName
  readonly vmid: number
  readonly input?: object
  readonly before?: (at: Simulated) => void
  readonly code: string
  readonly says: RegExp
}

const managed = { state: 'started', group: undefined, comment: '' } as const

const REFUSED: readonly Refused[] = [
  {
    name: 'a snapshot of a container with a folder of the host, with the way out',
    job: 'guest.snapshot.create',
    vmid: 101,
    input: { snapshot: 'before' },
    code: 'ERR_PVE_STATE',
    says: /mp0 \(\/mnt\/bulk\/photos\).*lxc\.mount\.entry.*101\.conf/,
  },
  {
    name: 'a snapshot on a storage that takes none',
    job: 'guest.snapshot.create',
    vmid: 103,
    input: { snapshot: 'before' },
    code: 'ERR_PVE_STATE',
    says: /takes no snapshots/,
  },
  {
    name: 'a snapshot with the memory of a stopped machine',
    job: 'guest.snapshot.create',
    vmid: 100,
    input: { snapshot: 'before', withMemory: true },
    before: (at) => {
      at.guest(100).status = 'stopped'
    },
    code: 'ERR_PVE_STATE',
    says: /no memory to keep/,
  },
  {
    name: 'going back to a snapshot that is not there, with those that are',
    job: 'guest.snapshot.rollback',
    vmid: 100,
    input: { snapshot: 'nowhere' },
    code: 'ERR_PVE_STATE',
    says: /has no snapshot nowhere; it has: \w+/,
  },
  {
    name: 'removing a guest that runs',
    job: 'guest.delete',
    vmid: 100,
    code: 'ERR_PVE_STATE',
    says: /is running; stop it first/,
  },
  {
    name: 'removing a guest that is protected',
    job: 'guest.delete',
    vmid: 104,
    before: (at) => {
      at.guest(104).status = 'stopped'
    },
    code: 'ERR_PVE_STATE',
    says: /protected.*protection=false/,
  },
  {
    name: 'removing a guest that the HA manager looks after',
    job: 'guest.delete',
    vmid: 100,
    before: (at) => {
      at.guest(100).status = 'stopped'
      at.world.ha.resources.set('vm:100', { sid: 'vm:100', ...managed })
    },
    code: 'ERR_PVE_STATE',
    says: /purge=true/,
  },
  {
    name: 'stopping a guest that is being backed up',
    job: 'guest.stop',
    vmid: 100,
    before: (at) => {
      at.guest(100).lock = 'backup'
    },
    code: 'ERR_PVE_LOCKED',
    says: /\(backup\).*proxmox\/task\.wait/,
  },
  {
    name: 'starting a machine that is paused',
    job: 'guest.start',
    vmid: 100,
    before: (at) => {
      at.guest(100).qmpStatus = 'paused'
    },
    code: 'ERR_PVE_STATE',
    says: /guest\.resume/,
  },
  {
    name: 'asking a paused machine to shut down',
    job: 'guest.shutdown',
    vmid: 100,
    before: (at) => {
      at.guest(100).qmpStatus = 'paused'
    },
    code: 'ERR_PVE_STATE',
    says: /then=stop/,
  },
  {
    name: 'rebooting what is stopped',
    job: 'guest.reboot',
    vmid: 103,
    code: 'ERR_PVE_STATE',
    says: /only a running one/,
  },
  {
    name: 'pausing a container',
    job: 'guest.suspend',
    vmid: 101,
    code: 'ERR_PVE_STATE',
    says: /containers cannot stand still/,
  },
  {
    name: 'making a disk smaller',
    job: 'guest.resize',
    vmid: 110,
    input: { disk: 'scsi0', size: '1G' },
    code: 'ERR_PVE_STATE',
    says: /grow only/,
  },
  {
    name: 'growing a disk that is not there',
    job: 'guest.resize',
    vmid: 110,
    input: { disk: 'scsi7', size: '99G' },
    code: 'ERR_PVE_STATE',
    says: /has no disk scsi7; it has: scsi0/,
  },
  {
    name: 'growing a folder of the host',
    job: 'guest.resize',
    vmid: 101,
    input: { disk: 'mp0', size: '99G' },
    code: 'ERR_PVE_STATE',
    says: /mp0 is \/mnt\/bulk\/photos of the host/,
  },
  {
    name: 'starting without a quorum',
    job: 'guest.start',
    vmid: 103,
    before: (at) => {
      for (const name of ['pve2', 'pve3']) at.world.nodes.get(name)!.state = 'offline'
    },
    code: 'ERR_PVE_NO_QUORUM',
    says: /no quorum.*cluster\.status/,
  },
  {
    name: 'changing settings without a quorum',
    job: 'guest.config',
    vmid: 103,
    input: { cores: 7 },
    before: (at) => {
      for (const name of ['pve2', 'pve3']) at.world.nodes.get(name)!.state = 'offline'
    },
    code: 'ERR_PVE_NO_QUORUM',
    says: /no quorum/,
  },
]

describe.each(PVE_VERSIONS)('Proxmox VE %s', (version) => {
  it.each(REFUSED)('refuses $name', async ({ job, vmid, input, before, code, says }) => {
    const at = openSimulated({ version })
    before?.(at)
    const { node } = at.guest(vmid)
    await expect(run(at, job, { node, vmid, ...input })).rejects.toMatchObject({
      code,
      message: expect.stringMatching(says) as unknown,
      details: { effect: 'none' },
    })
    expect(at.effects()).toEqual([])
    at.schema.expectNoFaults()
  })

  it('fails with the privilege that is missing when the token may look only', async () => {
    const at = openSimulated({ version, rights: { '/': 'PVEAuditor' } })
    await expect(run(at, 'guest.start', { node: 'pve1', vmid: 103 })).rejects.toMatchObject({
      code: 'ERR_PVE_PERMISSION',
      details: { path: '/vms/103', privileges: ['VM.PowerMgmt'] },
    })
    expect(at.effects()).toEqual([])
  })

  it('leaves a machine running that does not shut down in time', async () => {
    const at = openSimulated({ version })
    const { node } = at.guest(106)
    const input = { node, vmid: 106, timeoutSeconds: 3 }
    await expect(run(at, 'guest.shutdown', input)).rejects.toMatchObject({ code: 'ERR_PVE_TASK' })
    expect(at.guest(106).status).toBe('running')
  })
})

describe('an input', () => {
  const odd: readonly [string, JobName, object][] = [
    ['a node that is a path', 'guest.start', { node: '../pve1', vmid: 100 }],
    ['a node that is whoever is asked', 'guest.start', { node: 'localhost', vmid: 100 }],
    ['a number below 100', 'guest.start', { node: 'pve1', vmid: 99 }],
    ['an unknown field', 'guest.start', { node: 'pve1', vmid: 100, force: true }],
    ['a snapshot called current', 'guest.snapshot.create', { snapshot: 'current' }],
    ['a snapshot that is a path', 'guest.snapshot.delete', { snapshot: 'a/../b' }],
    ['a disk without a size', 'guest.resize', { disk: 'scsi0' }],
    ['a disk and cores', 'guest.resize', { disk: 'scsi0', size: '9G', cores: 1 }],
    ['nothing to resize', 'guest.resize', {}],
    ['a disk that is another option', 'guest.resize', { disk: 'args', size: '9G' }],
    ['a size that shrinks', 'guest.resize', { disk: 'scsi0', size: '-1G' }],
    ['a setting given and removed', 'guest.config', { cores: 1, remove: ['cores'] }],
    ['a setting that is not for it', 'guest.config', { hookscript: 'local:snippets/x' }],
    ['a start order with more in it', 'guest.config', { startup: 'order=1,args=x' }],
  ]

  it.each(odd)('with %s is refused', async (_, job, input) => {
    const at = openSimulated()
    await expect(run(at, job, { node: 'pve1', vmid: 100, ...input })).rejects.toMatchObject({
      code: 'ERR_INPUT_FORM',
    })
    expect(at.pve.calls).toEqual([])
  })
})

describe.each(['task.wait', 'task.log', 'task.stop'] as const)('%s', (job) => {
  it('of a task on another node is refused before anything is asked', async () => {
    const at = openSimulated()
    await expect(run(at, job, { node: 'pve2', upid: UPID })).rejects.toMatchObject({
      code: 'ERR_PVE_UPID',
    })
    expect(at.pve.calls).toEqual([])
  })

  it('of a task that does not exist fails', async () => {
    const at = openSimulated()
    await expect(run(at, job, { node: 'pve1', upid: UPID })).rejects.toMatchObject({
      code: expect.stringMatching(/^ERR_PVE_/) as unknown,
    })
    expect(at.effects()).toEqual([])
  })
})
