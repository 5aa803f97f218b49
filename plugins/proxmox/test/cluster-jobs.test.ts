// SPDX-License-Identifier: GPL-3.0-or-later
/** Jobs on the cluster, its nodes, storages and packages, on a simulated one of each version. */
import { describe, expect, it } from '@jest/globals'
import { fakeState } from '@sallyport/sdk/testing'
import { PVE_VERSIONS } from '../src/simulator/world.ts'
import { openSimulated } from './support/simulated-handle.ts'
import { runOn } from './support/run-on.ts'

describe.each(PVE_VERSIONS)('on %s', (version) => {
  it('cluster.status tells who is online', async () => {
    const at = openSimulated({ version, offline: ['pve3'] })
    const { output } = await runOn(at, 'cluster.status', {})
    expect(output).toMatchObject({ name: 'lab', isQuorate: true })
    expect(output['version']).toMatch(new RegExp(`^${version.replace('.', '\\.')}`))
    expect(output['nodes']).toMatchObject([
      { name: 'pve1', state: 'online', isLocal: true },
      { name: 'pve2', state: 'online', isLocal: false },
      { name: 'pve3', state: 'offline', isLocal: false },
    ])
  })

  it('cluster.resources tells "nothing granted" from "nothing there"', async () => {
    const all = await runOn(openSimulated({ version }), 'cluster.resources', {})
    expect(all.output['visible']).toEqual({
      nodes: 'everything',
      guests: 'everything',
      storages: 'everything',
    })
    const none = await runOn(openSimulated({ version, rights: {} }), 'cluster.resources', {})
    expect(none.output).toMatchObject({
      guests: [],
      storages: [],
      visible: { nodes: 'nothing granted', guests: 'nothing granted', storages: 'nothing granted' },
    })
    const rights = { '/vms/100': 'PVEAuditor' }
    const one = await runOn(openSimulated({ version, rights }), 'cluster.resources', {})
    expect(one.output['guests']).toMatchObject([{ vmid: 100 }])
    expect(one.output['visible']).toMatchObject({ guests: 'only what is granted' })
  })

  it('cluster.report holds load, health and pressure where the version has it', async () => {
    const at = openSimulated({ version })
    const { output } = await runOn(at, 'cluster.report', { pressure: 'guests' })
    const report = output['report'] as { nodes: object[]; guests: object[]; notes: string[] }
    expect(report.notes).toEqual([])
    expect(report.nodes).toHaveLength(3)
    expect(report.guests).toHaveLength(14)
    expect('pressure' in report.nodes[0]! && report.nodes[0].pressure !== undefined).toBe(
      version !== '8.4',
    )
  })

  it('cluster.report keeps a history that a second report adds to', async () => {
    const at = openSimulated({ version })
    const history = fakeState()
    for (let count = 0; count < 2; count += 1) {
      await runOn(at, 'cluster.report', {}, { history })
    }
    const { output } = await runOn(at, 'cluster.report', { samples: 9, hours: true }, { history })
    const [first] = output['history'] as { node: string; latest: object[]; hourly: object[] }[]
    expect(first).toMatchObject({ node: 'pve1', latest: [{}], hourly: [{}] })
  })

  it('cluster.report asks for nothing more where another node leads', async () => {
    const at = openSimulated({ version })
    const { output } = await runOn(at, 'cluster.report', { among: ['pve3', 'pve2'] })
    expect(output).toEqual({ isLead: false, lead: 'pve2' })
    expect(at.simulator.ledger.map(({ operation }) => operation)).toEqual(['GET /cluster/status'])
  })

  it('node.status tells of a node, and of a sleeping one only that', async () => {
    const at = openSimulated({ version, offline: ['pve3'] })
    const { output } = await runOn(at, 'node.status', { node: 'pve2' })
    expect(output).toMatchObject({ node: 'pve2', state: 'online', coreCount: expect.any(Number) })
    const asleep = await runOn(at, 'node.status', { node: 'pve3' })
    expect(asleep.output).toEqual({ node: 'pve3', state: 'offline', isLocal: false })
  })

  it('node.shutdown shuts down once, and tells which guests run there', async () => {
    const at = openSimulated({ version })
    const { output, plan, verification } = await runOn(at, 'node.shutdown', { node: 'pve3' })
    expect(plan.state).toMatchObject({ state: 'online', quorum: { isLost: false } })
    expect(plan.changes[0]).toEqual({ op: 'change', what: 'node pve3 is shut down' })
    expect(plan.state['runningGuests']).toMatchObject([{ vmid: 105 }, { vmid: 111 }])
    expect(output).toMatchObject({ changed: true, state: 'offline' })
    expect(verification?.verdict).toBe('verified')
    const again = await runOn(at, 'node.shutdown', { node: 'pve3' })
    expect(again.output).toMatchObject({ changed: false, state: 'offline' })
    expect(at.effects()).toHaveLength(1)
  })

  it('node.shutdown refuses to lose the quorum unless told to', async () => {
    const at = openSimulated({ version, offline: ['pve2'] })
    const input = { node: 'pve3', waitSeconds: 5 }
    await expect(runOn(at, 'node.shutdown', input)).rejects.toMatchObject({
      code: 'ERR_PVE_QUORUM_LOSS',
    })
    expect(at.effects()).toEqual([])
    const told = await runOn(at, 'node.shutdown', { ...input, acceptQuorumLoss: true })
    expect(told.plan.state).toMatchObject({ quorum: { isLost: true } })
    expect(told.plan.changes).toContainEqual({
      op: 'warn',
      what: expect.stringContaining('the cluster loses its quorum'),
    })
    expect(at.effects()).toHaveLength(1)
  })

  it('node.reboot waits until the node is up again', async () => {
    const at = openSimulated({ version })
    const { output, verification } = await runOn(at, 'node.reboot', { node: 'pve2' })
    expect(output).toMatchObject({ changed: true, state: 'online' })
    expect(verification?.verdict).toBe('verified')
  })

  it('node.wake wakes a sleeping node and leaves one alone that is awake', async () => {
    const at = openSimulated({ version, offline: ['pve3'] })
    const { output, plan, verification } = await runOn(at, 'node.wake', { node: 'pve3' })
    expect(plan.state).toMatchObject({ state: 'offline', macAddress: 'not visible' })
    expect(output).toMatchObject({ changed: true, mac: at.world.nodes.get('pve3')?.mac })
    expect(verification?.verdict).toBe('verified')
    const again = await runOn(at, 'node.wake', { node: 'pve3' })
    expect(again).toMatchObject({
      plan: { state: { macAddress: 'known' } },
      output: { changed: false },
    })
    expect(at.effects()).toHaveLength(1)
  })

  it.each(['node.shutdown', 'node.reboot', 'node.wake'] as const)(
    '%s is asked for once when the answer is lost, and taken up again by looking',
    async (job) => {
      const at = openSimulated({ version, ...(job === 'node.wake' && { offline: ['pve3'] }) })
      const operation =
        job === 'node.wake' ? 'POST /nodes/{node}/wakeonlan' : 'POST /nodes/{node}/status'
      at.simulator.addFault({ operation, fault: { kind: 'reset-after' }, times: 1 })
      const { output, kept, plan } = await runOn(at, job, { node: 'pve3' })
      expect(output).toMatchObject({ changed: true })
      const resume = { kept: kept.at(-1), plan }
      const again = await runOn(at, job, { node: 'pve3' }, { resume })
      expect(again.output).toMatchObject({ changed: true, state: output['state'] })
      expect(at.effects()).toHaveLength(1)
    },
  )

  it('node.wake fails when the node does not wake in time', async () => {
    const at = openSimulated({ version, offline: ['pve3'] })
    at.world.nodes.get('pve3')!.config['wakeonlan'] = '02:00:00:00:00:99'
    const operation = 'POST /nodes/{node}/wakeonlan'
    at.simulator.addFault({ operation, fault: { kind: 'reset-before' }, times: 1 })
    const run = runOn(at, 'node.wake', { node: 'pve3', waitSeconds: 0 })
    await expect(run).rejects.toMatchObject({ code: 'ERR_PVE_WAIT' })
  })

  it('storage.list and storage.status tell what there is and whether it is reached', async () => {
    const at = openSimulated({ version })
    at.world.storages.get('nas')?.unreachableFrom.add('pve2')
    const listed = await runOn(at, 'storage.list', {})
    expect(listed.output).toMatchObject({ visible: 'everything' })
    expect(listed.output['storages']).toContainEqual(
      expect.objectContaining({
        storage: 'nas',
        type: 'nfs',
        where: expect.objectContaining({ server: '10.20.255.10', export: '/volume1/pve' }),
      }),
    )
    const { output } = await runOn(at, 'storage.status', { node: 'pve2', storage: 'nas' })
    expect(output['storages']).toMatchObject([{ storage: 'nas', isActive: false }])
    const none = await runOn(openSimulated({ version, rights: {} }), 'storage.list', {})
    expect(none.output).toEqual({ storages: [], visible: 'nothing granted' })
  })

  it('update.status lists newer versions by origin, and says what it may not see', async () => {
    const at = openSimulated({ version })
    const { output } = await runOn(at, 'update.status', { nodes: ['pve1'] })
    expect(output['nodes']).toMatchObject([{ node: 'pve1', state: 'known', notes: [] }])
    const rights = { '/nodes': 'PVEAuditor' }
    const seen = await runOn(openSimulated({ version, rights }), 'update.status', {
      nodes: ['pve1'],
    })
    expect(seen.output['nodes']).toMatchObject([
      { state: 'partly known', updates: [], notes: [expect.stringMatching(/Sys\.Modify/)] },
    ])
  })

  it('access.check tells what is lacking, where, and what is too much', async () => {
    const all = await runOn(openSimulated({ version }), 'access.check', {})
    expect(all.output).toMatchObject({ isSeparated: false, sees: 'something' })
    expect(
      (all.output['jobs'] as { state: string }[]).every(({ state }) => state === 'ready'),
    ).toBe(true)
    const rights = { '/vms/101': 'PVEVMUser', '/': 'PVEAuditor' }
    const input = { jobs: ['guest.start', 'guest.clone', 'nothing.here'], vmids: [101] }
    const few = await runOn(openSimulated({ version, rights }), 'access.check', input)
    expect(few.output).toMatchObject({ unknownJobs: ['nothing.here'], isSeparated: true })
    expect(few.output['jobs']).toMatchObject([
      { job: 'guest.start', state: 'ready' },
      { job: 'guest.clone', state: 'lacking' },
    ])
    const none = await runOn(openSimulated({ version, rights: {} }), 'access.check', {})
    expect(none.output).toMatchObject({ sees: 'nothing granted', excess: [] })
  })
})

