// SPDX-License-Identifier: GPL-3.0-or-later
/** Snapshots of simulated guests. */
import { describe, expect, it } from '@jest/globals'
import { type Cluster, openCluster, refusalOf } from './guest-calls.ts'

const namesOf = (cluster: Cluster, vmid: number) =>
  (cluster.on(vmid, 'GET /snapshot') as { name: string }[]).map(({ name }) => name)

describe('taking snapshots', () => {
  it('takes one, from which the present state then descends', () => {
    const cluster = openCluster()
    const { type, end } = cluster.run(100, 'POST /snapshot', {
      snapname: 'clean',
      description: 'now',
    })
    expect([type, end]).toEqual(['qmsnapshot', 'OK'])
    expect(cluster.on(100, 'GET /snapshot')).toEqual([
      expect.objectContaining({ name: 'installed' }),
      expect.objectContaining({ name: 'before-upgrade', parent: 'installed' }),
      expect.objectContaining({
        name: 'clean',
        parent: 'before-upgrade',
        description: 'now',
        vmstate: 0,
      }),
      expect.objectContaining({
        name: 'current',
        parent: 'clean',
        description: 'You are here!',
        running: 1,
      }),
    ])
  })

  it('locks the guest meanwhile', () => {
    const cluster = openCluster()
    cluster.on(100, 'POST /snapshot', { snapname: 'clean' })
    expect(refusalOf(() => cluster.on(100, 'PUT /config', { name: 'x' }))?.message).toBe(
      'VM is locked (snapshot)',
    )
    cluster.pass(2)
    expect(cluster.guest(100).lock).toBeUndefined()
  })

  it('keeps the memory on a volume of its own when asked to', () => {
    const cluster = openCluster()
    cluster.run(100, 'POST /snapshot', { snapname: 'hot', vmstate: true })
    expect(cluster.guest(100).snapshots.at(-1)).toMatchObject({ withMemory: true })
    const volid = String(cluster.guest(100).snapshots.at(-1)!.config['vmstate'])
    expect(cluster.world.storages.get('nas')!.volumes.has(volid)).toBe(true)
    cluster.run(100, 'DELETE /snapshot/{snapname}', { snapname: 'hot' })
    expect(cluster.world.storages.get('nas')!.volumes.has(volid)).toBe(false)
  })

  it('refuses a name that is taken or reserved', () => {
    const cluster = openCluster()
    expect(cluster.run(100, 'POST /snapshot', { snapname: 'installed' }).end).toBe(
      "snapshot name 'installed' already used",
    )
    const reserved = () => cluster.on(100, 'POST /snapshot', { snapname: 'current' })
    expect(refusalOf(reserved)?.message).toBe(
      "unable to use snapshot name 'current' (reserved name)",
    )
  })

  it('refuses for a container with a folder of its node, and for raw files', () => {
    const cluster = openCluster()
    expect(cluster.run(101, 'POST /snapshot', { snapname: 'a' }).end).toBe(
      'snapshot feature is not available',
    )
    expect(cluster.run(103, 'POST /snapshot', { snapname: 'a' }).end).toBe(
      'snapshot feature is not available',
    )
    expect(cluster.on(101, 'GET /feature', { feature: 'snapshot' })).toMatchObject({
      hasFeature: 0,
    })
  })

  it('takes one of a container once the folder is gone', () => {
    const cluster = openCluster()
    delete cluster.guest(101).config['mp0']
    expect(cluster.run(101, 'POST /snapshot', { snapname: 'a' })).toMatchObject({
      type: 'vzsnapshot',
      end: 'OK',
    })
  })

  it('refuses for a template, while locked, and without quorum', () => {
    const cluster = openCluster()
    expect(cluster.run(9000, 'POST /snapshot', { snapname: 'a' }).end).toBe(
      "you can't take a snapshot if it's a template",
    )
    cluster.guest(100).lock = 'migrate'
    expect(cluster.run(100, 'POST /snapshot', { snapname: 'a' }).end).toBe('VM is locked (migrate)')
    for (const name of ['pve2', 'pve3']) cluster.world.nodes.get(name)!.state = 'offline'
    const ask = () => cluster.on(100, 'POST /snapshot', { snapname: 'a' })
    expect(refusalOf(ask)?.message).toBe('cluster not ready - no quorum?')
  })
})

