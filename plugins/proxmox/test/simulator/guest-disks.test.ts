// SPDX-License-Identifier: GPL-3.0-or-later
/** Disks of simulated guests grow, move and change hands. */
import { describe, expect, it } from '@jest/globals'
import { openCluster, refusalOf } from './guest-calls.ts'

const sizeOf = (config: Record<string, string | number>, key: string) =>
  /size=(\w+)/.exec(String(config[key]))?.[1]

describe('growing a disk', () => {
  it('grows it by what was added, and to what was named', () => {
    const cluster = openCluster()
    const before = Number.parseInt(sizeOf(cluster.guest(102).config, 'scsi0') ?? '0', 10)
    expect(cluster.run(102, 'PUT /resize', { disk: 'scsi0', size: '+2G' })).toMatchObject({
      type: 'resize',
      end: 'OK',
    })
    expect(sizeOf(cluster.guest(102).config, 'scsi0')).toBe(`${before + 2}G`)
    cluster.run(102, 'PUT /resize', { disk: 'scsi0', size: '100G' })
    expect(sizeOf(cluster.guest(102).config, 'scsi0')).toBe('100G')
    expect(cluster.world.storages.get('usb')!.volumes.values().next().value?.sizeBytes).toBe(
      100 * 2 ** 30,
    )
  })

  it('never shrinks one', () => {
    const cluster = openCluster()
    for (const [vmid, disk] of [
      [102, 'scsi0'],
      [103, 'rootfs'],
    ] as const) {
      const shrink = () => cluster.on(vmid, 'PUT /resize', { disk, size: '1G' })
      expect(refusalOf(shrink)?.message).toBe('shrinking disks is not supported')
    }
  })

  it('refuses a disk that is not there, one with snapshots, a folder, a late digest and a locked guest', () => {
    const cluster = openCluster()
    const grow = (vmid: number, disk: string, more = {}) =>
      refusalOf(() => cluster.on(vmid, 'PUT /resize', { disk, size: '+1G', ...more }))?.message
    expect(grow(102, 'scsi7')).toBe("disk 'scsi7' does not exist")
    expect(grow(100, 'scsi0')).toBe("can't resize volume: scsi0 if snapshot exists")
    expect(grow(101, 'mp0')).toBe("'mp0' is no volume that can be changed")
    expect(grow(9000, 'ide2')).toBe("you can't change a cdrom")
    expect(grow(102, 'scsi0', { digest: 'f'.repeat(40) })).toContain(
      'detected modified configuration',
    )
    cluster.guest(102).lock = 'backup'
    expect(grow(102, 'scsi0')).toBe('VM is locked (backup)')
    expect(grow(102, 'scsi0', { skiplock: true })).toBeUndefined()
  })
})

