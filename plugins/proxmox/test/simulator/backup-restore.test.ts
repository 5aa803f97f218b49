// SPDX-License-Identifier: GPL-3.0-or-later
/** Guests are backed up, also when something stands against it, and come back from their backups. */
import { describe, expect, it } from '@jest/globals'
import type { SimVolume, World } from '../../src/simulator/world.ts'
import { openWire } from '../support/wire.ts'
import { type Cluster, openCluster, refusalOf } from './guest-calls.ts'

type Params = Record<string, string | number | boolean>

const PBS_100 = 'pbs:backup/vm/100/2026-05-31T12:00:00Z'
const PBS_101 = 'pbs:backup/ct/101/2026-05-31T12:00:00Z'

/** Backs up from the node of the first guest, and gives how the task ended. */
function backUp(
  cluster: Cluster,
  params: Params,
): { end: string | undefined; log: string; id: string | undefined } {
  const upid = String(
    cluster.ask('POST /nodes/{node}/vzdump', { node: 'pve1', storage: 'nas', ...params }),
  )
  cluster.pass(120)
  const task = cluster.world.tasks.get(upid)
  return { end: task?.exitStatus ?? upid, log: task?.log.join('\n') ?? '', id: task?.id }
}

function madeLater(world: World, storage: string): SimVolume[] {
  const volumes = [...(world.storages.get(storage)?.volumes.values() ?? [])]
  return volumes.filter(
    (volume) => volume.content === 'backup' && volume.createdAtMs > Date.UTC(2026, 5, 1, 12),
  )
}

/** Restores and gives how the task ended. */
function restore(
  cluster: Cluster,
  type: 'qemu' | 'lxc',
  params: Params,
  lacks: string[] = [],
): string | undefined {
  const upid = String(
    cluster.ask(
      `POST /nodes/{node}/${type}`,
      { node: 'pve1', ...params },
      lacks.length > 0 ? { lacks, user: 'ops@pve' } : {},
    ),
  )
  cluster.pass(60)
  return cluster.world.tasks.get(upid)?.exitStatus
}

