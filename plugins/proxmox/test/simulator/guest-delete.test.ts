// SPDX-License-Identifier: GPL-3.0-or-later
/** The end of simulated guests, and what stands in its way. */
import { describe, expect, it } from '@jest/globals'
import { openCluster, refusalOf } from './guest-calls.ts'

describe('destroying a guest', () => {
  it('takes its volumes with it', () => {
    const cluster = openCluster()
    cluster.run(102, 'POST /status/stop')
    const { type, end } = cluster.run(102, 'DELETE ')
    expect([type, end]).toEqual(['qmdestroy', 'OK'])
    expect(cluster.world.guests.has(102)).toBe(false)
    expect(
      [...cluster.world.storages.get('usb')!.volumes.values()].filter(({ vmid }) => vmid === 102),
    ).toEqual([])
  })

  it('leaves volumes that its configuration does not name, unless asked to take them', () => {
    const leftAfter = (params: { 'destroy-unreferenced-disks'?: boolean }) => {
      const cluster = openCluster()
      delete cluster.guest(103).config['rootfs']
      cluster.run(103, 'DELETE ', params)
      return [...cluster.world.storages.get('nas')!.volumes.keys()].filter((volid) =>
        volid.includes('vm-103-'),
      )
    }
    expect(leftAfter({})).toHaveLength(1)
    expect(leftAfter({ 'destroy-unreferenced-disks': true })).toHaveLength(0)
  })

  it('leaves its backups', () => {
    const cluster = openCluster()
    cluster.run(103, 'DELETE ')
    const backups = [...cluster.world.storages.get('pbs')!.volumes.values()].filter(
      ({ vmid }) => vmid === 103,
    )
    expect(backups).toHaveLength(1)
  })

  it('refuses while it runs; a container can be forced', () => {
    const cluster = openCluster()
    expect(refusalOf(() => cluster.on(100, 'DELETE '))?.message).toBe(
      'VM 100 is running - destroy failed',
    )
    expect(refusalOf(() => cluster.on(101, 'DELETE '))?.message).toBe(
      'unable to destroy CT 101 - container is running',
    )
    expect(cluster.run(101, 'DELETE ', { force: true }).end).toBe('OK')
    expect(cluster.world.guests.has(101)).toBe(false)
  })

  it('refuses when it is protected', () => {
    const cluster = openCluster()
    cluster.run(104, 'POST /status/stop')
    expect(refusalOf(() => cluster.on(104, 'DELETE '))?.message).toBe(
      "can't remove VM 104 - protection mode enabled",
    )
  })

  it('fails when it is locked, and refuses without quorum', () => {
    const cluster = openCluster()
    cluster.guest(103).lock = 'backup'
    expect(cluster.run(103, 'DELETE ').end).toBe('CT is locked (backup)')
    for (const name of ['pve2', 'pve3']) cluster.world.nodes.get(name)!.state = 'offline'
    expect(refusalOf(() => cluster.on(103, 'DELETE '))?.message).toBe(
      'cluster not ready - no quorum?',
    )
  })

  it('refuses what the HA manager looks after, unless it is purged there too', () => {
    const cluster = openCluster()
    cluster.world.ha.resources.set('ct:103', {
      sid: 'ct:103',
      state: 'stopped',
      group: undefined,
      comment: '',
    })
    expect(refusalOf(() => cluster.on(103, 'DELETE '))?.message).toBe(
      'unable to remove CT 103 - used in HA resources and purge parameter not set.',
    )
    cluster.world.jobs.set('nightly', { id: 'nightly', vmid: '100,103' })
    expect(cluster.run(103, 'DELETE ', { purge: true }).end).toBe('OK')
    expect(cluster.world.ha.resources.size).toBe(0)
    expect(cluster.world.jobs.get('nightly')).toMatchObject({ vmid: '100' })
  })

  it('fails for a template with linked clones', () => {
    const cluster = openCluster()
    expect(cluster.run(9000, 'POST /clone', { newid: 500 }).end).toBe('OK')
    expect(cluster.run(9000, 'DELETE ').end).toContain('still in use by linked cloned')
    cluster.run(500, 'DELETE ')
    expect(cluster.run(9000, 'DELETE ').end).toBe('OK')
  })
})