describe('rolling back', () => {
  it('brings back the configuration and stops the guest', () => {
    const cluster = openCluster()
    cluster.on(100, 'PUT /config', { name: 'later' })
    const { type, end } = cluster.run(100, 'POST /snapshot/{snapname}/rollback', {
      snapname: 'installed',
    })
    expect([type, end]).toEqual(['qmrollback', 'OK'])
    expect(cluster.guest(100)).toMatchObject({
      status: 'stopped',
      parent: 'installed',
      lock: undefined,
    })
    expect(cluster.guest(100).config['name']).toBe('web')
    expect(namesOf(cluster, 100)).toEqual(['installed', 'before-upgrade', 'current'])
  })

  it('starts the guest after when asked to, or when its memory was kept', () => {
    const cluster = openCluster()
    cluster.run(100, 'POST /snapshot', { snapname: 'hot', vmstate: true })
    cluster.run(100, 'POST /snapshot/{snapname}/rollback', { snapname: 'installed', start: true })
    expect(cluster.guest(100).status).toBe('running')
    cluster.run(100, 'POST /status/stop')
    cluster.run(100, 'POST /snapshot/{snapname}/rollback', { snapname: 'hot' })
    expect(cluster.guest(100).status).toBe('running')
  })

  it('keeps a disk that came later as unused', () => {
    const cluster = openCluster()
    cluster.on(100, 'PUT /config', { scsi1: 'local-lvm:1' })
    const volid = String(cluster.guest(100).config['scsi1']).split(',')[0]
    cluster.run(100, 'POST /snapshot/{snapname}/rollback', { snapname: 'installed' })
    expect(cluster.guest(100).config['unused0']).toBe(volid)
  })

  it('refuses an unknown snapshot, a locked guest, and a disk that is gone', () => {
    const cluster = openCluster()
    const back = (snapname: string) =>
      cluster.run(100, 'POST /snapshot/{snapname}/rollback', { snapname }).end
    expect(back('nope')).toBe("snapshot 'nope' does not exist")
    cluster.guest(100).lock = 'backup'
    expect(back('installed')).toBe('VM is locked (backup)')
    cluster.guest(100).lock = undefined
    cluster.world.storages.get('nas')!.volumes.clear()
    expect(back('installed')).toMatch(/^volume 'nas:.*' does not exist$/)
  })

  it('refuses a template that still has one', () => {
    const cluster = openCluster()
    cluster.guest(100).isTemplate = true
    const { end } = cluster.run(100, 'POST /snapshot/{snapname}/rollback', {
      snapname: 'installed',
    })
    expect(end).toBe("you can't rollback if vm is a template")
  })

  it('goes back only to the latest one on ZFS', () => {
    const cluster = openCluster()
    cluster.run(100, 'POST /status/stop')
    cluster.run(100, 'POST /move_disk', { disk: 'scsi0', storage: 'local-zfs' })
    cluster.guest(100).snapshots = []
    cluster.guest(100).parent = undefined
    cluster.run(100, 'POST /snapshot', { snapname: 'one' })
    cluster.run(100, 'POST /snapshot', { snapname: 'two' })
    expect(
      cluster.run(100, 'POST /snapshot/{snapname}/rollback', { snapname: 'one' }).end,
    ).toContain('not most recent')
    expect(cluster.run(100, 'POST /snapshot/{snapname}/rollback', { snapname: 'two' }).end).toBe(
      'OK',
    )
  })
})

describe('describing and deleting snapshots', () => {
  it('describes one', () => {
    const cluster = openCluster()
    cluster.on(100, 'PUT /snapshot/{snapname}/config', {
      snapname: 'installed',
      description: 'fresh',
    })
    expect(
      cluster.on(100, 'GET /snapshot/{snapname}/config', { snapname: 'installed' }),
    ).toMatchObject({
      description: 'fresh',
      snaptime: expect.any(Number),
    })
    const ask = () => cluster.on(100, 'GET /snapshot/{snapname}/config', { snapname: 'nope' })
    expect(refusalOf(ask)?.message).toBe("snapshot 'nope' does not exist")
  })

  it('hands its children on to its parent', () => {
    const cluster = openCluster()
    cluster.run(100, 'POST /snapshot', { snapname: 'third' })
    cluster.run(100, 'DELETE /snapshot/{snapname}', { snapname: 'before-upgrade' })
    expect(cluster.on(100, 'GET /snapshot')).toEqual([
      expect.objectContaining({ name: 'installed' }),
      expect.objectContaining({ name: 'third', parent: 'installed' }),
      expect.objectContaining({ name: 'current', parent: 'third' }),
    ])
    cluster.run(100, 'DELETE /snapshot/{snapname}', { snapname: 'third' })
    expect(cluster.guest(100).parent).toBe('installed')
  })

  it('refuses one that is not there and a guest that is locked, unless forced', () => {
    const cluster = openCluster()
    const drop = (snapname: string, force = false) =>
      cluster.run(100, 'DELETE /snapshot/{snapname}', { snapname, force }).end
    expect(drop('nope')).toBe("snapshot 'nope' does not exist")
    cluster.guest(100).lock = 'snapshot-delete'
    expect(drop('installed')).toBe('VM is locked (snapshot-delete)')
    expect(drop('installed', true)).toBe('OK')
    expect(cluster.guest(100).lock).toBeUndefined()
  })
})
