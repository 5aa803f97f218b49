// SPDX-License-Identifier: GPL-3.0-or-later
/** Simulated guests move between nodes. */
import { describe, expect, it } from '@jest/globals'
import { openCluster, refusalOf } from './guest-calls.ts'

describe('moving a virtual machine', () => {
  it('moves one that runs from a shared storage, and it keeps running', () => {
    const cluster = openCluster()
    const { type, end, log } = cluster.run(100, 'POST /migrate', { target: 'pve2', online: true })
    expect([type, end]).toEqual(['qmigrate', 'OK'])
    expect(log[0]).toMatch(/^2026-06-01 12:\d\d:\d\d starting migration of VM 100 to node 'pve2'/)
    expect(cluster.guest(100)).toMatchObject({ node: 'pve2', status: 'running', lock: undefined })
  })

  it('locks it meanwhile', () => {
    const cluster = openCluster()
    cluster.on(100, 'POST /migrate', { target: 'pve2', online: true })
    expect(
      refusalOf(() => cluster.on(100, 'POST /migrate', { target: 'pve2', online: true }))?.message,
    ).toBe('VM is locked (migrate)')
  })

  it('takes local disks along when asked to, to another storage when one is named', () => {
    const cluster = openCluster()
    const refused = () =>
      cluster.on(102, 'POST /migrate', { target: 'pve2', online: true, 'with-local-disks': true })
    expect(refusalOf(refused)?.message).toBe("storage 'usb' is not available on node 'pve2'")
    const params = {
      target: 'pve2',
      online: true,
      'with-local-disks': true,
      targetstorage: 'local-lvm',
    }
    expect(cluster.run(102, 'POST /migrate', params).end).toBe('OK')
    expect(cluster.guest(102).config['scsi0']).toMatch(/^local-lvm:vm-102-disk-0,/)
    expect(cluster.world.storages.get('usb')!.volumes.size).toBe(0)
    expect(
      cluster.world.storages.get('local-lvm')!.volumes.has('local-lvm:vm-102-disk-0@pve2'),
    ).toBe(true)
  })

  it('aborts without the option for local disks, and for devices of the node', () => {
    const cluster = openCluster()
    const { end, log } = cluster.run(102, 'POST /migrate', { target: 'pve2', online: true })
    expect(end).toBe('migration aborted')
    expect(log.at(-2)).toContain(
      "can't live migrate attached local disks without with-local-disks option",
    )
    cluster.guest(100).config['hostpci0'] = '0000:01:00.0'
    expect(
      cluster.run(100, 'POST /migrate', { target: 'pve2', online: true }).log.at(-2),
    ).toContain('local devices: hostpci0')
    expect(cluster.guest(100)).toMatchObject({ node: 'pve1', lock: undefined })
  })

  it('aborts when the other node is off', () => {
    const cluster = openCluster()
    cluster.world.nodes.get('pve3')!.state = 'offline'
    const { end, log } = cluster.run(100, 'POST /migrate', { target: 'pve3', online: true })
    expect(end).toBe('migration aborted')
    expect(log.at(-2)).toContain("Can't connect to destination address")
  })

  it('aborts with snapshots on local disks', () => {
    const cluster = openCluster()
    delete cluster.guest(101).config['mp0']
    cluster.run(101, 'POST /snapshot', { snapname: 'a' })
    expect(
      cluster.run(101, 'POST /migrate', { target: 'pve3', restart: true }).log.at(-2),
    ).toContain('non-migratable snapshot')
  })

  it('refuses its own node, an unknown one, one that runs without online, and without quorum', () => {
    const cluster = openCluster()
    const move = (params: Record<string, string | boolean>) =>
      refusalOf(() => cluster.on(100, 'POST /migrate', params))
    expect(move({ target: 'pve1', online: true })).toEqual({
      status: 400,
      message: 'Parameter verification failed.',
    })
    expect(move({ target: 'pve9', online: true })?.message).toBe("no such cluster node 'pve9'")
    expect(move({ target: 'pve2' })?.message).toBe("can't migrate running VM without --online")
    for (const name of ['pve2', 'pve3']) cluster.world.nodes.get(name)!.state = 'offline'
    expect(move({ target: 'pve2', online: true })?.message).toBe('cluster not ready - no quorum?')
  })

  it('gives back the copies when one of several does not fit', () => {
    const cluster = openCluster()
    cluster.run(102, 'POST /status/stop')
    cluster.on(102, 'PUT /config', { scsi1: 'local-lvm:4' })
    const big = 50 * 2 ** 40
    for (const volume of cluster.world.storages.get('usb')!.volumes.values())
      Object.assign(volume, { usedBytes: big })
    const params = { target: 'pve2', targetstorage: 'local-lvm' }
    expect(cluster.run(102, 'POST /migrate', params).end).toContain('no space left')
    expect(cluster.guest(102)).toMatchObject({ node: 'pve1', lock: undefined })
    const onTarget = [...cluster.world.storages.get('local-lvm')!.volumes.keys()].filter(
      (key) => key.includes('vm-102-') && key.endsWith('@pve2'),
    )
    expect(onTarget).toEqual([])
  })

  it('says beforehand where it can go and what it would have to take', () => {
    const cluster = openCluster()
    expect(cluster.on(102, 'GET /migrate')).toMatchObject({
      running: 1,
      allowed_nodes: [],
      not_allowed_nodes: { pve2: { unavailable_storages: ['usb'] } },
      local_disks: [expect.objectContaining({ cdrom: 0, is_unused: 0 })],
      local_resources: [],
      'has-dbus-vmstate': 1,
    })
    expect(openCluster({ version: '8.4' }).on(100, 'GET /migrate')).not.toHaveProperty(
      'has-dbus-vmstate',
    )
  })
})

