// SPDX-License-Identifier: GPL-3.0-or-later
/** Every job on guests and tasks against a simulated cluster, for each version, held against the vendor's schema. */
import { describe, expect, it } from '@jest/globals'
import { runJob } from '@sallyport/sdk/testing'
import { plugin } from '../src/index.ts'
import { PVE_VERSIONS } from '../src/simulator/world.ts'
import type { PveVersion } from '../src/simulator/world.ts'
import { openSimulated } from './support/simulated-handle.ts'
import type { Simulated } from './support/simulated-handle.ts'

type JobName = keyof typeof plugin.jobs

async function run(at: Simulated, job: JobName, input: object) {
  const outcome = await runJob(plugin, job, { input: { ...input }, use: { pve: at.pve } })
  at.schema.expectNoFaults()
  return outcome as unknown as Outcome
}

interface Outcome {
  readonly output: Readonly<Record<string, unknown>>
  readonly plan: Readonly<Record<string, unknown>>
  readonly verification: { readonly verdict: string; readonly message: string } | undefined
  readonly kept: readonly unknown[]
}

function where(at: Simulated, vmid: number) {
  return { node: at.guest(vmid).node, vmid }
}

/** A change: the job, the guest, the input beside it, what is so before and what must be so after. */
interface Change {
  readonly job: JobName
  readonly vmid: number
  readonly input?: object
  readonly before?: (at: Simulated) => void
  readonly after: (at: Simulated) => void
  /** Whether a second run finds nothing to do. */
  readonly isIdempotent?: boolean
  /** Requests that change something. */
  readonly effects?: number
}

const stop =
  (vmid: number) =>
  (at: Simulated): void => {
    at.guest(vmid).status = 'stopped'
  }

const CHANGES: readonly Change[] = [
  {
    job: 'guest.config',
    vmid: 100,
    input: {
      name: 'web-2',
      description: 'line one\nline two; ümlaut & more',
      tags: ['web', 'prod'],
      cores: 3,
      memoryMiB: 2_048,
      onBoot: false,
      startup: 'order=2,up=30',
      protection: true,
    },
    before: stop(100),
    after: (at) =>
      expect(at.guest(100).config).toMatchObject({ name: 'web-2', cores: 3, protection: 1 }),
  },
  {
    job: 'guest.config',
    vmid: 103,
    input: { name: 'files-2', tags: ['home'], memoryMiB: 768, onBoot: true, remove: ['cores'] },
    after: (at) => {
      expect(at.guest(103).config).toMatchObject({ hostname: 'files-2', memory: 768 })
      expect(at.guest(103).config).not.toHaveProperty('cores')
    },
  },
  {
    job: 'guest.resize',
    vmid: 103,
    input: { cores: 4, memoryMiB: 4_096 },
    after: (at) => expect(at.guest(103).config).toMatchObject({ cores: 4, memory: 4_096 }),
  },
  {
    job: 'guest.resize',
    vmid: 110,
    input: { disk: 'scsi0', size: '80G' },
    after: (at) => expect(at.guest(110).config['scsi0']).toMatch(/size=80G/),
  },
  {
    job: 'guest.resize',
    vmid: 105,
    input: { disk: 'rootfs', size: '40G' },
    after: (at) => expect(at.guest(105).config['rootfs']).toMatch(/size=40G/),
  },
  {
    job: 'guest.snapshot.create',
    vmid: 110,
    input: { snapshot: 'before-upgrade', description: 'by hand', withMemory: true },
    after: (at) =>
      expect(at.guest(110).snapshots.at(-1)).toMatchObject({
        name: 'before-upgrade',
        withMemory: true,
      }),
    isIdempotent: false,
  },
  {
    job: 'guest.snapshot.create',
    vmid: 105,
    input: { snapshot: 'before-upgrade' },
    after: (at) => expect(at.guest(105).snapshots).toHaveLength(1),
    isIdempotent: false,
  },
  {
    job: 'guest.snapshot.delete',
    vmid: 100,
    input: { snapshot: 'SNAP0' },
    after: (at) => expect(at.guest(100).snapshots).toHaveLength(1),
  },
  {
    job: 'guest.snapshot.rollback',
    vmid: 100,
    input: { snapshot: 'SNAP1', start: true },
    after: (at) => expect(at.guest(100).parent).toBe(at.guest(100).snapshots.at(-1)!.name),
    isIdempotent: false,
  },
  {
    job: 'guest.delete',
    vmid: 103,
    input: { purge: true },
    before: stop(103),
    after: (at) => expect(at.guest(103)).toBeUndefined(),
    isIdempotent: false,
  },
  {
    job: 'guest.delete',
    vmid: 110,
    before: stop(110),
    after: (at) => expect(at.guest(110)).toBeUndefined(),
    isIdempotent: false,
  },
  {
    job: 'guest.delete',
    vmid: 9000,
    input: { template: true },
    after: (at) => expect(at.guest(9000)).toBeUndefined(),
    isIdempotent: false,
  },
  {
    job: 'guest.reboot',
    vmid: 100,
    after: (at) => expect(at.guest(100).status).toBe('running'),
    isIdempotent: false,
  },
  {
    job: 'guest.reboot',
    vmid: 101,
    after: (at) => expect(at.guest(101).status).toBe('running'),
    isIdempotent: false,
  },
  {
    job: 'guest.resume',
    vmid: 100,
    before: (at) => {
      at.guest(100).qmpStatus = 'paused'
    },
    after: (at) => expect(at.guest(100).qmpStatus).toBe('running'),
  },
]