describe('a backup', () => {
  it('leaves out bulk data and says so', () => {
    const cluster = openCluster()
    const { end, log, id } = backUp(cluster, {
      node: cluster.guest(101).node,
      vmid: '101',
      compress: 'zstd',
    })
    expect([end, id]).toEqual(['OK', '101'])
    expect(log).toContain(
      "INFO: excluding bind mount point mp0 ('/photos') from backup (not a volume)",
    )
    expect(log).toContain(
      "INFO: excluding volume mount point mp1 ('/cache') from backup (disabled)",
    )
    expect(log).toContain("INFO: including mount point mp2 ('/var/lib/app') in backup")
    const [backup] = madeLater(cluster.world, 'nas')
    expect(backup?.volid).toMatch(/^nas:backup\/vzdump-lxc-101-2026_06_01-12_\d\d_\d\d\.tar\.zst$/)
    expect(backup?.saved?.config['hostname']).toBe(cluster.guest(101).config['hostname'])
  })

  it('leaves out a disk that says backup=0', () => {
    const cluster = openCluster()
    cluster.guest(106).config['scsi1'] = 'local-lvm:vm-106-disk-1,size=8G,backup=0'
    expect(backUp(cluster, { vmid: '106' }).log).toContain(
      "INFO: exclude disk 'scsi1' 'local-lvm:vm-106-disk-1' (backup=no)",
    )
  })

  it('holds the guest while it lasts, and lets it go', () => {
    const cluster = openCluster()
    cluster.ask('POST /nodes/{node}/vzdump', { node: 'pve1', storage: 'nas', vmid: '100' })
    cluster.pass(3)
    expect(cluster.guest(100).lock).toBe('backup')
    cluster.pass(60)
    expect(cluster.guest(100).lock).toBeUndefined()
  })

  it.each([
    ['stop', 'stopped', 'running'],
    ['suspend', 'running', 'paused'],
    ['snapshot', 'running', 'running'],
  ])('in mode %s leaves the guest as it found it', (mode, status, qmpStatus) => {
    const cluster = openCluster()
    cluster.ask('POST /nodes/{node}/vzdump', { node: 'pve1', storage: 'nas', vmid: '100', mode })
    cluster.pass(3)
    expect(cluster.guest(100)).toMatchObject({ status, qmpStatus })
    cluster.pass(60)
    expect(cluster.guest(100)).toMatchObject({ status: 'running', qmpStatus: 'running' })
  })

  it('that is stopped lets the guest go and starts it again', () => {
    const cluster = openCluster()
    const upid = String(
      cluster.ask('POST /nodes/{node}/vzdump', {
        node: 'pve1',
        storage: 'nas',
        vmid: '100',
        mode: 'stop',
      }),
    )
    cluster.pass(3)
    cluster.ask('DELETE /nodes/{node}/tasks/{upid}', { node: 'pve1', upid })
    expect(cluster.guest(100)).toMatchObject({ lock: undefined, status: 'running' })
    expect(madeLater(cluster.world, 'nas')).toEqual([])
  })

  it('of one that is locked fails, and the others are backed up', () => {
    const cluster = openCluster()
    cluster.guest(100).lock = 'snapshot'
    const { end, log, id } = backUp(cluster, { vmid: '100,106,555' })
    expect([end, id]).toEqual(['job errors', ''])
    expect(log).toContain('ERROR: Backup of VM 100 failed - VM is locked (snapshot)')
    expect(log).toContain("ERROR: Backup of VM 555 failed - unable to find VM '555'")
    expect(cluster.guest(100).lock).toBe('snapshot')
    expect(madeLater(cluster.world, 'nas').map(({ vmid }) => vmid)).toEqual([106])
  })

  it('fails when its storage cannot be reached, before or during it', () => {
    const before = openCluster()
    before.world.storages.get('nas')?.unreachableFrom.add('pve1')
    expect(backUp(before, { vmid: '100' }).end).toBe(
      "could not get storage information for 'nas': storage 'nas' is not online",
    )
    const during = openCluster()
    during.ask('POST /nodes/{node}/vzdump', { node: 'pve1', storage: 'nas', vmid: '100' })
    during.pass(4)
    during.world.storages.get('nas')?.unreachableFrom.add('pve1')
    during.pass(60)
    expect([...during.world.tasks.values()].at(-1)?.exitStatus).toBe('job errors')
    expect(during.guest(100).lock).toBeUndefined()
  })

  it('fails on a storage that is full or takes no backups', () => {
    const cluster = openCluster()
    const nas = cluster.world.storages.get('nas')
    if (nas !== undefined) cluster.world.storages.set('nas', { ...nas, totalBytes: 2 ** 30 })
    const full = backUp(cluster, { vmid: '100' })
    expect(full.end).toBe('job errors')
    expect(full.log).toMatch(/no space left/)
    expect(backUp(cluster, { vmid: '100', storage: 'local-lvm' }).end).toMatch(
      /does not support content-type 'backup'/,
    )
  })

  it('ends with warnings when the machine lacks a disk for its firmware', () => {
    const cluster = openCluster()
    cluster.guest(100).config['bios'] = 'ovmf'
    expect(backUp(cluster, { vmid: '100', mode: 'stop' }).end).toBe('WARNINGS: 1')
    expect(backUp(cluster, { vmid: '100' }).end).toBe('OK')
  })

  it('writes notes from a template, protects, and removes what is too old', () => {
    const cluster = openCluster()
    const notes = { 'notes-template': '{{guestname}} on {{node}}, {{vmid}}, {{cluster}}' }
    backUp(cluster, { vmid: '100', ...notes, protected: true })
    expect(madeLater(cluster.world, 'nas')[0]).toMatchObject({
      notes: 'web on pve1, 100, lab',
      isProtected: true,
    })
    backUp(cluster, { vmid: '100', 'prune-backups': 'keep-last=1' })
    const own = [...(cluster.world.storages.get('nas')?.volumes.values() ?? [])].filter(
      ({ content, vmid }) => content === 'backup' && vmid === 100,
    )
    expect(own.map(({ isProtected }) => isProtected)).toEqual([true, false])
  })

  it('of guests on other nodes only is nothing to do', () => {
    expect(backUp(openCluster(), { vmid: '101' }).end).toBe('OK')
    expect(openCluster().ask('POST /nodes/{node}/vzdump', { node: 'pve1', vmid: '101' })).toBe('OK')
  })

  it.each([
    [{ vmid: '100' }, ['VM.Backup'], 403],
    [{ vmid: '100' }, ['Datastore.AllocateSpace'], 403],
    [{ vmid: '100', 'prune-backups': 'keep-last=1' }, ['Datastore.Allocate'], 403],
    [{ vmid: '100', bwlimit: 1000 }, ['Sys.Modify'], 403],
    [{ vmid: '100', script: '/x' }, [], 400],
    [{}, [], 400],
    [{ vmid: '100', all: true }, [], 400],
    [{ vmid: '100', storage: 'none' }, [], 500],
    [{ pool: 'none' }, [], 500],
  ])('with %j is refused without %j', (params, lacks, status) => {
    const ask = () =>
      openCluster().ask(
        'POST /nodes/{node}/vzdump',
        { node: 'pve1', storage: 'nas', ...params },
        { lacks, user: 'ops@pve' },
      )
    expect(refusalOf(ask)?.status).toBe(status)
  })

  it('tells its configuration to who may back the guest up', () => {
    const ask = (lacks: string[]) =>
      openCluster().ask(
        'GET /nodes/{node}/vzdump/extractconfig',
        { node: 'pve1', volume: PBS_101 },
        { lacks },
      )
    expect(ask([])).toContain('hostname: db\n')
    expect(refusalOf(() => ask(['Datastore.Allocate', 'VM.Backup']))?.status).toBe(403)
    const noSpace = ['Datastore.Allocate', 'Datastore.AllocateSpace']
    expect(refusalOf(() => ask(noSpace))?.status).toBe(403)
  })

  it('has an id that names its storage', () => {
    const ask = () =>
      openCluster().ask('GET /nodes/{node}/vzdump/extractconfig', { node: 'pve1', volume: 'none' })
    expect(refusalOf(ask)?.message).toBe("unable to parse volume ID 'none'")
  })

  it('says its defaults to who may see the storage, and nothing of a backup that is not there', () => {
    const ask = (verb: string, params: Params, lacks: string[] = []) =>
      refusalOf(() =>
        openCluster().ask(
          `GET /nodes/{node}/vzdump/${verb}`,
          { node: 'pve1', ...params },
          { lacks },
        ),
      )
    const lacks = ['Datastore.Audit', 'Datastore.AllocateSpace']
    expect(ask('defaults', { storage: 'nas' })).toBeUndefined()
    expect(ask('defaults', { storage: 'nas' }, lacks)?.status).toBe(403)
    const gone = 'pbs:backup/vm/100/2020-01-01T00:00:00Z'
    expect(ask('extractconfig', { volume: gone })?.message).toMatch(/no such backup$/)
  })

  it('answers as the schema says in every version', () => {
    for (const version of ['8.4', '9.1', '9.2'] as const) {
      const wire = openWire(version)
      expect(
        wire.run('POST', '/nodes/pve1/vzdump', {
          vmid: 100,
          storage: 'pbs',
          'notes-template': '{{guestname}}',
        }),
      ).toBe('OK')
      expect(wire.run('POST', '/nodes/pve1/qemu', { vmid: 300, archive: PBS_100, unique: 1 })).toBe(
        'OK',
      )
      wire.watch.expectNoFaults()
    }
  })
})

