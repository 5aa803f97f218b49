// SPDX-License-Identifier: GPL-3.0-or-later
/** The configuration of simulated guests: digests, rights, what waits for a restart, disks and devices. */
import { describe, expect, it } from '@jest/globals'
import { PveError } from '../../src/simulator/contract.ts'
import { openCluster, refusalOf } from './guest-calls.ts'

type Config = Record<string, string | number>

describe('the configuration of a guest', () => {
  it('comes with a digest that changes with it', () => {
    const cluster = openCluster()
    const before = cluster.on(103, 'GET /config') as Config
    expect(before['digest']).toMatch(/^[0-9a-f]{40}$/)
    expect(cluster.on(103, 'PUT /config', { description: 'mail' })).toBeNull()
    const after = cluster.on(103, 'GET /config') as Config
    expect(after['description']).toBe('mail\n')
    expect(after['digest']).not.toBe(before['digest'])
  })

  it('of a snapshot is shown by its name, but not as the current one', () => {
    const cluster = openCluster()
    expect(cluster.on(100, 'GET /config', { snapshot: 'installed' })).toMatchObject({ name: 'web' })
    const both = () => cluster.on(100, 'GET /config', { snapshot: 'installed', current: true })
    expect(refusalOf(both)).toEqual({ status: 400, message: 'Parameter verification failed.' })
  })

  it('is changed only by those who saw the latest one', () => {
    const cluster = openCluster()
    const { digest } = cluster.on(100, 'GET /config') as Config
    cluster.on(100, 'PUT /config', { digest: String(digest), name: 'one' })
    const late = () => cluster.on(100, 'PUT /config', { digest: String(digest), name: 'two' })
    expect(refusalOf(late)).toEqual({
      status: 500,
      message: 'detected modified configuration - file changed by other user? Try again.',
    })
    expect(cluster.guest(100).config['name']).toBe('one')
  })

  it('is not changed while something holds the guest, without quorum, or without a change', () => {
    const cluster = openCluster()
    cluster.guest(100).lock = 'backup'
    expect(refusalOf(() => cluster.on(100, 'PUT /config', { name: 'x' }))?.message).toBe(
      'VM is locked (backup)',
    )
    expect(refusalOf(() => cluster.on(100, 'PUT /config', {}))?.message).toBe(
      'no options specified',
    )
    for (const name of ['pve2', 'pve3']) cluster.world.nodes.get(name)!.state = 'offline'
    cluster.guest(100).lock = undefined
    expect(refusalOf(() => cluster.on(100, 'PUT /config', { name: 'x' }))?.message).toBe(
      'cluster not ready - no quorum?',
    )
  })

  it('takes the privilege of every key', () => {
    const cluster = openCluster()
    const refused = (vmid: number, params: Config, privilege: string) =>
      refusalOf(() =>
        cluster.on(vmid, 'PUT /config', params, { user: 'a@pve', lacks: [privilege] }),
      )?.message
    expect(refused(100, { cores: 2 }, 'VM.Config.CPU')).toBe(
      'Permission check failed (/vms/100, VM.Config.CPU)',
    )
    expect(refused(100, { memory: '512' }, 'VM.Config.Memory')).toContain('VM.Config.Memory')
    expect(refused(100, { tags: 'a' }, 'VM.Config.Options')).toContain('VM.Config.Options')
    expect(refused(100, { ciuser: 'a' }, 'VM.Config.Cloudinit')).toContain('VM.Config.Cloudinit')
    expect(refused(100, { delete: 'net0' }, 'VM.Config.Network')).toContain('VM.Config.Network')
    expect(refused(101, { hostname: 'a' }, 'VM.Config.Network')).toContain('VM.Config.Network')
    expect(refused(100, { scsi1: 'local-lvm:1' }, 'Datastore.AllocateSpace')).toContain(
      '/storage/local-lvm',
    )
    expect(refused(100, { net1: 'virtio,bridge=vmbr0' }, 'SDN.Use')).toContain(
      '/sdn/zones/localnetwork/vmbr0',
    )
    expect(refused(100, { args: '-S' }, '')).toBe("only root can set 'args' config")
    expect(refused(101, { mp5: '/mnt/x,mp=/x' }, '')).toBe(
      'Permission check failed (mount point type bind is only allowed for root@pam)',
    )
  })

  it('refuses to set and take out the same key, and to take out what no configuration has', () => {
    const cluster = openCluster()
    const errors = (params: Config) => {
      try {
        cluster.on(100, 'PUT /config', params)
      } catch (error) {
        return error instanceof PveError ? error.errors : undefined
      }
      return undefined
    }
    expect(errors({ name: 'a', delete: 'name' })).toHaveProperty('delete')
    expect(errors({ delete: 'nonsense' })).toEqual({ delete: "unknown option 'nonsense'" })
  })
})