/** The input with the names of snapshots that the seed gave. */
function inputOf(at: Simulated, change: Change): object {
  const text = JSON.stringify({ ...where(at, change.vmid), ...change.input })
  const names = at.guest(100).snapshots.map(({ name }) => name)
  return JSON.parse(text.replace('SNAP0', names[0]!).replace('SNAP1', names.at(-1)!)) as object
}

describe.each(PVE_VERSIONS)('Proxmox VE %s', (version) => {
  it.each(CHANGES.map((change, index) => [index + 1, change.job, change.vmid, change] as const))(
    '%i: %s of guest %i is done once, and seen',
    async (_number, job, _vmid, change) => {
      const at = openSimulated({ version })
      change.before?.(at)
      const input = inputOf(at, change)
      const { output, verification, plan } = await run(at, job, input)
      expect(output).toMatchObject({ changed: true })
      expect(verification).toMatchObject({ verdict: 'verified' })
      expect(plan).toBeDefined()
      expect(at.effects()).toHaveLength(change.effects ?? 1)
      change.after(at)
      if (change.isIdempotent === false) return
      expect((await run(at, job, input)).output).toMatchObject({ changed: false })
      expect(at.effects()).toHaveLength(change.effects ?? 1)
    },
  )

  it('guest.list tells all, and keeps what is asked for', async () => {
    const at = openSimulated({ version })
    const all = await run(at, 'guest.list', {})
    expect(all.output).toMatchObject({ notes: [] })
    expect(all.output['guests']).toHaveLength(14)
    const some = await run(at, 'guest.list', {
      node: 'pve1',
      type: 'lxc',
      status: 'running',
      templates: false,
    })
    const guests = some.output['guests'] as { vmid: number; node: string; type: string }[]
    expect(guests.length).toBeGreaterThan(0)
    expect(guests.every(({ node, type }) => node === 'pve1' && type === 'lxc')).toBe(true)
    expect(at.effects()).toEqual([])
  })

  it('guest.list tells a token without rights from a cluster without guests', async () => {
    const blind = openSimulated({ version, rights: {} })
    expect((await run(blind, 'guest.list', {})).output).toMatchObject({
      guests: [],
      notes: [expect.stringContaining('may see no guest at all')],
    })
    const empty = openSimulated({ version, guests: 0 })
    expect((await run(empty, 'guest.list', { templates: false })).output).toEqual({
      guests: [],
      notes: [],
    })
    const partial = openSimulated({ version, rights: { '/vms/101': 'PVEVMAdmin' } })
    const { output } = await run(partial, 'guest.list', {})
    expect(output).toMatchObject({
      guests: [{ vmid: 101 }],
      notes: [expect.stringContaining('some')],
    })
  })

  it('guest.show tells what a machine has', async () => {
    const at = openSimulated({ version })
    const { output } = await run(at, 'guest.show', where(at, 100))
    expect(output).toMatchObject({
      kind: 'qemu',
      status: 'running',
      isolation: { class: 'virtual-machine', weakenedBy: [] },
      snapshotCount: 2,
      lock: null,
      lastBackup: { volumeId: expect.stringContaining('100') },
    })
    expect(output['disks']).toMatchObject([{ key: 'scsi0', inBackup: true }])
  })

  it('guest.show keeps secrets of the configuration to itself', async () => {
    const at = openSimulated({ version })
    Object.assign(at.guest(100).config, {
      cipassword: '$5$salt$hash',
      sshkeys: 'ssh-ed25519%20AAAA',
    })
    const { output } = await run(at, 'guest.show', where(at, 100))
    expect(output['config']).toHaveProperty('net0')
    expect(Object.keys(output['config'] as object)).not.toContain('cipassword')
    expect(Object.keys(output['config'] as object)).not.toContain('sshkeys')
  })

  it('guest.show tells what goes past the wall of a container', async () => {
    const at = openSimulated({ version })
    const { output } = await run(at, 'guest.show', where(at, 101))
    expect(output).toMatchObject({
      kind: 'lxc',
      isolation: {
        class: 'unprivileged-container',
        weakenedBy: ['feature nesting', 'mp0 is /mnt/bulk/photos'],
      },
    })
    expect(output['disks']).toMatchObject([
      { key: 'mp0', storage: null, inBackup: false },
      { key: 'mp1', inBackup: false, leftOutBecause: expect.any(String) },
      { key: 'mp2', inBackup: true },
      { key: 'rootfs', storage: 'local-lvm', inBackup: true },
    ])
  })

  it('guest.snapshot.list tells them in order', async () => {
    const at = openSimulated({ version })
    const { output } = await run(at, 'guest.snapshot.list', where(at, 100))
    const names = at.guest(100).snapshots.map(({ name }) => ({ name }))
    expect(output).toMatchObject({ snapshots: names, currentParent: names.at(-1)!.name })
  })

  it('guest.delete plans what is lost', async () => {
    const at = openSimulated({ version })
    stop(100)(at)
    const { plan } = await run(at, 'guest.delete', where(at, 100))
    expect(plan).toMatchObject({
      changes: [
        { op: 'remove', what: 'guest 100 "web" (qemu, stopped, 2 cores, 2 GiB)' },
        { op: 'remove', what: 'volume nas:100/vm-100-disk-0.qcow2, 8 GiB' },
        { op: 'warn', what: expect.stringMatching(/^last backup 20\d\d-.* UTC, on pbs$/) },
        { op: 'warn', what: '2 snapshots are lost: installed, before-upgrade' },
      ],
      state: {
        guest: { vmid: 100, kind: 'qemu', status: 'stopped' },
        volumes: [{ key: 'scsi0', sizeBytes: expect.any(Number) }],
        snapshots: [expect.any(String), expect.any(String)],
        lastBackup: { createdAt: expect.stringMatching(/^20\d\d-/) },
      },
    })
  })

  it('tasks are waited for, read and stopped', async () => {
    const at = openSimulated({ version, secondMs: 400 })
    const upid = slowTask(at, version)
    const early = await run(at, 'task.wait', { node: 'pve1', upid, withinSeconds: 1 })
    expect(early.output).toMatchObject({ outcome: 'running', type: 'qmshutdown', id: '106' })
    const stopped = await run(at, 'task.stop', { node: 'pve1', upid })
    expect(stopped.output).toMatchObject({ changed: true })
    expect(stopped.verification).toMatchObject({ verdict: 'verified' })
    const end = await run(at, 'task.wait', { node: 'pve1', upid })
    expect(end.output).toMatchObject({ outcome: 'failed', exitStatus: expect.any(String) })
    const again = await run(at, 'task.stop', { node: 'pve1', upid })
    expect(again.output).toMatchObject({ changed: false })
    const { output } = await run(at, 'task.log', { node: 'pve1', upid })
    expect(output).toMatchObject({ isCut: false })
  })
})

/** A machine that does not shut down, asked to. */
function slowTask(at: Simulated, _version: PveVersion): string {
  at.guest(106).node = 'pve1'
  at.simulator.handle({
    method: 'POST',
    target: '/api2/json/nodes/pve1/qemu/106/status/shutdown?timeout=600',
    headers: {
      authorization: 'PVEAPIToken=sallyport@pve!pve1=7d0c1c6e-2f3b-4a7e-9a55-0f5b7f7f7a01',
    },
    body: new Uint8Array(),
  })
  return [...at.world.tasks.keys()].at(-1)!
}
