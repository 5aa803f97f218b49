// SPDX-License-Identifier: GPL-3.0-or-later
/** Nodes are woken, shut down and rebooted, and their guests with them. */
import { describe, expect, it } from '@jest/globals'
import { sleepNode } from '../../src/simulator/behaviours/node-power.ts'
import { BOOT_SECONDS } from '../../src/simulator/node-boot.ts'
import { openWire, type Wire } from '../support/wire.ts'
import { openCluster, refusalOf } from './guest-calls.ts'

function nodeOf(wire: Wire, name: string) {
  const node = wire.simulator.world.nodes.get(name)
  if (node === undefined) throw new Error(`no node ${name}`)
  return node
}

/** A cluster whose third node is off. */
function withSleeper(): Wire {
  const wire = openWire('9.2')
  sleepNode(wire.simulator.world, nodeOf(wire, 'pve3'))
  return wire
}

describe('waking a node', () => {
  it('answers with its address, and the node is there some time later with the guests that start with it', () => {
    const wire = withSleeper()
    const { guests } = wire.simulator.world
    const own = [...guests.values()].filter(({ node }) => node === 'pve3')
    for (const guest of own) guest.config['onboot'] = guest.type === 'lxc' ? 1 : 0
    expect(wire.ask('POST', '/nodes/pve3/wakeonlan').data).toBe(nodeOf(wire, 'pve3').mac)
    expect(wire.ask('GET', '/nodes/pve3/status').status).toBe(595)
    wire.pass(BOOT_SECONDS - 1)
    expect(wire.ask('GET', '/nodes/pve3/status').status).toBe(595)
    wire.pass(1)
    expect(wire.ask('GET', '/nodes/pve3/status').data).toMatchObject({ uptime: 0 })
    expect(own.map(({ type, status }) => [type, status])).toEqual(
      own.map(({ type }) => [type, type === 'lxc' ? 'running' : 'stopped']),
    )
    wire.watch.expectNoFaults()
  })

  it('does nothing to a node that is up', () => {
    const wire = openWire('9.2')
    const before = nodeOf(wire, 'pve2').bootedAtMs
    expect(wire.ask('POST', '/nodes/pve2/wakeonlan').status).toBe(200)
    wire.pass(100)
    wire.ask('GET', '/version')
    expect(nodeOf(wire, 'pve2')).toMatchObject({ state: 'online', bootedAtMs: before })
  })

  it('wakes nobody with the address of another machine', () => {
    const wire = withSleeper()
    nodeOf(wire, 'pve3').config['wakeonlan'] = 'mac=02:00:00:00:00:99,broadcast-address=10.0.0.255'
    expect(wire.ask('POST', '/nodes/pve3/wakeonlan').data).toBe('02:00:00:00:00:99')
    expect(nodeOf(wire, 'pve3').state).toBe('offline')
  })

  it('is refused without an address, and of the node that is spoken to', () => {
    const wire = withSleeper()
    delete nodeOf(wire, 'pve3').config['wakeonlan']
    expect(wire.ask('POST', '/nodes/pve3/wakeonlan').reason).toBe(
      "No wake on LAN MAC address defined for 'pve3'!",
    )
    expect(wire.ask('POST', '/nodes/pve1/wakeonlan').reason).toBe(
      "'pve1' is local node, cannot wake my self!",
    )
  })
})