describe('restoring', () => {
  it('makes a guest with volumes of its own, and the same addresses unless it shall be unique', () => {
    const cluster = openCluster()
    expect(restore(cluster, 'qemu', { vmid: 300, archive: PBS_100 })).toBe('OK')
    expect(
      restore(cluster, 'qemu', {
        vmid: 301,
        archive: PBS_100,
        unique: true,
        storage: 'local-lvm',
        name: 'other',
        start: true,
      }),
    ).toBe('OK')
    const [copy, other, original] = [cluster.guest(300), cluster.guest(301), cluster.guest(100)]
    expect(copy.config['scsi0']).toMatch(/^nas:300\/vm-300-disk-0\.qcow2,/)
    expect(copy.config['net0']).toBe(original.config['net0'])
    expect(other.config['scsi0']).toMatch(/^local-lvm:vm-301-disk-0,/)
    expect(other.config['net0']).not.toBe(original.config['net0'])
    expect(other.config['smbios1']).not.toBe(original.config['smbios1'])
    expect([other.config['name'], other.status, other.lock]).toEqual([
      'other',
      'running',
      undefined,
    ])
  })

  it('writes over a guest only when that was asked for, and it stands still', () => {
    const cluster = openCluster()
    const over = { vmid: 100, archive: PBS_100 }
    const refused = refusalOf(() =>
      cluster.ask('POST /nodes/{node}/qemu', { node: 'pve1', ...over }),
    )
    expect(refused?.message).toBe("unable to restore VM 100 - VM 100 already exists on node 'pve1'")
    expect(restore(cluster, 'qemu', { ...over, force: true })).toBe(
      'unable to restore VM 100 - vm is running',
    )
    expect(cluster.guest(100)).toMatchObject({ status: 'running', lock: undefined })
    cluster.run(100, 'POST /status/stop')
    cluster.guest(100).config['protection'] = 1
    expect(restore(cluster, 'qemu', { ...over, force: true })).toBe(
      'unable to restore VM 100 - protection mode enabled',
    )
    delete cluster.guest(100).config['protection']
    cluster.guest(100).config['name'] = 'changed'
    expect(restore(cluster, 'qemu', { ...over, force: true })).toBe('OK')
    expect(cluster.guest(100)).toMatchObject({
      snapshots: [],
      lock: undefined,
      config: { name: 'web' },
    })
    const disks = [...(cluster.world.storages.get('nas')?.volumes.values() ?? [])].filter(
      ({ vmid, content }) => vmid === 100 && content === 'images',
    )
    expect(disks).toHaveLength(1)
  })

  it('does not write over a locked one, nor over a template', () => {
    const cluster = openCluster()
    cluster.run(100, 'POST /status/stop')
    cluster.guest(100).lock = 'migrate'
    expect(restore(cluster, 'qemu', { vmid: 100, archive: PBS_100, force: true })).toBe(
      'VM is locked (migrate)',
    )
    expect(cluster.guest(100).lock).toBe('migrate')
    expect(restore(cluster, 'qemu', { vmid: 9000, archive: PBS_100, force: true })).toMatch(
      /vm is a template$/,
    )
  })

  it('refuses what is no backup of this kind of guest, or is not there', () => {
    const ask = (type: string, params: Params) =>
      refusalOf(() =>
        openCluster().ask(`POST /nodes/{node}/${type}`, { node: 'pve1', vmid: 300, ...params }),
      )?.message
    expect(ask('qemu', { archive: PBS_101 })).toMatch(/wrong type of backup/)
    expect(ask('lxc', { ostemplate: PBS_100, restore: true })).toMatch(/wrong type of backup/)
    expect(ask('qemu', { archive: 'pbs:backup/vm/100/2020-01-01T00:00:00Z' })).toMatch(
      /does not exist$/,
    )
    expect(ask('lxc', { ostemplate: PBS_101 })).toMatch(/is no container template$/)
    expect(ask('lxc', { ostemplate: 'nas:vztmpl/none.tar.zst' })).toMatch(/does not exist$/)
  })

  it('refuses a backup on a storage that cannot be reached', () => {
    const cluster = openCluster()
    cluster.world.storages.get('nas')?.unreachableFrom.add('pve1')
    const archive = 'nas:backup/vzdump-qemu-100-2026_05_25-12_00_00.vma.zst'
    const ask = () => cluster.ask('POST /nodes/{node}/qemu', { node: 'pve1', vmid: 300, archive })
    expect(refusalOf(ask)?.message).toBe("storage 'nas' is not online")
  })

  it('makes a container again, without what only root may mount', () => {
    const cluster = openCluster()
    expect(
      restore(cluster, 'lxc', { vmid: 300, ostemplate: PBS_101, restore: true, storage: 'nas' }),
    ).toBe('OK')
    expect(cluster.guest(300).config['mp0']).toBe('/mnt/bulk/photos,mp=/photos')
    expect(cluster.guest(300).config['rootfs']).toMatch(/^nas:300\/vm-300-disk-/)
    expect(
      restore(cluster, 'lxc', { vmid: 301, ostemplate: PBS_101, restore: true, storage: 'nas' }, [
        'Sys.Modify',
      ]),
    ).toBe('WARNINGS: 1')
    expect(cluster.guest(301).config).not.toHaveProperty('mp0')
    const over = () =>
      cluster.ask('POST /nodes/{node}/lxc', {
        node: cluster.guest(101).node,
        vmid: 101,
        ostemplate: PBS_101,
        restore: true,
        force: true,
      })
    expect(refusalOf(over)?.message).toBe("can't overwrite running container")
  })

  it('leaves no guest and no volume behind when it fails', () => {
    const cluster = openCluster()
    const before = [...cluster.world.storages.values()].map(({ volumes }) => volumes.size)
    const params = { vmid: 300, ostemplate: PBS_101, restore: true, storage: 'local' }
    expect(restore(cluster, 'lxc', params)).toMatch(/does not support content-type 'rootdir'/)
    expect(cluster.world.guests.has(300)).toBe(false)
    expect([...cluster.world.storages.values()].map(({ volumes }) => volumes.size)).toEqual(before)
  })

  it.each([
    [{ archive: PBS_100 }, ['VM.Allocate']],
    [{ archive: PBS_100 }, ['Datastore.Allocate', 'VM.Backup']],
    [{ archive: PBS_100, storage: 'nas' }, ['Datastore.AllocateSpace']],
    [{ memory: '512' }, ['VM.Config.Memory']],
    [{ scsi0: 'nas:8' }, ['Datastore.AllocateSpace']],
  ])('or creating with %j takes more than all but %j', (params, lacks) => {
    const ask = () =>
      openCluster().ask(
        'POST /nodes/{node}/qemu',
        { node: 'pve1', vmid: 300, ...params },
        { lacks, user: 'ops@pve' },
      )
    expect(refusalOf(ask)?.status).toBe(403)
  })

  it('takes VM.Backup where the guest is there already', () => {
    const cluster = openCluster()
    cluster.run(100, 'POST /status/stop')
    expect(
      restore(cluster, 'qemu', { vmid: 100, archive: PBS_100, force: true }, ['VM.Allocate']),
    ).toBe('OK')
  })
})

