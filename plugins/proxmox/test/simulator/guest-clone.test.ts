// SPDX-License-Identifier: GPL-3.0-or-later
/** Clones and templates of simulated guests. */
import { describe, expect, it } from '@jest/globals'
import { openCluster, refusalOf } from './guest-calls.ts'

describe('cloning', () => {
  it('makes a linked clone of a template, with an identity of its own', () => {
    const cluster = openCluster()
    const { type, end, log } = cluster.run(9000, 'POST /clone', { newid: 500, name: 'fresh' })
    expect([type, end]).toEqual(['qmclone', 'OK'])
    expect(log[0]).toBe('create linked clone of drive virtio0 (nas:9000/base-9000-disk-0.qcow2)')
    const [base, copy] = [cluster.guest(9000), cluster.guest(500)]
    expect(copy).toMatchObject({
      status: 'stopped',
      isTemplate: false,
      lock: undefined,
      node: base.node,
    })
    expect(copy.config).toMatchObject({ name: 'fresh', memory: '2048' })
    expect(copy.config['template']).toBeUndefined()
    for (const key of ['net0', 'vmgenid', 'smbios1'])
      expect(copy.config[key]).not.toBe(base.config[key])
    const volid = String(copy.config['virtio0']).split(',')[0] ?? ''
    expect(cluster.world.storages.get('nas')!.volumes.get(volid)).toMatchObject({
      vmid: 500,
      parent: 'nas:9000/base-9000-disk-0.qcow2',
    })
    expect(cluster.run(500, 'POST /status/start').end).toBe('OK')
  })

  it('makes a full clone on another storage', () => {
    const cluster = openCluster()
    cluster.run(9000, 'POST /clone', { newid: 500, full: true, storage: 'local-lvm' })
    expect(cluster.guest(500).config).toMatchObject({ name: 'Copy-of-VM-debian-13-cloud' })
    expect(cluster.guest(500).config['virtio0']).toBe('local-lvm:vm-500-disk-0,size=3G')
    expect(cluster.guest(500).config['ide2']).toContain('local-lvm:vm-500-cloudinit')
  })

  it('holds the number and locks the copy until it is whole', () => {
    const cluster = openCluster()
    cluster.on(102, 'POST /clone', { newid: 500 })
    expect(cluster.on(500, 'GET /config')).toMatchObject({ lock: 'clone' })
    expect(cluster.run(500, 'POST /status/start').end).toBe('VM is locked (clone)')
    expect(refusalOf(() => cluster.on(102, 'POST /clone', { newid: 500 }))?.message).toBe(
      'unable to create VM 500: config file already exists',
    )
  })

  it('leaves nothing behind when there is no space', () => {
    const cluster = openCluster()
    const lvm = cluster.world.storages.get('local-lvm')!
    Object.assign(lvm, { totalBytes: 1 })
    expect(cluster.run(102, 'POST /clone', { newid: 500, storage: 'local-lvm' }).end).toContain(
      'no space left',
    )
    expect(cluster.world.guests.has(500)).toBe(false)
    expect([...lvm.volumes.values()].some(({ vmid }) => vmid === 500)).toBe(false)
  })

  it('fails when a disk of the original is gone', () => {
    const cluster = openCluster()
    cluster.world.storages.get('usb')!.volumes.clear()
    expect(cluster.run(102, 'POST /clone', { newid: 500 }).end).toMatch(
      /^volume 'usb:.*' does not exist$/,
    )
    expect(cluster.world.guests.has(500)).toBe(false)
  })

  it('puts the copy into a pool', () => {
    const cluster = openCluster()
    cluster.world.pools.set('lab', {
      id: 'lab',
      comment: '',
      guests: new Set(),
      storages: new Set(),
    })
    cluster.run(9001, 'POST /clone', { newid: 500, pool: 'lab', hostname: 'ct' })
    expect(cluster.world.pools.get('lab')!.guests.has(500)).toBe(true)
    expect(cluster.guest(500).config['hostname']).toBe('ct')
    const nowhere = () => cluster.on(9001, 'POST /clone', { newid: 501, pool: 'nope' })
    expect(refusalOf(nowhere)?.message).toBe("pool 'nope' does not exist")
  })

  it('links only templates and snapshots of storages that can', () => {
    const cluster = openCluster()
    const link = (vmid: number, params: Record<string, string> = {}) =>
      refusalOf(() => cluster.on(vmid, 'POST /clone', { newid: 500, full: false, ...params }))
        ?.message
    expect(link(102)).toBe("Linked clone feature is not supported for drive 'scsi0'")
    expect(link(103)).toContain('is not available')
    expect(link(9000, { storage: 'local-lvm' })).toBe(
      "parameter 'storage' not allowed for linked clones",
    )
    expect(link(102, { snapname: 'nope' })).toBe("snapshot 'nope' does not exist")
    delete cluster.guest(101).config['mp0']
    cluster.run(101, 'POST /snapshot', { snapname: 'base' })
    expect(link(101, { snapname: 'base' })).toBeUndefined()
  })

  it('takes a guest to another node only from a shared storage', () => {
    const cluster = openCluster()
    const to = (vmid: number, target: string) =>
      refusalOf(() => cluster.on(vmid, 'POST /clone', { newid: 500, full: true, target }))?.message
    expect(to(102, 'pve2')).toBe("can't clone VM to node 'pve2' (VM uses local storage)")
    expect(to(102, 'pve9')).toBe("no such cluster node 'pve9'")
    cluster.run(9000, 'POST /clone', { newid: 500, target: 'pve2' })
    expect(cluster.guest(500).node).toBe('pve2')
  })

  it('refuses a container that runs, one with a folder of its node, and a number that is taken', () => {
    const cluster = openCluster()
    const clone = (vmid: number, newid = 500) =>
      refusalOf(() => cluster.on(vmid, 'POST /clone', { newid }))?.message
    expect(clone(105)).toBe('Cannot do full clones on a running container without snapshots')
    cluster.run(101, 'POST /status/stop')
    expect(clone(101)).toBe("unable to clone mountpoint 'mp0' (type bind)")
    expect(clone(103, 101)).toBe("CT 101 already exists on node 'pve2'")
  })

  it('refuses while locked, without quorum, and without space rights', () => {
    const cluster = openCluster()
    const clone = (caller = {}) =>
      refusalOf(() => cluster.on(102, 'POST /clone', { newid: 500 }, caller))
    expect(clone({ lacks: ['Datastore.AllocateSpace'] })).toMatchObject({ status: 403 })
    cluster.guest(102).lock = 'backup'
    expect(clone()?.message).toBe('VM is locked (backup)')
    for (const name of ['pve2', 'pve3']) cluster.world.nodes.get(name)!.state = 'offline'
    expect(clone()?.message).toBe('cluster not ready - no quorum?')
  })
})

describe('making a template', () => {
  it('turns disks into base volumes, by a task for a machine and at once for a container', () => {
    const cluster = openCluster()
    cluster.run(102, 'POST /status/stop')
    expect(cluster.run(102, 'POST /template')).toMatchObject({ type: 'qmtemplate', end: 'OK' })
    expect(cluster.guest(102).config['scsi0']).toContain('/base-102-disk-0')
    expect(cluster.on(103, 'POST /template')).toBeNull()
    expect(cluster.guest(103)).toMatchObject({ isTemplate: true })
    expect(cluster.run(102, 'POST /clone', { newid: 500 }).end).toBe('OK')
  })

  it('refuses what runs, has snapshots, or is one already', () => {
    const cluster = openCluster()
    const make = (vmid: number) => refusalOf(() => cluster.on(vmid, 'POST /template'))?.message
    expect(make(102)).toBe("you can't convert a VM to template if VM is running")
    expect(make(101)).toBe("you can't convert a CT to template if the CT is running")
    expect(make(100)).toBe('unable to create template, because VM contains snapshots')
    expect(make(9000)).toBe("you can't convert a template to a template")
  })
})