describe('moving a disk', () => {
  it('keeps the old volume as unused unless asked to delete it', () => {
    const cluster = openCluster()
    const { type, end } = cluster.run(102, 'POST /move_disk', {
      disk: 'scsi0',
      storage: 'local-lvm',
    })
    expect([type, end]).toEqual(['qmmove', 'OK'])
    expect(cluster.guest(102).config['scsi0']).toMatch(/^local-lvm:vm-102-disk-0,/)
    expect(cluster.guest(102).config['unused0']).toContain('usb:')
    cluster.run(102, 'POST /move_disk', { disk: 'scsi0', storage: 'nas', delete: true })
    expect(
      [...cluster.world.storages.get('local-lvm')!.volumes.values()].some(
        ({ vmid }) => vmid === 102,
      ),
    ).toBe(false)
  })

  it('moves volumes of a container that is stopped', () => {
    const cluster = openCluster()
    const move = () => cluster.on(101, 'POST /move_volume', { volume: 'mp1', storage: 'nas' })
    expect(refusalOf(move)?.message).toBe('cannot move volumes of a running container')
    cluster.run(101, 'POST /status/stop')
    expect(cluster.run(101, 'POST /move_volume', { volume: 'mp1', storage: 'nas' })).toMatchObject({
      type: 'move_volume',
      end: 'OK',
    })
  })

  it('refuses the same storage, one for other things, and to delete what a snapshot names', () => {
    const cluster = openCluster()
    const move = (vmid: number, storage: string, more = {}) =>
      refusalOf(() => cluster.on(vmid, 'POST /move_disk', { disk: 'scsi0', storage, ...more }))
        ?.message
    expect(move(102, 'usb')).toBe("you can't move to the same storage with same format")
    expect(move(102, 'pbs')).toBe("storage 'pbs' does not support content-type 'images'")
    expect(move(102, 'nowhere')).toBe("storage 'nowhere' does not exist")
    expect(move(100, 'local-lvm', { delete: true })).toBe(
      "you can't move a disk with snapshots and delete the source",
    )
  })

  it('takes the right to allocate space, and a digest that is not late', () => {
    const cluster = openCluster()
    const lacks = ['Datastore.AllocateSpace']
    const changes = [
      ['PUT /resize', { disk: 'scsi0', size: '+1G' }],
      ['POST /move_disk', { disk: 'scsi0', storage: 'nas' }],
    ] as const
    for (const [short, params] of changes) {
      expect(refusalOf(() => cluster.on(102, short, params, { lacks }))).toMatchObject({
        status: 403,
      })
      const late = () => cluster.on(102, short, { ...params, digest: 'x' })
      expect(refusalOf(late)?.message).toContain('detected modified configuration')
    }
  })

  it('leaves no half copy behind', () => {
    const cluster = openCluster()
    Object.assign(cluster.world.storages.get('local-lvm')!, { totalBytes: 1 })
    expect(
      cluster.run(102, 'POST /move_disk', { disk: 'scsi0', storage: 'local-lvm' }).end,
    ).toContain('no space left')
    expect(cluster.guest(102)).toMatchObject({ lock: undefined })
  })

  it('gives a disk to another guest of the node', () => {
    const cluster = openCluster()
    cluster.on(102, 'PUT /config', { scsi1: 'local-lvm:4' })
    cluster.guest(9000).node = 'pve1'
    const give = (params: Record<string, string | number>) =>
      refusalOf(() => cluster.on(102, 'POST /move_disk', { disk: 'scsi1', ...params }))?.message
    expect(give({})).toBe("either 'storage' or 'target-vmid' needs to be set")
    expect(give({ 'target-vmid': 102 })).toBe('Parameter verification failed.')
    expect(give({ 'target-vmid': 777 })).toBe('no such VM 777')
    expect(give({ 'target-vmid': 104 })).toBe('both guests need to be on the same node (pve1)')
    expect(give({ 'target-vmid': 9000, 'target-disk': 'virtio0' })).toContain('already in use')
    expect(give({ 'target-vmid': 9000, 'target-digest': 'x' })).toContain('detected modified')
    cluster.guest(9000).lock = 'backup'
    expect(give({ 'target-vmid': 9000 })).toBe('VM is locked (backup)')
    cluster.guest(9000).lock = undefined
    const params = { disk: 'scsi1', 'target-vmid': 9000, 'target-disk': 'scsi3' }
    expect(cluster.run(102, 'POST /move_disk', params).end).toBe('OK')
    expect(cluster.guest(102).config['scsi1']).toBeUndefined()
    expect(cluster.guest(9000).config['scsi3']).toBe('local-lvm:vm-9000-disk-0,size=4G')
  })

  it('unlinks disks', () => {
    const cluster = openCluster()
    cluster.run(102, 'POST /status/stop')
    expect(cluster.on(102, 'PUT /unlink', { idlist: 'scsi0' })).toBeNull()
    expect(cluster.guest(102).config['unused0']).toContain('usb:')
    cluster.on(102, 'PUT /unlink', { idlist: ['unused0'], force: true })
    expect(cluster.world.storages.get('usb')!.volumes.size).toBe(0)
  })
})