describe('the power of a node', () => {
  it('goes with a shutdown: its guests first, then the node and whatever ran on it', () => {
    const wire = openWire('9.1')
    wire.ask('POST', '/nodes/pve2/status', { command: 'shutdown' })
    wire.pass(6)
    wire.ask('GET', '/version')
    const own = [...wire.simulator.world.guests.values()].filter(({ node }) => node === 'pve2')
    expect(own.some(({ status }) => status === 'stopped')).toBe(true)
    expect(nodeOf(wire, 'pve2').state).toBe('online')
    wire.pass(600)
    wire.ask('GET', '/version')
    expect(nodeOf(wire, 'pve2').state).toBe('offline')
    expect(own.filter(({ status }) => status === 'running')).toEqual([])
    wire.watch.expectNoFaults()
  })

  it('comes back after a reboot', () => {
    const wire = openWire('8.4')
    wire.ask('POST', '/nodes/pve2/status', { command: 'reboot' })
    const states = new Set<string>()
    for (let round = 0; round < 400; round += 1) {
      wire.pass(2)
      wire.ask('GET', '/version')
      states.add(nodeOf(wire, 'pve2').state)
    }
    expect([...states]).toEqual(['online', 'waking'])
    expect(nodeOf(wire, 'pve2').state).toBe('online')
    expect(nodeOf(wire, 'pve2').bootedAtMs).toBeGreaterThan(Date.UTC(2026, 5, 1, 12))
  })

  it('does not go on a guest that does not shut down, unless it is forced', () => {
    const cluster = openCluster()
    const { node } = cluster.guest(106)
    cluster.ask('POST /nodes/{node}/stopall', {
      node,
      'force-stop': false,
      timeout: 30,
      vms: '106',
    })
    cluster.pass(200)
    expect(cluster.guest(106).status).toBe('running')
    cluster.ask('POST /nodes/{node}/stopall', { node, timeout: 30, vms: '106' })
    cluster.pass(200)
    expect(cluster.guest(106).status).toBe('stopped')
  })

  it.each([
    ['startall', {}],
    ['stopall', {}],
    ['suspendall', {}],
    ['migrateall', { target: 'pve2' }],
  ])('%s takes a right on all guests or on each that is named', (verb, more) => {
    const lacks = ['VM.PowerMgmt', 'VM.Migrate']
    const ask = (params: Record<string, string>) =>
      refusalOf(() =>
        openCluster().ask(
          `POST /nodes/{node}/${verb}`,
          { node: 'pve1', ...more, ...params },
          { lacks },
        ),
      )
    expect(ask({})?.status).toBe(403)
    expect(ask({ vms: '100' })?.status).toBe(403)
  })

  it('moves guests on shared storage to another node, and says why it does not move others', () => {
    const cluster = openCluster()
    const before = cluster.guest(106).config
    before['scsi0'] = 'nas:106/vm-106-disk-0.qcow2,size=8G'
    const upid = String(
      cluster.ask('POST /nodes/{node}/migrateall', {
        node: 'pve1',
        target: 'pve2',
        vms: '106,102',
      }),
    )
    cluster.pass(60)
    expect([cluster.guest(106).node, cluster.guest(102).node]).toEqual(['pve2', 'pve1'])
    expect(cluster.world.tasks.get(upid)?.exitStatus).toBe('WARNINGS: 1')
  })

  it('refuses to move guests to itself or to a node that is off', () => {
    const cluster = openCluster()
    const ask = (target: string) =>
      refusalOf(() => cluster.ask('POST /nodes/{node}/migrateall', { node: 'pve1', target }))
        ?.message
    expect(ask('pve1')).toBe('target is local node.')
    const node = cluster.world.nodes.get('pve3')
    if (node !== undefined) node.state = 'offline'
    expect(ask('pve3')).toBe("target node 'pve3' is not online")
  })
})

describe('the settings of a node', () => {
  it('are changed unless somebody else changed them meanwhile', () => {
    const wire = openWire('9.2')
    const { digest } = wire.ask('GET', '/nodes/pve1/config').data as { digest: string }
    expect(wire.ask('PUT', '/nodes/pve1/config', { description: 'rack 9', digest }).status).toBe(
      200,
    )
    expect(wire.ask('PUT', '/nodes/pve1/config', { description: 'rack 8', digest }).reason).toMatch(
      /modified/,
    )
    expect(wire.ask('GET', '/nodes/pve1/config').data).toMatchObject({ description: 'rack 9' })
    wire.ask('PUT', '/nodes/pve1/dns', { search: 'home.example', dns1: '10.0.0.53' })
    expect(wire.ask('GET', '/nodes/pve1/dns').data).toMatchObject({
      search: 'home.example',
      dns1: '10.0.0.53',
    })
  })
})