const NAS2 = {
  storage: 'nas2',
  type: 'nfs',
  class: 'slow',
  role: 'backup',
  content: ['backup'],
  server: '10.20.255.30',
  export: '/backups',
}
const PBS2 = {
  storage: 'pbs2',
  type: 'pbs',
  class: 'slow',
  role: 'offsite',
  content: ['backup'],
  server: 'offsite.example',
  datastore: 'home',
  fingerprint: Array.from({ length: 32 }, () => 'ab').join(':'),
  username: 'home@pbs!pve',
}
const NAS = {
  storage: 'nas',
  type: 'nfs',
  class: 'slow',
  role: 'backup',
  content: ['images', 'rootdir', 'backup', 'iso', 'vztmpl'],
  server: '10.20.255.10',
  export: '/volume1/pve',
}

describe.each(PVE_VERSIONS)('declared storages on %s', (version) => {
  it('are created when they are missing, once, and others are left alone', async () => {
    const at = openSimulated({ version })
    const input = { nodes: ['pve1'], storages: ['nas', 'nas2'], targets: [NAS, NAS2] }
    const { output, plan, verification } = await runOn(at, 'storage.reconcile', input)
    expect(plan.state).toEqual({
      toCreate: ['nas2'],
      states: { nas: 'present', nas2: 'missing' },
    })
    expect(plan.changes).toEqual([
      { op: 'add', what: expect.stringMatching(/^storage nas2 \(\w+\) for /) },
    ])
    expect(output).toMatchObject({ changed: true, created: ['nas2'] })
    expect(output['undeclared']).toContain('local-lvm')
    expect(verification?.verdict).toBe('verified')
    const again = await runOn(at, 'storage.reconcile', input)
    expect(again.output).toMatchObject({ changed: false, created: [] })
    expect(at.effects().map(({ operation }) => operation)).toEqual(['POST /storage'])
  })

  it('that differ or are cut off are told of and not changed', async () => {
    const at = openSimulated({ version })
    at.world.storages.get('nas')?.unreachableFrom.add('pve2')
    const targets = [{ ...NAS, export: '/volume2/pve' }]
    const input = { nodes: ['pve1', 'pve2'], storages: ['nas'], targets }
    const { output } = await runOn(at, 'storage.reconcile', input)
    expect(output).toMatchObject({
      changed: false,
      targets: [
        {
          state: 'differs',
          differences: [{ field: 'export', wanted: '/volume2/pve', found: '/volume1/pve' }],
          nodes: [{ state: 'reachable' }, { state: 'unreachable' }],
        },
      ],
    })
    expect(output['notices']).toEqual([
      expect.stringMatching(/by hand/),
      expect.stringMatching(/cut off from pve2.*exports/),
    ])
    expect(at.effects()).toEqual([])
  })

  it('that take a password are attached with it, and it is in no answer', async () => {
    const at = openSimulated({ version })
    const input = { nodes: ['pve1'], storages: ['pbs2'], targets: [PBS2] }
    const without = await runOn(at, 'storage.reconcile', input)
    expect(without.output).toMatchObject({
      changed: false,
      notices: [expect.stringMatching(/attach/)],
    })
    const secrets = 'other=x\npbs2=correct horse=battery\n'
    const outcome = await runOn(at, 'storage.attach', input, { secrets })
    expect(outcome.output).toMatchObject({ created: ['pbs2'] })
    expect(JSON.stringify(outcome)).not.toMatch(/horse/)
    const [sent] = at.effects()
    expect(sent?.operation).toBe('POST /storage')
  })

  it('are not created without their password, nor is it told when it is refused', async () => {
    const at = openSimulated({ version })
    const input = { nodes: ['pve1'], storages: ['pbs2'], targets: [PBS2] }
    await expect(runOn(at, 'storage.attach', input, { secrets: 'nas=x' })).rejects.toMatchObject({
      code: 'ERR_PVE_STORAGE',
    })
    const operation = 'POST /storage'
    const message = "value 'correct horse' does not match the regex pattern"
    at.simulator.addFault({ operation, fault: { kind: 'status', status: 500, message } })
    const refused = runOn(at, 'storage.attach', input, { secrets: 'pbs2=correct horse' })
    await expect(refused).rejects.toMatchObject({ message: expect.not.stringMatching(/horse/) })
    await expect(refused).rejects.toMatchObject({ message: expect.stringMatching(/\[secret\]/) })
  })

  it('whose names are not those of the manifest are refused', async () => {
    const at = openSimulated({ version })
    const input = { nodes: ['pve1'], storages: ['nas', 'other'], targets: [NAS] }
    await expect(runOn(at, 'storage.reconcile', input)).rejects.toMatchObject({
      code: 'ERR_PVE_PARAMETER',
    })
  })

  it('are looked for, not created twice, when the answer is lost', async () => {
    const at = openSimulated({ version })
    at.simulator.addFault({ operation: 'POST /storage', fault: { kind: 'reset-after' }, times: 1 })
    const input = { nodes: ['pve1'], storages: ['nas2'], targets: [NAS2] }
    const { output } = await runOn(at, 'storage.reconcile', input)
    expect(output).toMatchObject({ created: ['nas2'] })
    expect(at.effects()).toHaveLength(1)
  })
})