describe('moving a container', () => {
  it('stops it, moves it and starts it again', () => {
    const cluster = openCluster()
    delete cluster.guest(101).config['mp0']
    const { type, end } = cluster.run(101, 'POST /migrate', { target: 'pve1', restart: true })
    expect([type, end]).toEqual(['vzmigrate', 'OK'])
    expect(cluster.guest(101)).toMatchObject({ node: 'pve1', status: 'running', lock: undefined })
    expect((cluster.on(101, 'GET /status/current') as { uptime: number }).uptime).toBeLessThan(5)
  })

  it('refuses one that runs without restart, aborts a live move, and one with a folder of its node', () => {
    const cluster = openCluster()
    const refused = () => cluster.on(101, 'POST /migrate', { target: 'pve1' })
    expect(refusalOf(refused)?.message).toBe(
      "can't migrate running container without --online or --restart",
    )
    const why = (params: Record<string, string | boolean>) =>
      cluster.run(101, 'POST /migrate', { target: 'pve1', ...params }).log.at(-2)
    expect(why({ online: true })).toContain('lxc live migration is currently not implemented')
    expect(why({ restart: true })).toContain("cannot migrate local bind mount point 'mp0'")
    cluster.guest(101).config['mp0'] = '/mnt/bulk/photos,mp=/photos,shared=1'
    expect(cluster.run(101, 'POST /migrate', { target: 'pve1', restart: true }).end).toBe('OK')
  })

  it('says beforehand where it can go', () => {
    expect(openCluster().on(101, 'GET /migrate')).toEqual({
      running: 1,
      'allowed-nodes': ['pve1', 'pve3'],
      'not-allowed-nodes': {},
      'dependent-ha-resources': [],
    })
  })
})

describe('moving what the HA manager looks after', () => {
  it('asks the manager, which moves it as root', () => {
    const cluster = openCluster()
    cluster.world.ha.resources.set('vm:100', {
      sid: 'vm:100',
      state: 'started',
      group: undefined,
      comment: '',
    })
    const { type, log } = cluster.run(100, 'POST /migrate', { target: 'pve2', online: true })
    expect([type, log[0]]).toEqual(['hamigrate', 'Requesting HA migration for VM 100 to node pve2'])
    cluster.pass(10)
    expect(cluster.guest(100).node).toBe('pve2')
    expect([...cluster.world.tasks.values()].at(-1)).toMatchObject({
      type: 'qmigrate',
      user: 'root@pam',
    })
  })
})
