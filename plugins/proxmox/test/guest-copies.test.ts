// SPDX-License-Identifier: GPL-3.0-or-later
/** Jobs that make, move, save and bring back guests, on a simulated cluster of each version. */
import { describe, expect, it } from '@jest/globals'
import { PVE_VERSIONS } from '../src/simulator/world.ts'
import { openSimulated } from './support/simulated-handle.ts'
import type { Simulated } from './support/simulated-handle.ts'
import { runOn } from './support/run-on.ts'
import type { JobName } from './support/run-on.ts'

const KEYS = ['ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJx me@example', 'ssh-ed25519 AAAAC3Nz+/==']
const ARCHIVE = 'nas:vztmpl/debian-13-standard_13.1-2_amd64.tar.zst'

/** One job that starts tasks: what it changes, and the request that a lost answer is tried on. */
interface Making {
  readonly job: JobName
  readonly input: object
  readonly before?: (at: Simulated) => void
  readonly operation: string
  /** Requests that change something. */
  readonly effectCount: number
  readonly output: object
}

const stopped =
  (vmid: number) =>
  (at: Simulated): void => {
    at.guest(vmid).status = 'stopped'
  }

const MAKINGS: Readonly<Record<string, Making>> = {
  'a linked copy of a machine': {
    job: 'guest.clone',
    input: { node: 'pve1', vmid: 9000, newid: 500, name: 'copy' },
    operation: 'POST /nodes/{node}/qemu/{vmid}/clone',
    effectCount: 1,
    output: { vmid: 500, isLinked: true, kind: 'qemu' },
  },
  'a whole copy of a container on another storage': {
    job: 'guest.clone',
    input: { node: 'pve1', vmid: 9001, newid: 501, full: true, storage: 'nas', target: 'pve2' },
    operation: 'POST /nodes/{node}/lxc/{vmid}/clone',
    effectCount: 1,
    output: { vmid: 501, node: 'pve2', isLinked: false, kind: 'lxc' },
  },
  'a machine with an address and keys of its own': {
    job: 'guest.provision',
    input: {
      node: 'pve1',
      vmid: 600,
      template: 9000,
      name: 'web9',
      tags: ['a', 'b'],
      cores: 3,
      memoryMib: 1_024,
      network: { vlan: 7, address: '192.0.2.10/24', gateway: '192.0.2.1' },
      nameserver: ['192.0.2.1'],
      sshKeys: KEYS,
      ciUser: 'ops',
    },
    operation: 'POST /nodes/{node}/qemu/{vmid}/clone',
    effectCount: 3,
    output: { vmid: 600, name: 'web9', status: 'running', address: '192.0.2.10/24' },
  },
  'a container made of a template': {
    job: 'guest.provision',
    input: {
      node: 'pve1',
      vmid: 601,
      template: 9001,
      name: 'ct9',
      network: { address: 'dhcp', mac: 'BC:24:11:00:00:77' },
    },
    operation: 'POST /nodes/{node}/lxc/{vmid}/status/start',
    effectCount: 3,
    output: { name: 'ct9', macs: { net0: 'BC:24:11:00:00:77' }, status: 'running' },
  },
  'a container made of an archive': {
    job: 'guest.provision',
    input: {
      node: 'pve1',
      vmid: 602,
      ostemplate: ARCHIVE,
      storage: 'local-lvm',
      name: 'ct10',
      network: { address: '192.0.2.11/24', gateway: '192.0.2.1' },
      sshKeys: KEYS,
    },
    operation: 'POST /nodes/{node}/lxc',
    effectCount: 2,
    output: { name: 'ct10', status: 'running', address: '192.0.2.11/24' },
  },
  'a machine that moves while it runs': {
    job: 'guest.migrate',
    input: { node: 'pve2', vmid: 104, target: 'pve3' },
    operation: 'POST /nodes/{node}/qemu/{vmid}/migrate',
    effectCount: 1,
    output: { changed: true, node: 'pve3', status: 'running' },
  },
  'a machine that moves with its disks': {
    job: 'guest.migrate',
    input: { node: 'pve1', vmid: 106, target: 'pve2', withLocalDisks: true },
    operation: 'POST /nodes/{node}/qemu/{vmid}/migrate',
    effectCount: 1,
    output: { node: 'pve2', status: 'running' },
  },
  'a container that moves with a restart': {
    job: 'guest.migrate',
    input: { node: 'pve2', vmid: 107, target: 'pve3', restart: true },
    operation: 'POST /nodes/{node}/lxc/{vmid}/migrate',
    effectCount: 1,
    output: { node: 'pve3', status: 'running' },
  },
  'a backup of a container, protected': {
    job: 'guest.backup',
    input: { node: 'pve2', vmid: 101, storage: 'nas', notes: '{{guestname}}', protected: true },
    operation: 'POST /nodes/{node}/vzdump',
    effectCount: 1,
    output: { changed: true, isProtected: true, volumeId: expect.stringMatching(/^nas:.*-101-/) },
  },
  'a backup of a machine on a backup server': {
    job: 'guest.backup',
    input: { node: 'pve1', vmid: 100, storage: 'pbs' },
    operation: 'POST /nodes/{node}/vzdump',
    effectCount: 1,
    output: { volumeId: expect.stringMatching(/^pbs:backup\/vm\/100\//) },
  },
  'a second machine from the newest backup that is reached': {
    job: 'guest.restore.latest',
    input: {
      node: 'pve1',
      vmid: 700,
      backupOf: 100,
      from: ['usb', 'nas', 'pbs'],
      unique: true,
      name: 'back',
      start: true,
      storage: 'local-lvm',
    },
    operation: 'POST /nodes/{node}/qemu',
    effectCount: 3,
    output: { vmid: 700, name: 'back', status: 'running', archive: expect.stringMatching(/^nas:/) },
  },
  'a container in its own place': {
    job: 'guest.restore.latest',
    input: { node: 'pve2', vmid: 101, backupOf: 101, from: ['nas', 'pbs'], overwrite: true },
    before: stopped(101),
    operation: 'POST /nodes/{node}/lxc',
    effectCount: 1,
    output: { vmid: 101, kind: 'lxc', archive: expect.stringMatching(/^pbs:/) },
  },
}

function sceneOf(making: Making, version: (typeof PVE_VERSIONS)[number] = '9.2'): Simulated {
  const at = openSimulated({ version })
  making.before?.(at)
  return at
}

describe.each(PVE_VERSIONS)('on %s', (version) => {
  it.each(Object.entries(MAKINGS))('%s', async (_, making) => {
    const at = sceneOf(making, version)
    const { output, verification } = await runOn(at, making.job, making.input)
    expect(output).toMatchObject(making.output)
    expect(verification).toMatchObject({ verdict: 'verified' })
    expect(at.effects()).toHaveLength(making.effectCount)
  })

  it('keys reach cloud-init as they were written', async () => {
    const at = openSimulated({ version })
    const { job, input } = MAKINGS['a machine with an address and keys of its own']!
    await runOn(at, job, input)
    expect(decodeURIComponent(String(at.guest(600).config['sshkeys']))).toBe(KEYS.join('\n'))
    expect(at.guest(600).config['net0']).toMatch(/tag=7/)
  })

  it.each([102, 103])('guest %s is given another identity', async (vmid) => {
    const at = openSimulated({ version })
    stopped(vmid)(at)
    const input = { node: 'pve1', vmid, name: 'other' }
    const before = String(at.guest(vmid).config['net0'])
    const { output, verification } = await runOn(at, 'guest.identity.reset', input)
    expect(output).toMatchObject({ changed: true, now: { name: 'other' } })
    expect(verification).toMatchObject({ verdict: 'verified' })
    const mac = /(?:[0-9A-F]{2}:){5}[0-9A-F]{2}/
    expect(mac.exec(String(at.guest(vmid).config['net0']))?.[0]).not.toBe(mac.exec(before)?.[0])
  })
})

describe('when an answer is lost', () => {
  it.each(Object.entries(MAKINGS))(
    '%s is made once',
    async (_, making) => {
      const at = sceneOf(making)
      const { operation } = making
      at.simulator.addFault({ operation, fault: { kind: 'reset-after' }, times: 1 })
      const { output } = await runOn(at, making.job, making.input)
      expect(output).toMatchObject(making.output)
      expect(at.effects()).toHaveLength(making.effectCount)
    },
    20_000,
  )

  it.each([
    ['PUT /nodes/{node}/qemu/{vmid}/config', 'a machine with an address and keys of its own'],
    [
      'PUT /nodes/{node}/qemu/{vmid}/config',
      'a second machine from the newest backup that is reached',
    ],
    [
      'POST /nodes/{node}/qemu/{vmid}/status/start',
      'a machine with an address and keys of its own',
    ],
  ])(
    'to %s, %s is finished all the same',
    async (operation, name) => {
      const making = MAKINGS[name]!
      const at = sceneOf(making)
      at.simulator.addFault({ operation, fault: { kind: 'reset-after' }, times: 1 })
      const { output } = await runOn(at, making.job, making.input)
      expect(output).toMatchObject(making.output)
      expect(at.effects()).toHaveLength(making.effectCount)
    },
    20_000,
  )

  it.each([true, false])(
    'a hanging answer (done: %s) is looked for as well',
    async (isDone) => {
      const making = MAKINGS['a machine with an address and keys of its own']!
      const at = sceneOf(making)
      const fault = { kind: 'hang', isDone } as const
      at.simulator.addFault({ operation: making.operation, fault, times: 1 })
      const run = runOn(at, making.job, making.input)
      if (isDone) expect((await run).output).toMatchObject(making.output)
      else await expect(run).rejects.toMatchObject({ code: 'ERR_PVE_NOT_STARTED' })
      expect(at.effects()).toHaveLength(isDone ? making.effectCount : 0)
    },
    20_000,
  )

  it('another identity is looked for', async () => {
    const at = openSimulated()
    stopped(102)(at)
    const operation = 'PUT /nodes/{node}/qemu/{vmid}/config'
    at.simulator.addFault({ operation, fault: { kind: 'reset-after' }, times: 1 })
    const input = { node: 'pve1', vmid: 102, name: 'other' }
    const { output } = await runOn(at, 'guest.identity.reset', input)
    expect(output).toMatchObject({ now: { name: 'other' } })
    expect(at.effects()).toHaveLength(1)
  })

  it.each(Object.entries(MAKINGS))(
    '%s is not made where it did not arrive',
    async (_, making) => {
      const at = sceneOf(making)
      const { operation } = making
      at.simulator.addFault({ operation, fault: { kind: 'reset-before' }, times: 1 })
      const run = runOn(at, making.job, making.input)
      await expect(run).rejects.toMatchObject({
        code: expect.stringMatching(/^ERR_PVE_(?:NOT_STARTED|HALF_MADE|OUTCOME)$/),
      })
      expect(at.effects().filter((each) => each.operation === operation)).toEqual([])
    },
    20_000,
  )
})

describe('another answer than the one asked for', () => {
  const upid = 'UPID:pve1:00001234:00005678:68D7279C:qmstart:999:root@pam:'

  it.each(Object.entries(MAKINGS))(
    'is not followed by %s',
    async (_, making) => {
      const at = sceneOf(making)
      const { operation } = making
      at.simulator.addFault({ operation, fault: { kind: 'other-upid', upid }, times: 1 })
      await expect(runOn(at, making.job, making.input)).rejects.toMatchObject({
        code: expect.stringMatching(/^ERR_PVE_(?:UPID|HALF_MADE)$/),
      })
      expect(at.simulator.ledger.every(({ path }) => !path.includes(':999:'))).toBe(true)
    },
    20_000,
  )

  it('about the template, and of another kind, is not followed either', async () => {
    const { job, input, operation } = MAKINGS['a machine with an address and keys of its own']!
    const at = openSimulated()
    const other = 'UPID:pve1:00001234:00005678:68D7279C:qmtemplate:9000:root@pam:'
    at.simulator.addFault({ operation, fault: { kind: 'other-upid', upid: other }, times: 1 })
    await expect(runOn(at, job, input)).rejects.toMatchObject({
      message: expect.stringMatching(/told of UPID:.*qmtemplate/),
    })
    expect(at.simulator.ledger.every(({ path }) => !path.includes('qmtemplate'))).toBe(true)
  })

  it.each(Object.entries(MAKINGS))(
    'an error of the server ends %s with the reason',
    async (_, making) => {
      const at = sceneOf(making)
      const fault = { kind: 'status', status: 500, message: 'disk is on fire' } as const
      at.simulator.addFault({ operation: making.operation, fault, times: 1 })
      await expect(runOn(at, making.job, making.input)).rejects.toMatchObject({
        message: expect.stringMatching(/disk is on fire/),
      })
    },
  )
})

describe('a run that the agent did not see to its end', () => {
  it.each(Object.entries(MAKINGS))('is told of: %s', async (_, making) => {
    const at = sceneOf(making)
    const { kept, plan } = await runOn(at, making.job, making.input)
    const count = at.effects().length
    const last = { kept: kept.at(-1), plan }
    const { output } = await runOn(at, making.job, making.input, { resume: last })
    expect(output).toMatchObject(making.output)
    expect(at.effects()).toHaveLength(count)
  })

  it('names a machine that is half made, with what is done and what is missing', async () => {
    const { job, input } = MAKINGS['a machine with an address and keys of its own']!
    const at = openSimulated()
    const { kept, plan } = await runOn(at, job, input)
    at.guest(600).status = 'stopped'
    const copied = kept.findLast((each) => (each as { step: string }).step === 'make')
    const count = at.effects().length
    const resumed = runOn(at, job, input, { resume: { kept: copied, plan } })
    await expect(resumed).rejects.toMatchObject({
      code: 'ERR_PVE_HALF_MADE',
      message: expect.stringMatching(/guest 600 on pve1.*guest\.delete/),
      details: { done: ['make'], missing: ['configure', 'start'] },
    })
    expect(at.effects()).toHaveLength(count)
  })

  it('names a machine whose start failed', async () => {
    const { job, input } = MAKINGS['a machine with an address and keys of its own']!
    const at = openSimulated()
    const operation = 'POST /nodes/{node}/qemu/{vmid}/status/start'
    at.simulator.addFault({ operation, fault: { kind: 'status', status: 500, message: 'no KVM' } })
    await expect(runOn(at, job, input)).rejects.toMatchObject({
      code: 'ERR_PVE_HALF_MADE',
      message: expect.stringMatching(/no KVM/),
      details: { done: ['make', 'configure'], missing: ['start'], vmid: 600 },
    })
  })
})

describe('refused before anything is done', () => {
  const REFUSALS: readonly (readonly [
    string,
    JobName,
    object,
    string,
    ((at: Simulated) => void)?,
  ])[] = [
    [
      'a number that is taken',
      'guest.clone',
      { node: 'pve1', vmid: 9000, newid: 101 },
      'VMID_TAKEN',
    ],
    [
      'a linked copy of no template',
      'guest.clone',
      { node: 'pve1', vmid: 102, newid: 500, full: false },
      'STATE',
    ],
    [
      'a copy on a storage for backups',
      'guest.clone',
      { node: 'pve1', vmid: 9000, newid: 500, full: true, storage: 'pbs' },
      'STORAGE',
    ],
    [
      'a guest made of no template',
      'guest.provision',
      { node: 'pve1', vmid: 600, template: 102, name: 'x' },
      'STATE',
    ],
    [
      'neither template nor archive',
      'guest.provision',
      { node: 'pve1', vmid: 600, name: 'x' },
      'PARAMETER',
    ],
    [
      'keys for a copied container',
      'guest.provision',
      { node: 'pve1', vmid: 600, template: 9001, name: 'x', sshKeys: KEYS },
      'PARAMETER',
    ],
    [
      'a gateway without an address',
      'guest.provision',
      { node: 'pve1', vmid: 600, template: 9000, name: 'x', network: { gateway: '192.0.2.1' } },
      'PARAMETER',
    ],
    [
      'a move of a running container',
      'guest.migrate',
      { node: 'pve2', vmid: 107, target: 'pve3' },
      'STATE',
    ],
    [
      'a move without its local disks',
      'guest.migrate',
      { node: 'pve1', vmid: 106, target: 'pve2' },
      'STATE',
    ],
    [
      'a move to a sleeping node',
      'guest.migrate',
      { node: 'pve2', vmid: 104, target: 'pve3' },
      'NODE_OFFLINE',
      (at) => {
        at.world.nodes.get('pve3')!.state = 'offline'
      },
    ],
    [
      'a move without a quorum',
      'guest.migrate',
      { node: 'pve1', vmid: 100, target: 'pve2' },
      'NO_QUORUM',
      (at) => {
        for (const name of ['pve2', 'pve3']) at.world.nodes.get(name)!.state = 'offline'
      },
    ],
    [
      'a backup on a storage for disks',
      'guest.backup',
      { node: 'pve1', vmid: 100, storage: 'local-lvm' },
      'STORAGE',
    ],
    [
      'a backup of a locked guest',
      'guest.backup',
      { node: 'pve1', vmid: 100, storage: 'nas' },
      'LOCKED',
      (at) => {
        at.guest(100).lock = 'snapshot'
      },
    ],
    [
      'another identity while it runs',
      'guest.identity.reset',
      { node: 'pve1', vmid: 102 },
      'STATE',
    ],
    [
      'a restore over a guest, not told to',
      'guest.restore.latest',
      { node: 'pve2', vmid: 101, backupOf: 101, from: ['pbs'] },
      'VMID_TAKEN',
    ],
    [
      'a restore over a running guest',
      'guest.restore.latest',
      { node: 'pve2', vmid: 101, backupOf: 101, from: ['pbs'], overwrite: true },
      'STATE',
    ],
    [
      'a restore over a guest of another kind',
      'guest.restore.latest',
      { node: 'pve1', vmid: 102, backupOf: 101, from: ['pbs'], overwrite: true },
      'STATE',
      stopped(102),
    ],
    [
      'a restore over a protected guest',
      'guest.restore.latest',
      { node: 'pve2', vmid: 104, backupOf: 100, from: ['pbs'], overwrite: true },
      'STATE',
      stopped(104),
    ],
    [
      'a restore where no backup is reached',
      'guest.restore.latest',
      { node: 'pve1', vmid: 700, backupOf: 100, from: ['nas', 'pbs'] },
      'NO_BACKUP',
      (at) => {
        for (const name of ['nas', 'pbs']) at.world.storages.get(name)!.unreachableFrom.add('pve1')
      },
    ],
    [
      'a restore under a number used elsewhere',
      'guest.restore.latest',
      { node: 'pve1', vmid: 101, backupOf: 101, from: ['pbs'], overwrite: true },
      'VMID_TAKEN',
    ],
    [
      'a restore of what is no backup',
      'guest.restore',
      { node: 'pve1', vmid: 700, archive: ARCHIVE },
      'NO_BACKUP',
    ],
  ]

  it.each(REFUSALS.map(([name, ...refusal]) => ({ name, refusal })))(
    '$name',
    async ({ refusal }) => {
      const [job, input, code, before] = refusal
      const at = openSimulated()
      before?.(at)
      await expect(runOn(at, job, input)).rejects.toMatchObject({ code: `ERR_PVE_${code}` })
      expect(at.effects()).toEqual([])
    },
  )
})

it('a guest that is on the target already is not moved again', async () => {
  const at = openSimulated()
  const input = { node: 'pve3', vmid: 104, target: 'pve2' }
  const { output, verification } = await runOn(at, 'guest.migrate', input)
  expect(output).toMatchObject({ changed: false, node: 'pve2' })
  expect(verification).toMatchObject({ verdict: 'verified' })
  expect(at.effects()).toEqual([])
})

it('what a backup leaves out is in its plan', async () => {
  const { plan } = await runOn(openSimulated(), 'guest.backup', {
    node: 'pve2',
    vmid: 101,
    storage: 'nas',
  })
  expect(plan.state['leftOut']).toMatchObject([{ key: 'mp0' }, { key: 'mp1' }])
  expect(plan.state['included']).toMatchObject([{ key: 'mp2' }, { key: 'rootfs' }])
})

it('a named backup is put back', async () => {
  const at = openSimulated()
  const made = await runOn(at, 'guest.backup', { node: 'pve2', vmid: 104, storage: 'nas' })
  const input = { node: 'pve1', vmid: 704, archive: made.output['volumeId'], unique: true }
  const { output, verification } = await runOn(at, 'guest.restore', input)
  expect(output).toMatchObject({ vmid: 704, name: 'photos' })
  expect(verification).toMatchObject({ verdict: 'verified' })
})
