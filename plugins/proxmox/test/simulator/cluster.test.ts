// SPDX-License-Identifier: GPL-3.0-or-later
/** The cluster as a whole: what it says, what it hides from whom, and what it refuses without quorum. */
import { describe, expect, it } from '@jest/globals'
import { openWire } from '../support/wire.ts'
import { openCluster, refusalOf } from './guest-calls.ts'

type Rows = Record<string, unknown>[]

const types = (rows: Rows) => [...new Set(rows.map((row) => row['type']))].sort()

describe('the resources of the cluster', () => {
  it('are guests, nodes, storages, pools and zones', () => {
    const wire = openWire('9.2')
    wire.ask('POST', '/pools', { poolid: 'web' })
    const rows = wire.ask('GET', '/cluster/resources').data as Rows
    expect(types(rows)).toEqual(['lxc', 'node', 'pool', 'qemu', 'sdn', 'storage'])
    wire.watch.expectNoFaults()
  })

  it.each([
    ['vm', ['lxc', 'qemu']],
    ['node', ['node']],
    ['storage', ['storage']],
    ['sdn', ['sdn']],
  ])('of type %s are only these', (type, expected) => {
    expect(types(openWire('9.1').ask('GET', '/cluster/resources', { type }).data as Rows)).toEqual(
      expected,
    )
  })

  it.each([
    ['VM.Audit', 'vm'],
    ['Datastore.Audit', 'storage'],
    ['SDN.Audit', 'sdn'],
  ])('are hidden from who lacks %s', (privilege, type) => {
    const lacks = [privilege, 'Datastore.AllocateSpace', 'SDN.Use', 'SDN.Allocate']
    expect(openCluster().ask('GET /cluster/resources', { type }, { lacks })).toEqual([])
  })

  it('show of a node only that it is there to who may not audit it', () => {
    const [node] = openCluster().ask('GET /nodes', {}, { lacks: ['Sys.Audit'] }) as Rows
    expect(Object.keys(node ?? {}).sort()).toEqual([
      'id',
      'node',
      'ssl_fingerprint',
      'status',
      'type',
    ])
  })

  it('say nothing of how guests are doing on a node that is off', () => {
    const cluster = openCluster()
    const node = cluster.world.nodes.get('pve2')
    if (node !== undefined) node.state = 'offline'
    const rows = cluster.ask('GET /cluster/resources', { type: 'vm' }) as Rows
    expect(
      new Set(rows.filter((row) => row['node'] === 'pve2').map((row) => row['status'])),
    ).toEqual(new Set(['unknown']))
  })

  it('count the memory of guests to that of their node', () => {
    const cluster = openCluster()
    const memory = () =>
      (cluster.ask('GET /nodes/{node}/status', { node: 'pve1' }) as { memory: { used: number } })
        .memory.used
    const before = memory()
    cluster.run(100, 'POST /status/stop')
    const freed = 1024 * 2 ** 20 * cluster.guest(100).load.memory
    expect(before - memory()).toBeCloseTo(
      freed * (Number(cluster.guest(100).config['memory']) / 1024),
      -3,
    )
  })
})

describe('the cluster', () => {
  it('tells who is online and whether that is a quorum', () => {
    const cluster = openCluster()
    const node = cluster.world.nodes.get('pve3')
    if (node !== undefined) node.state = 'offline'
    const [first, ...nodes] = cluster.ask('GET /cluster/status') as Rows
    expect(first).toMatchObject({ type: 'cluster', quorate: 1, nodes: 3 })
    expect(nodes.map((row) => [row['name'], row['online'], row['local']])).toEqual([
      ['pve1', 1, 1],
      ['pve2', 1, 0],
      ['pve3', 0, 0],
    ])
  })

  it('finds a free number, and refuses one that is taken', () => {
    const wire = openWire('9.2')
    expect(wire.ask('GET', '/cluster/nextid').data).toBe('110')
    expect(wire.ask('GET', '/cluster/nextid', { vmid: 555 }).data).toBe('555')
    const taken = wire.ask('GET', '/cluster/nextid', { vmid: 100 })
    expect([taken.status, taken.errors]).toEqual([400, { vmid: 'VM 100 already exists' }])
  })

  it('keeps options, and shows property strings taken apart', () => {
    const wire = openWire('9.1')
    wire.ask('PUT', '/cluster/options', {
      crs: 'ha=static,ha-rebalance-on-start=1',
      max_workers: 4,
    })
    expect(wire.ask('GET', '/cluster/options').data).toMatchObject({
      crs: { ha: 'static' },
      max_workers: 4,
    })
    wire.ask('PUT', '/cluster/options', { delete: 'max_workers' })
    expect(wire.ask('GET', '/cluster/options').data).not.toHaveProperty('max_workers')
    wire.watch.expectNoFaults()
  })

  it('hides options from who may not audit', () => {
    const cluster = openCluster()
    cluster.world.options['http_proxy'] = 'http://10.0.0.1:3128'
    expect(cluster.ask('GET /cluster/options', {}, { lacks: ['Sys.Audit'] })).not.toHaveProperty(
      'http_proxy',
    )
  })

  it.each([
    ['PUT /cluster/options', { keyboard: 'de' }],
    ['POST /cluster/ha/resources', { sid: 'vm:100' }],
    ['DELETE /cluster/ha/resources/{sid}', { sid: 'vm:104' }],
    ['POST /cluster/ha/rules', { rule: 'r1', type: 'node-affinity', resources: 'vm:100' }],
    ['POST /pools', { poolid: 'web' }],
    ['PUT /pools/{poolid}', { poolid: 'web' }],
    ['DELETE /pools/{poolid}', { poolid: 'web' }],
    ['PUT /cluster/ha/resources/{sid}', { sid: 'vm:104' }],
    ['PUT /cluster/ha/rules/{rule}', { rule: 'r1' }],
    ['DELETE /cluster/ha/rules/{rule}', { rule: 'r1' }],
    ['PUT /cluster/backup/{id}', { id: 'nightly' }],
    ['DELETE /cluster/backup/{id}', { id: 'nightly' }],
    ['POST /nodes/{node}/lxc', { node: 'pve1', vmid: 300, ostemplate: 'nas:vztmpl/x.tar.zst' }],
    ['POST /storage', { storage: 'new', type: 'dir', path: '/x' }],
    ['PUT /storage/{storage}', { storage: 'nas' }],
    ['DELETE /storage/{storage}', { storage: 'nas' }],
    ['POST /cluster/backup', { vmid: '100', schedule: 'daily' }],
    ['PUT /nodes/{node}/config', { node: 'pve1', description: 'x' }],
    ['POST /nodes/{node}/qemu', { node: 'pve1', vmid: 300 }],
    ['POST /nodes/{node}/startall', { node: 'pve1' }],
  ])('refuses %s without quorum', (operation, params) => {
    const cluster = openCluster()
    for (const name of ['pve2', 'pve3']) {
      const node = cluster.world.nodes.get(name)
      if (node !== undefined) node.state = 'offline'
    }
    expect(refusalOf(() => cluster.ask(operation, params))?.message).toBe(
      'cluster not ready - no quorum?',
    )
  })
})