describe('creating', () => {
  it('makes a machine with its disks and addresses, in a pool, under HA', () => {
    const wire = openWire('9.2')
    wire.ask('POST', '/pools', { poolid: 'web' })
    const fields = {
      vmid: 300,
      name: 'new',
      memory: 2048,
      cores: 2,
      scsi0: 'nas:16',
      net0: 'virtio,bridge=vmbr0',
      pool: 'web',
      'ha-managed': 1,
      start: 1,
    }
    expect(wire.run('POST', '/nodes/pve1/qemu', fields)).toBe('OK')
    const { world } = wire.simulator
    expect(world.guests.get(300)).toMatchObject({ status: 'running', pool: 'web', lock: undefined })
    expect(world.guests.get(300)?.config['scsi0']).toBe('nas:300/vm-300-disk-0.qcow2,size=16G')
    expect(world.guests.get(300)?.config['net0']).toMatch(/^virtio=BC:24:11:/)
    expect(world.ha.resources.has('vm:300')).toBe(true)
    wire.watch.expectNoFaults()
  })

  it('makes a container from a template', () => {
    const wire = openWire('9.1')
    const fields = {
      vmid: 300,
      ostemplate: 'nas:vztmpl/debian-13-standard_13.1-2_amd64.tar.zst',
      storage: 'local-lvm',
      hostname: 'ct',
      unprivileged: 1,
    }
    expect(wire.run('POST', '/nodes/pve1/lxc', fields)).toBe('OK')
    expect(wire.simulator.world.guests.get(300)?.config).toMatchObject({
      hostname: 'ct',
      ostype: 'debian',
      rootfs: 'local-lvm:vm-300-disk-0,size=4G',
    })
  })

  it('refuses a number that is taken, a pool that is not there, and what only root may set', () => {
    const ask = (params: Params, user = 'root@pam') =>
      refusalOf(() =>
        openCluster().ask(
          'POST /nodes/{node}/qemu',
          { node: 'pve1', vmid: 300, ...params },
          { user },
        ),
      )?.message
    expect(ask({ vmid: 100 })).toBe(
      "unable to create VM 100 - VM 100 already exists on node 'pve1'",
    )
    expect(ask({ pool: 'none' })).toBe("pool 'none' does not exist")
    expect(ask({ args: '-x' }, 'ops@pve')).toBe("only root can set 'args' config")
    const lxc = {
      node: 'pve1',
      vmid: 103,
      ostemplate: 'nas:vztmpl/debian-13-standard_13.1-2_amd64.tar.zst',
    }
    expect(refusalOf(() => openCluster().ask('POST /nodes/{node}/lxc', lxc))?.message).toBe(
      "CT 103 already exists on node 'pve1'",
    )
  })

  it('from a template takes the right to see its storage', () => {
    const ostemplate = 'nas:vztmpl/debian-13-standard_13.1-2_amd64.tar.zst'
    const lxc = { node: 'pve1', vmid: 300, ostemplate, unprivileged: true }
    const lacks = ['Datastore.Allocate', 'Datastore.AllocateSpace', 'Datastore.Audit']
    const ask = () => openCluster().ask('POST /nodes/{node}/lxc', lxc, { lacks, user: 'ops@pve' })
    expect(refusalOf(ask)?.message).toBe(`missing privileges to access ${ostemplate}`)
  })

  it('of a container that is not confined takes Sys.Modify since 9.2', () => {
    const lxc = {
      node: 'pve1',
      vmid: 300,
      ostemplate: 'nas:vztmpl/debian-13-standard_13.1-2_amd64.tar.zst',
      storage: 'nas',
    }
    const ask = (version: '9.1' | '9.2') =>
      refusalOf(() =>
        openCluster({ version }).ask('POST /nodes/{node}/lxc', lxc, {
          lacks: ['Sys.Modify'],
          user: 'ops@pve',
        }),
      )?.status
    expect([ask('9.1'), ask('9.2')]).toEqual([undefined, 403])
  })
})