describe('changes of a guest that runs', () => {
  it('wait for a restart when they need one', () => {
    const cluster = openCluster()
    cluster.on(100, 'PUT /config', { cores: 9, name: 'fresh' })
    expect(cluster.on(100, 'GET /config', { current: true })).not.toMatchObject({ cores: 9 })
    expect(cluster.on(100, 'GET /config')).toMatchObject({ cores: 9, name: 'fresh' })
    expect(cluster.on(100, 'GET /pending')).toContainEqual(
      expect.objectContaining({ key: 'cores', pending: '9' }),
    )
    cluster.run(100, 'POST /status/reboot')
    expect(cluster.on(100, 'GET /config', { current: true })).toMatchObject({ cores: 9 })
  })

  it('can be taken back', () => {
    const cluster = openCluster()
    cluster.on(100, 'PUT /config', { cores: 9, delete: 'cpu' })
    expect(cluster.on(100, 'GET /pending')).toContainEqual(
      expect.objectContaining({ key: 'cpu', delete: 1 }),
    )
    cluster.on(100, 'PUT /config', { revert: 'cores,cpu' })
    expect(cluster.guest(100).pending).toEqual({})
  })

  it('of a container are made at once where containers can', () => {
    const cluster = openCluster()
    cluster.on(101, 'PUT /config', { memory: 2048, features: 'nesting=1,keyctl=1' })
    expect(cluster.guest(101).config['memory']).toBe(2048)
    expect(cluster.guest(101).pending).toEqual({ features: 'nesting=1,keyctl=1' })
  })
})

describe('disks and devices in a configuration', () => {
  it('makes the volume that a new disk asks for', () => {
    const cluster = openCluster()
    cluster.on(103, 'PUT /config', { mp0: 'local-lvm:4,mp=/data' })
    const { mp0 } = cluster.guest(103).config
    expect(mp0).toMatch(/^local-lvm:vm-103-disk-\d,mp=\/data,size=4G$/)
    expect(
      cluster.world.storages.get('local-lvm')!.volumes.has(`${String(mp0).split(',')[0]}@pve1`),
    ).toBe(true)
  })

  it('refuses a volume that is not there, and more than there is space', () => {
    const cluster = openCluster()
    const set = (scsi1: string) =>
      refusalOf(() => cluster.on(100, 'PUT /config', { scsi1 }))?.message
    expect(set('local-lvm:vm-100-disk-77')).toBe("volume 'local-lvm:vm-100-disk-77' does not exist")
    expect(set('nowhere:4')).toBe("storage 'nowhere' does not exist")
    expect(set('usb:999999')).toContain('no space left')
  })

  it('makes a disk of the size of what is imported, when that is there', () => {
    const cluster = openCluster()
    const imported = (name: string) => `local-lvm:0,import-from=nas:9000/${name}`
    const nothing = () => cluster.on(100, 'PUT /config', { scsi1: imported('nope.qcow2') })
    expect(refusalOf(nothing)?.message).toBe("volume 'nas:9000/nope.qcow2' does not exist")
    cluster.on(100, 'PUT /config', { scsi1: imported('base-9000-disk-0.qcow2') })
    expect(cluster.guest(100).config['scsi1']).toBe('local-lvm:vm-100-disk-0,size=3G')
  })

  it('never makes a container privileged', () => {
    const cluster = openCluster()
    const ask = () => cluster.on(103, 'PUT /config', { unprivileged: false })
    expect(refusalOf(ask)?.message).toBe("unable to modify read-only option: 'unprivileged'")
  })

  it('keeps the volume of a disk that is taken out, until that is taken out too', () => {
    const cluster = openCluster()
    cluster.run(102, 'POST /status/stop')
    const volid = String(cluster.guest(102).config['scsi0']).split(',')[0]
    cluster.on(102, 'PUT /config', { delete: 'scsi0' })
    expect(cluster.guest(102).config['unused0']).toBe(volid)
    cluster.on(102, 'PUT /config', { delete: 'unused0' })
    expect(cluster.world.storages.get('usb')!.volumes.size).toBe(0)
  })

  it('takes no disk from a guest that is protected', () => {
    const cluster = openCluster()
    const take = () => cluster.on(104, 'PUT /config', { delete: 'scsi0' })
    expect(refusalOf(take)?.message).toBe("can't remove drive 'scsi0' - protection mode enabled")
    const takeRoot = () => cluster.on(103, 'PUT /config', { delete: 'rootfs' })
    expect(refusalOf(takeRoot)?.message).toBe("unable to delete required option 'rootfs'")
  })

  it('removes no volume that a snapshot still names', () => {
    const cluster = openCluster()
    cluster.run(100, 'POST /status/stop')
    const take = () => cluster.on(100, 'PUT /config', { delete: 'scsi0', force: true })
    expect(refusalOf(take)?.message).toContain('still in use')
  })

  it('gives a network device an address of its own', () => {
    const cluster = openCluster()
    cluster.on(100, 'PUT /config', { net1: 'virtio,bridge=vmbr0' })
    expect(cluster.guest(100).config['net1']).toMatch(
      /^virtio=BC:24:11(?::[0-9A-F]{2}){3},bridge=vmbr0$/,
    )
    cluster.on(101, 'PUT /config', { net1: 'name=eth1,bridge=vmbr0' })
    expect(cluster.guest(101).config['net1']).toMatch(
      /^name=eth1,bridge=vmbr0,hwaddr=BC:24:11[0-9A-F:]{9},type=veth$/,
    )
  })

  it('changes by a task when that was asked for, and hides the password in its log', () => {
    const cluster = openCluster()
    const { type, end, log } = cluster.run(100, 'POST /config', {
      ciuser: 'ops',
      cipassword: 'horse-battery',
    })
    expect([type, end]).toEqual(['qmconfig', 'OK'])
    expect(log[0]).toBe('update VM 100: -ciuser ops -cipassword <hidden>')
    expect(cluster.on(100, 'GET /config')).toMatchObject({ cipassword: '**********' })
  })
})
